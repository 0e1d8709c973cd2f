import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Duration, Now } from '../base/units.ts';
import { SESSION_ID_LENGTH } from './control-body.ts';

/** Older and newer buckets whose cookies still count (facts: wire 5.1). */
const ACCEPTED_BUCKETS = [0, -1, -2, 1] as const;

/**
 * The server's session id as a proof that a client receives at its address: made of the address, the client's session
 * id and the time, so that nothing is kept until it comes back (facts: wire 5.1).
 */
export class Cookies {
  readonly #key: KeyObject;
  readonly #bucketSeconds: number;

  /** `key` is random and secret to this process; cookies of other keys are not valid. `handWindow` sets how long one lasts. */
  constructor(key: Buffer, handWindow: Duration) {
    this.#key = createSecretKey(key);
    this.#bucketSeconds = Math.max(1, Math.floor((Math.floor(handWindow / 1000) + 1) / 2));
  }

  /** The session id, 8 bytes, for the client with session id `clientSid` at the link with key `link`. */
  make(link: string, clientSid: Buffer, now: Now): Buffer {
    return this.#of(this.#bucket(now), link, clientSid);
  }

  /** Whether `cookie` was made for this client not longer ago than the hand-window. */
  valid(cookie: Buffer, link: string, clientSid: Buffer, now: Now): boolean {
    if (cookie.length !== SESSION_ID_LENGTH) return false;
    const bucket = this.#bucket(now);
    return ACCEPTED_BUCKETS.some((offset) => timingSafeEqual(this.#of(bucket + offset, link, clientSid), cookie));
  }

  /** Of the clock that never steps, or setting the date would void the cookies under way. */
  #bucket(now: Now): number {
    return Math.floor(now.at / 1000 / this.#bucketSeconds);
  }

  #of(bucket: number, link: string, clientSid: Buffer): Buffer {
    const mac = createHmac('sha256', this.#key).update(clientSid).update(`${bucket}|${link}`).digest();
    return mac.subarray(0, SESSION_ID_LENGTH);
  }
}
