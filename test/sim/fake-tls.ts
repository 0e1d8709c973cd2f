import { createHmac } from 'node:crypto';
import type { Random } from '../../src/base/random.ts';
import type { TlsCommand, TlsEvent, TlsPeer, TlsRole } from '../../src/protocol/tls.ts';
import type { FakeIdentity } from './certificates.ts';

/**
 * A TLS device without TLS: deterministic, with flights as long as real ones, records that are checked, exporters that
 * agree at both ends and prepared certificates. It keeps no secret from anybody.
 *
 *   record = type 1 | length 2 | tag 8 | body, the tag an HMAC over direction, number, type and body
 */
const RECORD = { clientHello: 1, serverHello: 2, clientFinished: 3, serverFinished: 4, data: 5 } as const;

type RecordType = (typeof RECORD)[keyof typeof RECORD];

/** Record lengths of a handshake of stock with P-256 certificates (facts: wire 5.3). */
const LENGTHS: Readonly<Record<RecordType, number>> = { 1: 277, 2: 1243, 3: 1210, 4: 158, 5: 0 };

const HEADER = 11;
const MAX_RECORD = 16_384;
const RANDOM_LENGTH = 32;

/** Every identity in a simulation: a handshake carries its number, as if a certificate. */
export class FakeAuthority {
  readonly #identities: FakeIdentity[] = [];

  register(identity: FakeIdentity): number {
    return this.#identities.push(identity) - 1;
  }

  find(number: number): FakeIdentity | undefined {
    return this.#identities[number];
  }
}

/** How a device behaves. */
export interface FakeTlsConfig {
  readonly authority: FakeAuthority;
  readonly identity: FakeIdentity;
  readonly random: Random;
  /** 1 as in TLS 1.3, where the client is done when it has answered; 2 as in TLS 1.2. */
  readonly roundTrips?: 1 | 2;
}

/** One end's device. Hand in commands, take the events. */
export class FakeTls {
  readonly #config: FakeTlsConfig;
  #identity: number;
  readonly #sessions = new Map<number, FakeTlsSession>();
  readonly #events: { readonly tls: number; readonly event: TlsEvent }[] = [];

  constructor(config: FakeTlsConfig) {
    this.#config = config;
    this.#identity = config.authority.register(config.identity);
  }

  /** Sessions that were opened and not closed. */
  get open(): number {
    return this.#sessions.size;
  }

  /** Later handshakes show another certificate. */
  become(identity: FakeIdentity): void {
    this.#identity = this.#config.authority.register(identity);
  }

  command(command: TlsCommand): void {
    const { tls } = command;
    if (command.kind === 'tls-open') {
      if (this.#sessions.has(tls)) throw new Error(`TLS session ${tls} was opened twice`);
      const emit = (event: TlsEvent): void => void this.#events.push({ tls, event });
      const session = new FakeTlsSession(command.role, this.#config, this.#identity, emit);
      this.#sessions.set(tls, session);
      session.start();
    } else if (command.kind === 'tls-close') this.#sessions.delete(tls);
    else if (command.kind === 'tls-feed') this.#sessions.get(tls)?.feed(command.bytes);
    else this.#sessions.get(tls)?.write(command.message);
  }

  poll(): { readonly tls: number; readonly event: TlsEvent } | undefined {
    return this.#events.shift();
  }
}

class FakeTlsSession {
  readonly #role: TlsRole;
  readonly #config: FakeTlsConfig;
  readonly #identity: number;
  readonly #emit: (event: TlsEvent) => void;
  #state: 'waiting' | 'established' | 'failed' = 'waiting';
  #buffer: Buffer = Buffer.alloc(0);
  readonly #mine: Buffer;
  #secret: Buffer = Buffer.from('nothing yet');
  #sent = 0;
  #received = 0;
  #peer: FakeIdentity | undefined;

  constructor(role: TlsRole, config: FakeTlsConfig, identity: number, emit: (event: TlsEvent) => void) {
    this.#role = role;
    this.#config = config;
    this.#identity = identity;
    this.#emit = emit;
    this.#mine = config.random.bytes(RANDOM_LENGTH);
  }

  start(): void {
    if (this.#role === 'client') this.#send(RECORD.clientHello, this.#mine);
  }

  write(message: Buffer): void {
    if (this.#state === 'waiting') throw new Error('a message was written before the handshake was done');
    if (this.#state === 'established') this.#send(RECORD.data, message);
  }

  feed(bytes: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    while (this.#state !== 'failed' && this.#buffer.length >= HEADER) {
      const length = this.#buffer.readUInt16BE(1);
      if (length > MAX_RECORD) return this.#fail('record too long');
      if (this.#buffer.length < HEADER + length) return;
      const record = this.#buffer.subarray(0, HEADER + length);
      this.#buffer = this.#buffer.subarray(record.length);
      this.#handle(record[0] ?? 0, record.subarray(3, HEADER), record.subarray(HEADER));
    }
  }

  #handle(type: number, tag: Buffer, body: Buffer): void {
    const received = this.#received++;
    if (type === RECORD.clientHello && this.#role === 'server' && received === 0) {
      if (!this.#tag('client', received, type, body).equals(tag)) return this.#fail('bad client hello');
      this.#agree(body.subarray(0, RANDOM_LENGTH), this.#mine);
      return this.#send(RECORD.serverHello, Buffer.concat([this.#mine, this.#numbered()]));
    }
    if (type === RECORD.serverHello && this.#role === 'client' && received === 0) {
      this.#agree(this.#mine, body.subarray(0, RANDOM_LENGTH));
    }
    const other = this.#role === 'client' ? 'server' : 'client';
    if (!this.#tag(other, received, type, body).equals(tag)) return this.#fail('decryption failed or bad record mac');
    this.#handleAuthentic(type, body);
  }

  #handleAuthentic(type: number, body: Buffer): void {
    const twoTrips = this.#config.roundTrips === 2;
    if (type === RECORD.data && this.#state === 'established') return this.#emit({ kind: 'plaintext', bytes: Buffer.from(body) });
    if (type === RECORD.serverHello && this.#role === 'client') {
      this.#peer = this.#config.authority.find(body.readUInt32BE(RANDOM_LENGTH));
      this.#send(RECORD.clientFinished, this.#numbered());
      if (!twoTrips) this.#establish();
    } else if (type === RECORD.clientFinished && this.#role === 'server') {
      this.#peer = this.#config.authority.find(body.readUInt32BE(0));
      this.#send(RECORD.serverFinished, Buffer.alloc(0));
      this.#establish();
    } else if (type === RECORD.serverFinished && this.#role === 'client') {
      if (twoTrips) this.#establish();
    } else this.#fail('unexpected message');
  }

  #agree(clientRandom: Buffer, serverRandom: Buffer): void {
    this.#secret = createHmac('sha256', 'fake TLS').update(clientRandom).update(serverRandom).digest();
  }

  #establish(): void {
    this.#state = 'established';
    const secret = this.#secret;
    const peer: TlsPeer = {
      version: this.#config.roundTrips === 2 ? 'TLSv1.2' : 'TLSv1.3',
      cipher: this.#config.roundTrips === 2 ? 'ECDHE-ECDSA-AES256-GCM-SHA384' : 'TLS_AES_256_GCM_SHA384',
      temporaryKey: '253 bits X25519',
      chain: this.#peer?.chain ?? [],
      chainError: this.#peer?.chainError,
      exportKey: (label, length) => expand(secret, label, length),
    };
    this.#emit({ kind: 'established', peer });
  }

  #send(type: RecordType, content: Buffer): void {
    const length = Math.max(content.length, LENGTHS[type] - HEADER);
    const body = Buffer.concat([content, Buffer.alloc(length - content.length, 0x2e)]);
    const header = Buffer.of(type, length >> 8, length & 255);
    const tag = this.#tag(this.#role, this.#sent++, type, body);
    this.#emit({ kind: 'ciphertext', bytes: Buffer.concat([header, tag, body]) });
  }

  /** A client hello is made before there is a secret. */
  #tag(sender: TlsRole, number: number, type: number, body: Buffer): Buffer {
    const key = type === RECORD.clientHello ? 'hello' : this.#secret;
    return createHmac('sha256', key).update(`${sender} ${number} ${type} `).update(body).digest().subarray(0, 8);
  }

  #numbered(): Buffer {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(this.#identity);
    return number;
  }

  #fail(reason: string): void {
    this.#state = 'failed';
    this.#emit({ kind: 'failed', reason });
  }
}

function expand(secret: Buffer, label: string, length: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < length; at += 32) parts.push(createHmac('sha256', secret).update(`${label} ${at}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}
