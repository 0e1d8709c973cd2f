import { createCipheriv, createDecipheriv, type CipherGCM, type DecipherGCM, type KeyObject } from 'node:crypto';
import { keptCopy } from '../../base/bytes.ts';
import { TunnelscopeError } from '../../base/errors.ts';
import { OP, opKey } from '../opcodes.ts';
import { CIPHER_KEY_LENGTH } from './keys.ts';
import type { DataCipher, DirectionKey } from './plane.ts';

/**
 * Sealing and opening of data packets in the AEAD format (facts: wire 15.1):
 *
 *     DATA_V2:  op/key 1 | peer-id 3 | packet id 4 | tag 16 | ciphertext      authenticated: the first 8 bytes
 *     DATA_V1:  op/key 1             | packet id 4 | tag 16 | ciphertext      authenticated: the packet id
 *
 * The nonce is the packet id and the 8 secret bytes of the direction. This is the hottest code of the product: one
 * allocation for the packet, none for nonce and authenticated bytes. Keys are KeyObjects because a raw key costs
 * Node some 30 microseconds a packet.
 */

/** Which header a peer is sent: with its peer-id, or the old form without. */
export type DataFormat = 'v1' | 'v2';

/** Bytes before the packet id: the first byte, on v2 with the peer-id. */
export const HEADER_BYTES = { v1: 1, v2: 4 } as const satisfies Record<DataFormat, number>;

/** Of a packet id. */
export const ID_BYTES = 4;
/** Of every data cipher's tag. */
export const TAG_BYTES = 16;
/** Of every data cipher. */
export const NONCE_BYTES = 12;

/** What sealing adds to a packet. */
export const DATA_OVERHEAD = {
  v1: HEADER_BYTES.v1 + ID_BYTES + TAG_BYTES,
  v2: HEADER_BYTES.v2 + ID_BYTES + TAG_BYTES,
} as const satisfies Record<DataFormat, number>;

/** From here on a key is due for replacement (facts: wire 15.1). */
export const NEAR_END_ID = 0xff00_0000;
/** The last id that a key may use. */
export const LAST_ID = 0xffff_ffff;

interface CipherRow {
  readonly encrypt: (key: KeyObject, nonce: Buffer) => CipherGCM;
  readonly decrypt: (key: KeyObject, nonce: Buffer) => DecipherGCM;
}

const TAG_LENGTH = { authTagLength: TAG_BYTES };

function gcm(name: 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm'): CipherRow {
  return {
    encrypt: (key, nonce) => createCipheriv(name, key, nonce, TAG_LENGTH),
    decrypt: (key, nonce) => createDecipheriv(name, key, nonce, TAG_LENGTH),
  };
}

const CIPHERS: Readonly<Record<DataCipher, CipherRow>> = {
  'AES-128-GCM': gcm('aes-128-gcm'),
  'AES-192-GCM': gcm('aes-192-gcm'),
  'AES-256-GCM': gcm('aes-256-gcm'),
  'CHACHA20-POLY1305': {
    encrypt: (key, nonce) => createCipheriv('chacha20-poly1305', key, nonce, TAG_LENGTH),
    decrypt: (key, nonce) => createDecipheriv('chacha20-poly1305', key, nonce, TAG_LENGTH),
  },
};

/** The nonce of a direction, its packet id still zero. Throws BUG when the key does not fit the cipher. */
export function nonceOf(cipher: DataCipher, key: DirectionKey): Buffer {
  const wanted = CIPHER_KEY_LENGTH[cipher];
  if (key.cipherKey.symmetricKeySize !== wanted) throw new TunnelscopeError('BUG', `${cipher} takes a key of ${wanted} bytes`);
  if (key.implicitIv.length !== NONCE_BYTES - ID_BYTES) throw new TunnelscopeError('BUG', 'the implicit nonce has 8 bytes');
  return keptCopy(Buffer.concat([Buffer.alloc(ID_BYTES), key.implicitIv]));
}

/** One direction of one key, sending. Counts the packet ids, which never wrap: a used-up key seals nothing more. */
export interface Sealing {
  /** The packet id used last; 0 before the first packet. */
  readonly lastId: number;
  /** The packet of `payload`; undefined when the packet ids are used up. */
  seal(payload: Buffer, format: DataFormat): Buffer | undefined;
  /** Forgets the key. Not to be used afterwards. */
  close(): void;
}

/** One direction of one key, receiving. Knows nothing of replays: that is asked after the packet proved authentic. */
export interface Opening {
  /** The payload of a packet whose first byte says `format`; undefined when it is too short to have one, or not authentic. */
  open(packet: Buffer, format: DataFormat): Buffer | undefined;
  /** Forgets the key. Not to be used afterwards. */
  close(): void;
}

/** Who seals and opens: Node's ciphers, or what an adapter brings. Both throw BUG when the key does not fit the cipher. */
export interface Ciphers {
  /** `peerId` and `keyId` go into every header. */
  sealing(cipher: DataCipher, key: DirectionKey, peerId: number, keyId: number): Sealing;
  opening(cipher: DataCipher, key: DirectionKey): Opening;
}

/** Node's own. */
export const NODE_CIPHERS: Ciphers = {
  sealing: (cipher, key, peerId, keyId) => new Sealer(cipher, key, peerId, keyId),
  opening: (cipher, key) => new Opener(cipher, key),
};

/** Seals with Node's ciphers. */
export class Sealer implements Sealing {
  readonly #cipher: CipherRow;
  readonly #key: KeyObject;
  readonly #nonce: Buffer;
  readonly #aad1: Buffer;
  readonly #aad2: Buffer;
  readonly #firstByte1: number;
  #lastId: number;

  /**
   * `peerId` and `keyId` go into every header. `lastId` is the packet id used last: 0 for a fresh key.
   * Throws BUG when the key does not fit the cipher.
   */
  constructor(cipher: DataCipher, key: DirectionKey, peerId: number, keyId: number, lastId = 0) {
    this.#cipher = CIPHERS[cipher];
    this.#key = key.cipherKey;
    this.#nonce = nonceOf(cipher, key);
    this.#aad1 = this.#nonce.subarray(0, ID_BYTES);
    this.#aad2 = Buffer.alloc(HEADER_BYTES.v2 + ID_BYTES);
    this.#aad2.writeUInt8(opKey(OP.dataV2, keyId), 0);
    this.#aad2.writeUIntBE(peerId, 1, 3);
    this.#firstByte1 = opKey(OP.dataV1, keyId);
    this.#lastId = lastId;
  }

  /** The packet id used last; 0 before the first packet. */
  get lastId(): number {
    return this.#lastId;
  }

  /** The packet of `payload`, in a buffer of its own; undefined when the packet ids are used up. */
  seal(payload: Buffer, format: DataFormat): Buffer | undefined {
    if (this.#lastId >= LAST_ID) return undefined;
    const id = ++this.#lastId;
    this.#nonce.writeUInt32BE(id, 0);
    const header = HEADER_BYTES[format];
    const packet = Buffer.allocUnsafe(header + ID_BYTES + TAG_BYTES + payload.length);
    const cipher = this.#cipher.encrypt(this.#key, this.#nonce);
    if (format === 'v2') {
      this.#aad2.writeUInt32BE(id, HEADER_BYTES.v2);
      cipher.setAAD(this.#aad2);
      packet.set(this.#aad2, 0);
    } else {
      cipher.setAAD(this.#aad1);
      packet[0] = this.#firstByte1;
      packet.writeUInt32BE(id, HEADER_BYTES.v1);
    }
    packet.set(cipher.update(payload), header + ID_BYTES + TAG_BYTES);
    cipher.final();
    packet.set(cipher.getAuthTag(), header + ID_BYTES);
    return packet;
  }

  close(): void {}
}

/** Opens with Node's ciphers. */
export class Opener implements Opening {
  readonly #cipher: CipherRow;
  readonly #key: KeyObject;
  readonly #nonce: Buffer;

  /** Throws BUG when the key does not fit the cipher. */
  constructor(cipher: DataCipher, key: DirectionKey) {
    this.#cipher = CIPHERS[cipher];
    this.#key = key.cipherKey;
    this.#nonce = nonceOf(cipher, key);
  }

  /**
   * The payload of a packet whose first byte says `format`, in a buffer of its own; undefined when the packet is
   * shorter than one byte of payload takes, or not authentic.
   */
  open(packet: Buffer, format: DataFormat): Buffer | undefined {
    const idAt = HEADER_BYTES[format];
    const tagAt = idAt + ID_BYTES;
    const payloadAt = tagAt + TAG_BYTES;
    if (packet.length <= payloadAt) return undefined;
    const nonce = this.#nonce;
    for (let i = 0; i < ID_BYTES; i++) nonce[i] = packet[idAt + i] ?? 0;
    const decipher = this.#cipher.decrypt(this.#key, nonce);
    decipher.setAAD(format === 'v2' ? packet.subarray(0, tagAt) : packet.subarray(idAt, tagAt));
    decipher.setAuthTag(packet.subarray(tagAt, payloadAt));
    const payload = decipher.update(packet.subarray(payloadAt));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return payload;
  }

  close(): void {}
}

/** The packet id of a data packet that is long enough to have one. */
export function packetIdOf(packet: Buffer, format: DataFormat): number {
  return packet.readUInt32BE(HEADER_BYTES[format]);
}
