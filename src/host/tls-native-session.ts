import { endianness } from 'node:os';
import { TunnelscopeError } from '../base/errors.ts';
import type { TlsEvent, TlsPeer, TlsRole } from '../protocol/tls.ts';
import type { OpensslLibrary } from './openssl.ts';
import { MAX_MESSAGE, MAX_WAITING_CIPHERTEXT, MAX_WAITING_MESSAGES } from './tls.ts';
import type { PeerChain } from './tls-chain.ts';
import type { ChainBook } from './tls-chain-book.ts';
import { opensslWords } from './tls-context.ts';
import { groupName, serverHelloGroup } from './tls-group.ts';
import type { NativeContext } from './tls-native-context.ts';
import { verifyCode } from './tls-verify-codes.ts';

/** Numbers of OpenSSL's headers, which stay for good. */
const SSL_ERROR = { wantRead: 2, zeroReturn: 6 };
const SSL_CTRL = { peerTemporaryKey: 109, negotiatedGroup: 134 };
const EVP_PKEY = { dh: 28, ec: 408 };

const POINTER_BYTES = 8;
const ERROR_BYTES = 256;

/** What the sessions opened under one context share. */
export interface NativeShared {
  readonly openssl: OpensslLibrary;
  readonly context: NativeContext;
  readonly chains: ChainBook;
  /** OpenSSL writes here; what is to last is copied. */
  readonly scratch: Buffer;
}

/** `failed` until its listener was told: until then what was said before may still ask for keys. */
type Phase = 'handshake' | 'established' | 'failed' | 'closed';

/** One TLS session: two memory BIOs with OpenSSL between. Does nothing but when `run`. */
export class NativeSession {
  readonly #role: TlsRole;
  readonly #shared: NativeShared;
  readonly #ssl: number;
  readonly #fromPeer: number;
  readonly #toPeer: number;
  readonly #waiting: Buffer[] = [];
  #events: TlsEvent[] = [];
  #phase: Phase = 'handshake';
  #fed = 0;
  #fault: string | undefined;
  #group: string | undefined;

  constructor(role: TlsRole, shared: NativeShared) {
    const { openssl, context } = shared;
    this.#role = role;
    this.#shared = shared;
    this.#ssl = openssl.SSL_new(context.pointer);
    this.#fromPeer = openssl.BIO_new(openssl.BIO_s_mem());
    this.#toPeer = openssl.BIO_new(openssl.BIO_s_mem());
    if (this.#ssl === 0 || this.#fromPeer === 0 || this.#toPeer === 0) throw new TunnelscopeError('BUG', 'OpenSSL is out of memory');
    openssl.SSL_set_bio(this.#ssl, this.#fromPeer, this.#toPeer);
    if (role === 'server') openssl.SSL_set_accept_state(this.#ssl);
    else openssl.SSL_set_connect_state(this.#ssl);
  }

  feed(bytes: Buffer): void {
    if (!this.#isOpen || bytes.length === 0) return;
    this.#fed += bytes.length;
    if (this.#fed > MAX_WAITING_CIPHERTEXT) this.#fault ??= 'too much unread ciphertext';
    else this.#shared.openssl.BIO_write(this.#fromPeer, bytes, bytes.length);
  }

  write(message: Buffer): void {
    if (!this.#isOpen || message.length === 0) return;
    if (message.length > MAX_MESSAGE) this.#fault ??= 'a control message is longer than a TLS record';
    else if (this.#waiting.length >= MAX_WAITING_MESSAGES) this.#fault ??= 'too many unsent control messages';
    else this.#waiting.push(message);
  }

  close(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#waiting.length = 0;
    this.#shared.openssl.SSL_free(this.#ssl);
  }

  /** Does what there is to do, and says what came of it. After `failed` it is to be closed. */
  run(): readonly TlsEvent[] {
    if (!this.#isOpen) return [];
    this.#events = [];
    this.#fed = 0;
    this.#shared.openssl.ERR_clear_error();
    if (this.#fault !== undefined) this.#fail(this.#fault);
    if (this.#phase === 'handshake') this.#handshake();
    if (this.#phase === 'established') this.#write();
    if (this.#phase === 'established') this.#read();
    return this.#events;
  }

  get #isOpen(): boolean {
    return this.#phase === 'handshake' || this.#phase === 'established';
  }

  #handshake(): void {
    const result = this.#shared.openssl.SSL_do_handshake(this.#ssl);
    const failure = this.#failureOf(result);
    // An alert for the peer goes out also when the handshake failed.
    this.#sayCiphertext();
    if (failure !== undefined) return this.#fail(failure);
    if (result !== 1) return;
    const chain = this.#chain();
    if (chain === undefined) return this.#fail('the certificates of the peer cannot be read');
    this.#phase = 'established';
    this.#events.push({ kind: 'established', peer: this.#describe(chain) });
  }

  #chain(): PeerChain | undefined {
    try {
      return this.#shared.chains.chainOf(this.#sentCertificates(), Date.now());
    } catch {
      return undefined;
    }
  }

  /** OpenSSL makes one record of each message (facts: wire 7). */
  #write(): void {
    for (const message of this.#waiting.splice(0)) {
      const failure = this.#failureOf(this.#shared.openssl.SSL_write(this.#ssl, message, message.length));
      if (failure !== undefined) return this.#fail(failure);
    }
    this.#sayCiphertext();
  }

  #read(): void {
    const { openssl, scratch } = this.#shared;
    let length: number;
    while ((length = openssl.SSL_read(this.#ssl, scratch, scratch.length)) > 0) {
      this.#events.push({ kind: 'plaintext', bytes: Buffer.from(scratch.subarray(0, length)) });
    }
    const failure = this.#failureOf(length);
    this.#sayCiphertext();
    if (failure !== undefined) this.#fail(failure);
  }

  #sayCiphertext(): void {
    const { openssl, scratch } = this.#shared;
    const pieces: Buffer[] = [];
    let length: number;
    while ((length = openssl.BIO_read(this.#toPeer, scratch, scratch.length)) > 0) pieces.push(Buffer.from(scratch.subarray(0, length)));
    const [first] = pieces;
    if (first === undefined) return;
    const bytes = pieces.length === 1 ? first : Buffer.concat(pieces);
    if (this.#phase === 'handshake' && this.#role === 'server') this.#group = serverHelloGroup(bytes) ?? this.#group;
    this.#events.push({ kind: 'ciphertext', bytes });
  }

  #fail(reason: string): void {
    this.#phase = 'failed';
    this.#events.push({ kind: 'failed', reason });
  }

  /** Undefined when all is well, also when more has to come from the peer. */
  #failureOf(result: number): string | undefined {
    if (result > 0) return undefined;
    const { openssl } = this.#shared;
    const error = openssl.SSL_get_error(this.#ssl, result);
    if (error === SSL_ERROR.wantRead) return undefined;
    if (error === SSL_ERROR.zeroReturn) return 'the peer ended TLS';
    const code = openssl.ERR_get_error();
    if (code === 0) return 'TLS was closed';
    const words = Buffer.alloc(ERROR_BYTES);
    openssl.ERR_error_string_n(code, words, words.length);
    // Node finds its own errors in the same queue.
    openssl.ERR_clear_error();
    return opensslWords(words.toString('latin1', 0, words.indexOf(0)));
  }

  #describe({ facts, trusted }: PeerChain): TlsPeer {
    const { openssl } = this.#shared;
    const error = facts.length === 0 ? undefined : verifyCode(openssl, openssl.SSL_get_verify_result(this.#ssl));
    return {
      version: openssl.SSL_get_version(this.#ssl),
      cipher: openssl.SSL_CIPHER_get_name(openssl.SSL_get_current_cipher(this.#ssl)),
      temporaryKey: this.#role === 'server' ? this.#group : this.#temporaryKey(),
      chain: facts,
      chainError: error ?? (trusted ? undefined : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'),
      exportKey: (label, length) => this.#exportKey(label, length),
    };
  }

  #exportKey(label: string, length: number): Buffer {
    if (this.#phase === 'closed') throw new TunnelscopeError('BUG', 'keys are asked of a TLS session that is closed');
    const key = Buffer.alloc(length);
    if (this.#shared.openssl.exportKey(this.#ssl, key, label) === 1) return key;
    throw new TunnelscopeError('BUG', 'TLS does not export keys');
  }

  /** In DER, leaf first. A server's list of what the client sent leaves the leaf out, a client's does not. */
  #sentCertificates(): Buffer[] {
    const { openssl } = this.#shared;
    const leaf = openssl.SSL_get0_peer_certificate(this.#ssl);
    if (leaf === 0) return [];
    const stack = openssl.SSL_get_peer_cert_chain(this.#ssl);
    const count = stack === 0 ? 0 : openssl.OPENSSL_sk_num(stack);
    const others = Array.from({ length: count }, (_, index) => openssl.OPENSSL_sk_value(stack, index));
    return [leaf, ...others.slice(this.#role === 'client' ? 1 : 0)].map((certificate) => this.#encoded(certificate));
  }

  #encoded(certificate: number): Buffer {
    const { openssl, scratch } = this.#shared;
    const bio = openssl.BIO_new(openssl.BIO_s_mem());
    const pieces: Buffer[] = [];
    if (openssl.i2d_X509_bio(bio, certificate) === 1) {
      let length: number;
      while ((length = openssl.BIO_read(bio, scratch, scratch.length)) > 0) pieces.push(Buffer.from(scratch.subarray(0, length)));
    }
    openssl.BIO_free(bio);
    return Buffer.concat(pieces);
  }

  /** Of the server, as its client sees it. */
  #temporaryKey(): string | undefined {
    const { openssl } = this.#shared;
    const found = Buffer.alloc(POINTER_BYTES);
    if (openssl.temporaryKey(this.#ssl, SSL_CTRL.peerTemporaryKey, 0, found) !== 1) return undefined;
    const key = Number(endianness() === 'LE' ? found.readBigUInt64LE() : found.readBigUInt64BE());
    const kind = openssl.EVP_PKEY_get_base_id(key);
    const size = openssl.EVP_PKEY_get_bits(key);
    openssl.EVP_PKEY_free(key);
    const name = openssl.OBJ_nid2sn(kind === EVP_PKEY.ec ? openssl.SSL_ctrl(this.#ssl, SSL_CTRL.negotiatedGroup, 0, 0) : kind);
    return groupName({ type: kind === EVP_PKEY.dh ? 'DH' : 'ECDH', name, size });
  }
}
