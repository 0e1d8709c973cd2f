import { createSecretKey } from 'node:crypto';
import koffi from 'koffi';
import { TunnelscopeError } from '../../../base/errors.ts';
import {
  type Ciphers,
  type DataFormat,
  HEADER_BYTES,
  ID_BYTES,
  LAST_ID,
  NODE_CIPHERS,
  NONCE_BYTES,
  nonceOf,
  type Opening,
  type Sealing,
  TAG_BYTES,
} from '../../../protocol/data/aead.ts';
import type { DataCipher, DirectionKey } from '../../../protocol/data/plane.ts';
import { OP, opKey } from '../../../protocol/opcodes.ts';
import type { Arena } from './arena.ts';
import { KNOWN_ANSWERS, KNOWN_KEYS, type KnownAnswer } from './known-answers.ts';
import type { CryptoSource } from './layout.ts';

/** OpenSSL's functions, with numbers for pointers. All but `free` give 1 when they went well. */
export interface Evp {
  newContext(): number;
  free(context: number): void;
  control(context: number, command: number, value: number, pointer: number): number;
  encryptInit(context: number, cipher: number, engine: number, key: number, nonce: number): number;
  encryptUpdate(context: number, into: number, written: number, from: number, length: number): number;
  encryptFinal(context: number, into: number, written: number): number;
  decryptInit(context: number, cipher: number, engine: number, key: number, nonce: number): number;
  decryptUpdate(context: number, into: number, written: number, from: number, length: number): number;
  decryptFinal(context: number, into: number, written: number): number;
  readonly ciphers: Readonly<Record<DataCipher, number>>;
}

const GET_TAG = 0x10;
const SET_TAG = 0x11;
const LIBRARIES = ['libcrypto.so.3', 'libcrypto.so'];
const LONGEST_KEY = 32;

/** Throws when the library has not all of them. */
function bind(library: ReturnType<typeof koffi.load>): Evp {
  const cipherOf = (name: string): number => {
    const pointer: unknown = library.func(`uintptr_t EVP_${name}()`)();
    if (typeof pointer !== 'number' || pointer === 0) throw new TunnelscopeError('BUG', `no EVP_${name}`);
    return pointer;
  };
  const init = 'uintptr_t context, uintptr_t cipher, uintptr_t engine, uintptr_t key, uintptr_t nonce';
  const update = 'uintptr_t context, uintptr_t into, uintptr_t written, uintptr_t from, int length';
  const final = 'uintptr_t context, uintptr_t into, uintptr_t written';
  return {
    newContext: library.func('uintptr_t EVP_CIPHER_CTX_new()'),
    free: library.func('void EVP_CIPHER_CTX_free(uintptr_t context)'),
    control: library.func('int EVP_CIPHER_CTX_ctrl(uintptr_t context, int command, int value, uintptr_t pointer)'),
    encryptInit: library.func(`int EVP_EncryptInit_ex(${init})`),
    encryptUpdate: library.func(`int EVP_EncryptUpdate(${update})`),
    encryptFinal: library.func(`int EVP_EncryptFinal_ex(${final})`),
    decryptInit: library.func(`int EVP_DecryptInit_ex(${init})`),
    decryptUpdate: library.func(`int EVP_DecryptUpdate(${update})`),
    decryptFinal: library.func(`int EVP_DecryptFinal_ex(${final})`),
    ciphers: {
      'AES-128-GCM': cipherOf('aes_128_gcm'),
      'AES-192-GCM': cipherOf('aes_192_gcm'),
      'AES-256-GCM': cipherOf('aes_256_gcm'),
      'CHACHA20-POLY1305': cipherOf('chacha20_poly1305'),
    },
  };
}

/** Where sealed packets are written. */
export type Room = () => number;

/** What a key of either direction works in: places of the arena that all share, since each call uses them anew. */
interface Places {
  readonly arena: Arena;
  readonly room: Room;
  readonly nonce: number;
  readonly written: number;
  readonly key: number;
}

/**
 * The best ciphers there are: EVP functions of the Node executable itself; else of the system's libcrypto, bound so
 * that it finds its own functions and not Node's (facts: node-engine, pitfall 17); else Node's. Each has to give the
 * known answers, of every cipher, before it is taken.
 */
export function chooseCiphers(
  arena: Arena,
  room: Room,
  native: boolean,
  sources: readonly CryptoChoice[] = CRYPTO_SOURCES,
  answers: readonly KnownAnswer[] = KNOWN_ANSWERS,
): { readonly ciphers: Ciphers; readonly source: CryptoSource } {
  const places = { arena, room, nonce: arena.take(16), written: arena.take(8), key: arena.take(LONGEST_KEY) };
  for (const [source, load] of native ? sources : []) {
    try {
      const ciphers = new EvpCiphers(load(), places);
      if (answers.every((answer) => isRight(ciphers, answer, arena, room))) return { ciphers, source };
    } catch {
      // The next one, then.
    }
  }
  return { ciphers: NODE_CIPHERS, source: 'node:crypto' };
}

/** Bound once: all that seal and open call the same functions, which V8 thanks. */
function once(load: () => ReturnType<typeof koffi.load>): () => Evp {
  let bound: Evp | undefined;
  return () => (bound ??= bind(load()));
}

/** A source by its name, and what binds its functions. Throws where they cannot be had. */
export type CryptoChoice = readonly [CryptoSource, () => Evp];

/** What there is, the best first. */
export const CRYPTO_SOURCES: readonly CryptoChoice[] = [
  ['node executable', once(() => koffi.load(null))],
  ['libcrypto', once(loadLibcrypto)],
];

function loadLibcrypto(): ReturnType<typeof koffi.load> {
  for (const name of LIBRARIES) {
    try {
      return koffi.load(name, { deep: true });
    } catch {
      // Under the other name, or not at all.
    }
  }
  throw new TunnelscopeError('BUG', 'no libcrypto');
}

/** Whether ciphers seal and open what is known, and refuse it with one bit changed. */
function isRight(ciphers: Ciphers, { cipher, packet, payload }: KnownAnswer, arena: Arena, room: Room): boolean {
  const key = { cipherKey: createSecretKey(KNOWN_KEYS.key.subarray(0, KNOWN_KEYS.bytes[cipher])), implicitIv: KNOWN_KEYS.implicitIv };
  const sealing = ciphers.sealing(cipher, key, KNOWN_KEYS.peerId, KNOWN_KEYS.keyId);
  const opening = ciphers.opening(cipher, key);
  const here = (bytes: Buffer): Buffer => {
    const at = room();
    bytes.copy(arena.bytes, at);
    return arena.view(at, bytes.length);
  };
  const sealed = sealing.seal(payload, 'v2');
  const right = sealed?.equals(packet) === true && opening.open(here(packet), 'v2')?.equals(payload) === true;
  const wrong = Buffer.from(packet);
  wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1;
  const refused = opening.open(here(wrong), 'v2') === undefined;
  sealing.close();
  opening.close();
  return right && refused;
}

class EvpCiphers implements Ciphers {
  readonly #evp: Evp;
  readonly #places: Places;

  constructor(evp: Evp, places: Places) {
    this.#evp = evp;
    this.#places = places;
  }

  sealing(cipher: DataCipher, key: DirectionKey, peerId: number, keyId: number): Sealing {
    const nonce = nonceOf(cipher, key);
    return new EvpSealing(this.#evp, this.#places, this.#context(cipher, key, 'encryptInit'), nonce, peerId, keyId);
  }

  opening(cipher: DataCipher, key: DirectionKey): Opening {
    const nonce = nonceOf(cipher, key);
    return new EvpOpening(this.#evp, this.#places, this.#context(cipher, key, 'decryptInit'), nonce);
  }

  /** A context that has the key. What the arena saw of it is wiped. */
  #context(cipher: DataCipher, { cipherKey }: DirectionKey, init: 'encryptInit' | 'decryptInit'): number {
    const { arena, key } = this.#places;
    const context = this.#evp.newContext();
    const raw = cipherKey.export();
    raw.copy(arena.bytes, key);
    const done = context !== 0 && this.#evp[init](context, this.#evp.ciphers[cipher], 0, arena.base + key, 0) === 1;
    raw.fill(0);
    arena.bytes.fill(0, key, key + LONGEST_KEY);
    if (!done) throw new TunnelscopeError('BUG', `${cipher} took no key`);
    return context;
  }
}

class EvpSealing implements Sealing {
  readonly #evp: Evp;
  readonly #places: Places;
  #context: number;
  readonly #nonce: DataView;
  readonly #first1: number;
  /** First byte and peer-id. */
  readonly #first2: number;
  #lastId = 0;

  constructor(evp: Evp, places: Places, context: number, nonce: Buffer, peerId: number, keyId: number) {
    this.#evp = evp;
    this.#places = places;
    this.#context = context;
    this.#nonce = new DataView(nonce.buffer, nonce.byteOffset, NONCE_BYTES);
    this.#first1 = opKey(OP.dataV1, keyId);
    this.#first2 = opKey(OP.dataV2, keyId) * 0x100_0000 + peerId;
  }

  get lastId(): number {
    return this.#lastId;
  }

  seal(payload: Buffer, format: DataFormat): Buffer | undefined {
    if (this.#context === 0 || this.#lastId >= LAST_ID) return undefined;
    const { arena, room, nonce, written } = this.#places;
    const { data, base } = arena;
    const evp = this.#evp;
    const context = this.#context;
    const id = ++this.#lastId;
    const at = room();
    const idAt = at + HEADER_BYTES[format];
    const textAt = idAt + ID_BYTES + TAG_BYTES;
    const { length } = payload;
    let from = payload.byteOffset;
    if (!arena.holds(payload)) {
      // Sealed where it lands.
      payload.copy(arena.bytes, textAt);
      from = textAt;
    }
    if (format === 'v2') data.setUint32(at, this.#first2);
    else data.setUint8(at, this.#first1);
    data.setUint32(idAt, id);
    data.setUint32(nonce, id);
    data.setUint32(nonce + 4, this.#nonce.getUint32(4));
    data.setUint32(nonce + 8, this.#nonce.getUint32(8));
    const aad = format === 'v2' ? at : idAt;
    const done =
      evp.encryptInit(context, 0, 0, 0, base + nonce) === 1 &&
      evp.encryptUpdate(context, 0, base + written, base + aad, idAt + ID_BYTES - aad) === 1 &&
      evp.encryptUpdate(context, base + textAt, base + written, base + from, length) === 1 &&
      evp.encryptFinal(context, base + textAt + length, base + written) === 1 &&
      evp.control(context, GET_TAG, TAG_BYTES, base + idAt + ID_BYTES) === 1;
    if (!done) throw new TunnelscopeError('BUG', 'the cipher failed');
    return arena.view(at, textAt + length - at);
  }

  close(): void {
    this.#evp.free(this.#context);
    this.#context = 0;
    for (let i = 0; i < NONCE_BYTES; i++) this.#nonce.setUint8(i, 0);
  }
}

class EvpOpening implements Opening {
  readonly #evp: Evp;
  readonly #places: Places;
  #context: number;
  readonly #nonce: DataView;

  constructor(evp: Evp, places: Places, context: number, nonce: Buffer) {
    this.#evp = evp;
    this.#places = places;
    this.#context = context;
    this.#nonce = new DataView(nonce.buffer, nonce.byteOffset, NONCE_BYTES);
  }

  /** Opens where the packet lies: what is not authentic is gone afterwards. */
  open(packet: Buffer, format: DataFormat): Buffer | undefined {
    const idAt = HEADER_BYTES[format];
    const textAt = idAt + ID_BYTES + TAG_BYTES;
    const length = packet.length - textAt;
    if (this.#context === 0 || length <= 0) return undefined;
    const { arena, nonce, written } = this.#places;
    const { data, base } = arena;
    if (!arena.holds(packet)) throw new TunnelscopeError('BUG', 'a packet outside the arena');
    const start = packet.byteOffset;
    const evp = this.#evp;
    const context = this.#context;
    data.setUint32(nonce, data.getUint32(start + idAt));
    data.setUint32(nonce + 4, this.#nonce.getUint32(4));
    data.setUint32(nonce + 8, this.#nonce.getUint32(8));
    const aad = start + (format === 'v2' ? 0 : idAt);
    const text = base + start + textAt;
    const authentic =
      evp.decryptInit(context, 0, 0, 0, base + nonce) === 1 &&
      evp.decryptUpdate(context, 0, base + written, base + aad, start + idAt + ID_BYTES - aad) === 1 &&
      evp.decryptUpdate(context, text, base + written, text, length) === 1 &&
      evp.control(context, SET_TAG, TAG_BYTES, base + start + idAt + ID_BYTES) === 1 &&
      evp.decryptFinal(context, text + length, base + written) === 1;
    return authentic ? arena.view(start + textAt, length) : undefined;
  }

  close(): void {
    this.#evp.free(this.#context);
    this.#context = 0;
    for (let i = 0; i < NONCE_BYTES; i++) this.#nonce.setUint8(i, 0);
  }
}
