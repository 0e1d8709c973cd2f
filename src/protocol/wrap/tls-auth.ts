import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Now } from '../../base/units.ts';
import {
  type ControlHeader,
  type ControlWrap,
  HEADER_LENGTH,
  readHeader,
  replayFailure,
  type Unwrapped,
  type WrapFailure,
  writeHeader,
} from './control-wrap.ts';
import { PACKET_ID_LENGTH, PacketIdCounter, PacketIdWindow, readPacketId, writePacketId } from './packet-id.ts';

/** The keys of tls-auth, made once per configuration. */
export interface TlsAuthKeys {
  readonly send: KeyObject;
  readonly receive: KeyObject;
  /** As node:crypto names it. */
  readonly digest: string;
  readonly digestLength: number;
}

const WHAT = 'Authenticate/Decrypt packet error';

/**
 * `header 9 | HMAC | packet id 8 | body`. The HMAC covers them in another order than they travel in:
 * packet id, header, body (facts: wire 6.3).
 */
export class TlsAuthWrap implements ControlWrap {
  readonly #keys: TlsAuthKeys;
  readonly #sent: PacketIdCounter;
  readonly #seen = new PacketIdWindow();

  constructor(keys: TlsAuthKeys, sentBefore: number) {
    this.#keys = keys;
    this.#sent = new PacketIdCounter(sentBefore);
  }

  get overhead(): number {
    return HEADER_LENGTH + this.#keys.digestLength + PACKET_ID_LENGTH;
  }

  wrap(header: ControlHeader, body: Buffer, now: Now): Buffer {
    const idAt = HEADER_LENGTH + this.#keys.digestLength;
    const packet = Buffer.allocUnsafe(this.overhead + body.length);
    writeHeader(packet, header);
    writePacketId(packet, idAt, this.#sent.next(now));
    body.copy(packet, this.overhead);
    this.#hmac(this.#keys.send, packet).copy(packet, HEADER_LENGTH);
    return packet;
  }

  unwrap(packet: Buffer, _now: Now): Unwrapped | WrapFailure {
    const header = readHeader(packet);
    if ('failure' in header) return header;
    if (packet.length < this.overhead) return { failure: 'short', text: 'cannot locate HMAC in incoming packet' };
    const idAt = HEADER_LENGTH + this.#keys.digestLength;
    if (!timingSafeEqual(this.#hmac(this.#keys.receive, packet), packet.subarray(HEADER_LENGTH, idAt))) {
      return { failure: 'hmac', text: `${WHAT}: packet HMAC authentication failed` };
    }
    const id = readPacketId(packet, idAt);
    if (!this.#seen.accept(id)) return replayFailure(WHAT, id);
    return { ...header, body: packet.subarray(this.overhead) };
  }

  /** Over a packet laid out as it travels, its HMAC field not looked at. */
  #hmac(key: KeyObject, packet: Buffer): Buffer {
    const idAt = HEADER_LENGTH + this.#keys.digestLength;
    return createHmac(this.#keys.digest, key)
      .update(packet.subarray(idAt, this.overhead))
      .update(packet.subarray(0, HEADER_LENGTH))
      .update(packet.subarray(this.overhead))
      .digest();
  }
}
