import { timingSafeEqual } from 'node:crypto';
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
import type { TlsCryptDirection } from './tls-crypt-ciphers.ts';

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
/** The tag that a packet ought to have, while it is looked at. */
const EXPECTED = Buffer.alloc(TAG_LENGTH);

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
    const packet = Buffer.allocUnsafe(OVERHEAD + body.length);
    writeHeader(packet, header);
    writePacketId(packet, HEADER_LENGTH, this.#sent.next(now));
    this.#keys.send.tag(packet.subarray(0, TAG_AT), body, packet.subarray(TAG_AT, OVERHEAD));
    this.#keys.send.crypt(packet.subarray(TAG_AT, TAG_AT + IV_LENGTH), body, packet.subarray(OVERHEAD));
    return packet;
  }

  unwrap(packet: Buffer, _now: Now): Unwrapped | WrapFailure {
    const header = readHeader(packet);
    if ('failure' in header) return header;
    if (packet.length < OVERHEAD) return { failure: 'short', text: `${WHAT}: packet too short` };
    const tag = packet.subarray(TAG_AT, OVERHEAD);
    const body = Buffer.allocUnsafe(packet.length - OVERHEAD);
    this.#keys.receive.crypt(tag.subarray(0, IV_LENGTH), packet.subarray(OVERHEAD), body);
    this.#keys.receive.tag(packet.subarray(0, TAG_AT), body, EXPECTED);
    if (!timingSafeEqual(EXPECTED, tag)) return { failure: 'hmac', text: `${WHAT}: packet authentication failed` };
    const id = readPacketId(packet, HEADER_LENGTH);
    if (!this.#seen.accept(id)) return replayFailure(WHAT, id);
    return { ...header, body };
  }
}
