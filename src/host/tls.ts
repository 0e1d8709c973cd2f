import { Duplex } from 'node:stream';
import { connect, TLSSocket } from 'node:tls';
import { TunnelscopeError, unreachable } from '../base/errors.ts';
import type { TlsCommand, TlsEvent, TlsPeer, TlsRole } from '../protocol/tls.ts';
import { buildChain, sentWith } from './tls-chain.ts';
import { createTlsContext, opensslError, type TlsContext, type TlsMaterial } from './tls-context.ts';
import { groupName, serverHelloGroup } from './tls-group.ts';

/** TLS for a machine: carries out its commands and answers with events, never within the call that asked. */
export interface TlsDevice {
  /** What goes wrong comes as `failed`. Commands for a session that is not open are ignored. */
  command(command: TlsCommand): void;
  /** Key material for sessions that open from now on; those in flight keep theirs. Throws `KEY_MATERIAL` and changes nothing. */
  setContext(material: TlsMaterial): void;
  /** Sessions open now. */
  readonly open: number;
  /** Ends all sessions without a word to the peers. */
  close(): void;
}

/** Hears what TLS sessions have to say. */
export type TlsListener = (tls: number, event: TlsEvent) => void;

/** Messages that may wait to be sent in one session: a peer that stops the handshake must not pile them up. */
export const MAX_WAITING_MESSAGES = 64;
/** Ciphertext that may wait to be read: TLS reads at once, so this is only reached by a fault. */
export const MAX_WAITING_CIPHERTEXT = 1 << 20;
/** The plaintext of one record; anything longer would be split. */
export const MAX_MESSAGE = 16_384;

/** The device over node:tls. */
export class NodeTlsDevice implements TlsDevice {
  readonly #listener: TlsListener;
  readonly #sessions = new Map<number, Session>();
  #context: TlsContext;

  /** Throws `KEY_MATERIAL` in stock's words. */
  constructor(material: TlsMaterial, listener: TlsListener) {
    this.#context = createTlsContext(material);
    this.#listener = listener;
  }

  get open(): number {
    return this.#sessions.size;
  }

  setContext(material: TlsMaterial): void {
    this.#context = createTlsContext(material);
  }

  command(command: TlsCommand): void {
    switch (command.kind) {
      case 'tls-open':
        return this.#open(command.tls, command.role);
      case 'tls-feed':
        return this.#sessions.get(command.tls)?.feed(command.bytes);
      case 'tls-write':
        return this.#sessions.get(command.tls)?.write(command.message);
      case 'tls-close':
        this.#sessions.get(command.tls)?.close();
        this.#sessions.delete(command.tls);
        return undefined;
      default:
        return unreachable(command);
    }
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close();
    this.#sessions.clear();
  }

  #open(tls: number, role: TlsRole): void {
    if (this.#sessions.has(tls)) throw new TunnelscopeError('BUG', `TLS session ${tls} is opened twice`);
    const session = new Session(role, this.#context, (event) => {
      if (event.kind === 'failed') this.#sessions.delete(tls);
      this.#listener(tls, event);
    });
    this.#sessions.set(tls, session);
  }
}

/** The peer's end of node:tls: bytes instead of a socket. */
class Wire extends Duplex {
  readonly #send: (bytes: Buffer) => void;

  constructor(send: (bytes: Buffer) => void) {
    super();
    this.#send = send;
  }

  override _read(): void {
    // Bytes come when the peer's packets come.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#send(bytes);
    done();
  }

  /** Node hands a flight over in pieces of its own buffers; together they fill fewer packets. */
  override _writev(pieces: readonly { readonly chunk: Buffer }[], done: () => void): void {
    this.#send(Buffer.concat(pieces.map((piece) => piece.chunk)));
    done();
  }
}

class Session {
  readonly #role: TlsRole;
  readonly #context: TlsContext;
  readonly #emit: (event: TlsEvent) => void;
  readonly #wire: Wire;
  readonly #socket: TLSSocket;
  readonly #waiting: Buffer[] = [];
  #writing = false;
  #established = false;
  #closed = false;
  #group: string | undefined;

  constructor(role: TlsRole, context: TlsContext, emit: (event: TlsEvent) => void) {
    this.#role = role;
    this.#context = context;
    this.#emit = emit;
    this.#wire = new Wire((bytes) => this.#ciphertext(bytes));
    this.#socket = role === 'server' ? serverSocket(this.#wire, context) : clientSocket(this.#wire, context);
    this.#socket.on(role === 'server' ? 'secure' : 'secureConnect', () => this.#secured());
    this.#socket.on('data', (bytes: Buffer) => this.#say({ kind: 'plaintext', bytes }));
    this.#socket.on('end', () => this.#fail('the peer ended TLS'));
    this.#socket.on('error', (error) => this.#fail(opensslError(error)));
    this.#socket.on('close', () => this.#fail('TLS was closed'));
    // The wire's own errors come after the socket's; without a listener they would end the process.
    this.#wire.on('error', (error) => this.#fail(opensslError(error)));
  }

  feed(bytes: Buffer): void {
    if (this.#closed) return;
    if (this.#wire.readableLength > MAX_WAITING_CIPHERTEXT) return this.#failSoon('too much unread ciphertext');
    this.#wire.push(bytes);
  }

  write(message: Buffer): void {
    if (this.#closed || message.length === 0) return;
    if (message.length > MAX_MESSAGE) return this.#failSoon('a control message is longer than a TLS record');
    if (this.#waiting.length >= MAX_WAITING_MESSAGES) return this.#failSoon('too many unsent control messages');
    this.#waiting.push(message);
    this.#writeNext();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#waiting.length = 0;
    this.#socket.destroy();
    this.#wire.destroy();
  }

  /** One write at a time: Node would merge writes of one turn into one record (facts: wire 7). */
  #writeNext(): void {
    if (this.#writing || !this.#established) return;
    const message = this.#waiting.shift();
    if (message === undefined) return;
    this.#writing = true;
    this.#socket.write(message, () => {
      this.#writing = false;
      if (!this.#closed) this.#writeNext();
    });
  }

  #ciphertext(bytes: Buffer): void {
    if (!this.#established && this.#role === 'server') this.#group = serverHelloGroup(bytes) ?? this.#group;
    this.#say({ kind: 'ciphertext', bytes });
  }

  #secured(): void {
    if (this.#closed) return;
    const peer = describe(this.#socket, this.#context, this.#group);
    this.#established = true;
    this.#say({ kind: 'established', peer });
    this.#writeNext();
  }

  #say(event: TlsEvent): void {
    if (!this.#closed) this.#emit(event);
  }

  #fail(reason: string): void {
    if (this.#closed) return;
    this.close();
    this.#emit({ kind: 'failed', reason });
  }

  /** A command never answers from within its own call. */
  #failSoon(reason: string): void {
    setImmediate(() => this.#fail(reason));
  }
}

function serverSocket(wire: Wire, context: TlsContext): TLSSocket {
  const { secure, requestCertificate } = context;
  return new TLSSocket(wire, { isServer: true, secureContext: secure, requestCert: requestCertificate, rejectUnauthorized: false });
}

/** No server name is sent and none is checked: names are OpenVPN's own options (facts: wire 7). */
function clientSocket(wire: Wire, context: TlsContext): TLSSocket {
  return connect({ socket: wire, secureContext: context.secure, rejectUnauthorized: false, checkServerIdentity: () => undefined });
}

function describe(socket: TLSSocket, context: TlsContext, group: string | undefined): TlsPeer {
  const leaf = socket.getPeerX509Certificate();
  const { facts: chain, trusted } = leaf === undefined ? NO_CHAIN : buildChain(leaf, sentWith(leaf), context.authorities, Date.now());
  const error = leaf === undefined ? undefined : (verifyError(socket) ?? (trusted ? undefined : 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'));
  return {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    temporaryKey: group ?? groupName(socket.getEphemeralKeyInfo() ?? {}),
    chain,
    chainError: error,
    exportKey: (label, length) => exportKey(socket, label, length),
  };
}

const NO_CHAIN = { facts: [], trusted: true } as const;

/** What Node does and its types do not say: the exporter without a context, which differs from one with an empty context. */
interface Exporter {
  exportKeyingMaterial(length: number, label: string, context?: Buffer): Buffer;
}

function exportKey(socket: Exporter, label: string, length: number): Buffer {
  return socket.exportKeyingMaterial(length, label);
}

/** OpenSSL's verdict on the chain as Node keeps it: a code of its own table, else OpenSSL's words. */
function verifyError(socket: TLSSocket): string | undefined {
  const handle: unknown = Reflect.get(socket, 'ssl');
  if (!hasVerifyError(handle)) throw new TunnelscopeError('BUG', 'this version of Node does not tell how a certificate was verified');
  const error = handle.verifyError();
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return code === '' || code === 'UNSPECIFIED' ? error.message : code;
}

function hasVerifyError(handle: unknown): handle is { verifyError(): unknown } {
  return typeof handle === 'object' && handle !== null && 'verifyError' in handle && typeof handle.verifyError === 'function';
}
