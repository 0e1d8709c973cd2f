import { createCipheriv, createDecipheriv, createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
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

/** One direction's keys of tls-crypt: encryption and authentication, 32 bytes each. */
export interface TlsCryptDirection {
  readonly encrypt: KeyObject;
  readonly authenticate: KeyObject;
}

/** The keys of tls-crypt, made once per configuration. */
export interface TlsCryptKeys {
  readonly send: TlsCryptDirection;
  readonly receive: TlsCryptDirection;
}

const TAG_LENGTH = 32;
const IV_LENGTH = 16;
const TAG_AT = HEADER_LENGTH + PACKET_ID_LENGTH;
const OVERHEAD = TAG_AT + TAG_LENGTH;
const WHAT = 'tls-crypt unwrap error';

/**
 * `header 9 | packet id 8 | tag 32 | AES-256-CTR(body)`. The tag covers the first 17 bytes and the plain body, and its
 * first half is the counter block (facts: wire 6.4).
 */
export class TlsCryptWrap implements ControlWrap {
  readonly overhead = OVERHEAD;
  readonly #keys: TlsCryptKeys;
  readonly #sent: PacketIdCounter;
  readonly #seen = new PacketIdWindow();

  constructor(keys: TlsCryptKeys, sentBefore: number) {
    this.#keys = keys;
    this.#sent = new PacketIdCounter(sentBefore);
  }

  wrap(header: ControlHeader, body: Buffer, now: Now): Buffer {
    const { encrypt, authenticate } = this.#keys.send;
    const clear = Buffer.allocUnsafe(TAG_AT);
    writeHeader(clear, header);
    writePacketId(clear, HEADER_LENGTH, this.#sent.next(now));
    const tag = tagOf(authenticate, clear, body);
    const cipher = createCipheriv('aes-256-ctr', encrypt, tag.subarray(0, IV_LENGTH));
    return Buffer.concat([clear, tag, cipher.update(body), cipher.final()]);
  }

  unwrap(packet: Buffer, _now: Now): Unwrapped | WrapFailure {
    const header = readHeader(packet);
    if ('failure' in header) return header;
    if (packet.length < OVERHEAD) return { failure: 'short', text: `${WHAT}: packet too short` };
    const { encrypt, authenticate } = this.#keys.receive;
    const clear = packet.subarray(0, TAG_AT);
    const tag = packet.subarray(TAG_AT, OVERHEAD);
    const decipher = createDecipheriv('aes-256-ctr', encrypt, tag.subarray(0, IV_LENGTH));
    const body = decipher.update(packet.subarray(OVERHEAD));
    if (!timingSafeEqual(tagOf(authenticate, clear, body), tag)) return { failure: 'hmac', text: `${WHAT}: packet authentication failed` };
    const id = readPacketId(packet, HEADER_LENGTH);
    if (!this.#seen.accept(id)) return replayFailure(WHAT, id);
    return { ...header, body };
  }
}

function tagOf(key: KeyObject, clear: Buffer, body: Buffer): Buffer {
  return createHmac('sha256', key).update(clear).update(body).digest();
}
