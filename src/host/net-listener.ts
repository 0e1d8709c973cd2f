import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { TunnelscopeError } from '../base/errors.ts';
import { failureFrom, formatFailure } from './errno.ts';
import { type PeerCredentials, unixPeerCredentials } from './unix-peer.ts';

/** Where a stream listener listens, or a stream leads to. */
export type StreamAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** How to listen. */
export interface ListenerOptions {
  /** Of a unix socket: mode and owner. By default only the owner may connect. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Connections beyond this many are closed as they come. */
  readonly maxConnections?: number;
  /** Bytes that may wait for a slow reader of one connection. */
  readonly maxQueuedBytes?: number;
  /** TCP alone: PEM texts. A listener with `ca` takes clients with a certificate of it; a connection with `ca` trusts no other. */
  readonly tls?: StreamTls;
}

/** What one end of a TLS stream has. */
export interface StreamTls {
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  /** The name that the other end's certificate must have, when it is not its address. */
  readonly serverName?: string;
}

/** What a connection tells its owner. Nothing comes after `closed`. */
export interface StreamReceiver {
  data(bytes: Buffer): void;
  /** Once, however it ended; `error` in the system's words when it was a fault. */
  closed(error: string | undefined): void;
}

/** A connection of a program that talks to us. */
export interface StreamConnection {
  /** Of this process; never reused. */
  readonly id: number;
  readonly remote: StreamAddress;
  /** Bytes that wait for the reader. */
  readonly queued: number;
  /** Call once, in the turn in which the connection was handed out. */
  listen(receiver: StreamReceiver): void;
  /**
   * Never waits. False, and nothing is written, when more than the limit would wait: the owner decides what that means.
   * `sent` is called when the system has taken the bytes.
   */
  write(bytes: Uint8Array, sent?: () => void): boolean;
  /** Stops reading until `resume`: the peer has to wait. */
  pause(): void;
  resume(): void;
  /** Closes once what was written is sent, at the latest after a second. Nothing is read any more. */
  end(): void;
  /** Who is at the other end of a unix socket; undefined for TCP. */
  credentials(): Promise<PeerCredentials | undefined>;
}

/** A listening socket. */
export interface StreamListener {
  /** With the port that the system chose. */
  readonly local: StreamAddress;
  /** Stops accepting, ends all connections, and removes a unix socket's file. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 64;
const MAX_QUEUED_BYTES = 4 << 20;
const DEFAULT_MODE = 0o600;
const LINGER = 1000;
/** Long enough for a busy owner of a unix socket to answer. */
const PROBE = 1000;

/**
 * Listens, and hands over connections. Rejects with `LISTEN` in stock's words. A unix socket that nobody answers on is
 * replaced; anything else at that path is left alone (stock removes whatever is there).
 */
export async function listenStream(
  where: StreamAddress,
  accept: (connection: StreamConnection) => void,
  options: ListenerOptions = {},
): Promise<StreamListener> {
  if (where.kind === 'unix') await clearPath(where.path);
  const connections = new Set<SocketConnection>();
  const server = makeServer(options.tls, (socket) => {
    const connection = new SocketConnection(socket, remoteOf(socket, where), options, () => connections.delete(connection));
    connections.add(connection);
    accept(connection);
  });
  server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
  await bind(server, where, options);
  server.on('error', () => undefined);
  return {
    local: localOf(server, where),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of connections) connection.end();
      }),
  };
}

/** How long a client may take for the TLS handshake. */
const HANDSHAKE = 10_000;

function makeServer(tls: StreamTls | undefined, accept: (socket: Socket) => void): Server {
  if (tls === undefined) return createServer({ noDelay: true }, accept);
  const { cert, key, ca } = tls;
  const asked = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  return createTlsServer({ noDelay: true, cert, key, ...asked, minVersion: 'TLSv1.2', handshakeTimeout: HANDSHAKE }, accept);
}

/** Connects to somebody who listens (`management-client`). Rejects with `LISTEN`. */
export function connectStream(where: StreamAddress, timeout: number, options: ListenerOptions = {}): Promise<StreamConnection> {
  return new Promise((resolve, reject) => {
    const { tls } = options;
    const socket = dial(where, tls);
    const refuse = (words: string): void => {
      socket.destroy();
      reject(new TunnelscopeError('LISTEN', `connect to ${addressText(where)} failed: ${words}`));
    };
    const timer = setTimeout(() => refuse('Connection timed out'), timeout);
    const failed = (error: Error): void => {
      clearTimeout(timer);
      refuse(failureFrom(error).words);
    };
    socket.once('error', failed);
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      clearTimeout(timer);
      socket.removeListener('error', failed);
      resolve(new SocketConnection(socket, where, options, () => undefined));
    });
  });
}

function dial(where: StreamAddress, tls: StreamTls | undefined): Socket {
  if (where.kind === 'unix') return connect({ path: where.path });
  const { host, port } = where;
  if (tls === undefined) return connect({ host, port, noDelay: true });
  const { serverName, ...material } = tls;
  return connectTls({ host, port, ...material, minVersion: 'TLSv1.2', ...(serverName === undefined ? {} : { servername: serverName }) });
}

/** `[AF_INET]127.0.0.1:7505`, `[AF_INET6]::1:7505`, or the path: as stock prints it (facts: management 1). */
export function addressText(address: StreamAddress): string {
  if (address.kind === 'unix') return address.path;
  return `[AF_INET${address.host.includes(':') ? '6' : ''}]${address.host}:${address.port}`;
}

function bind(server: Server, where: StreamAddress, options: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindError(where, error)));
    server.once('listening', () => {
      server.removeAllListeners('error');
      try {
        if (where.kind === 'unix') setOwner(where.path, options);
        resolve();
      } catch (thrown) {
        server.close();
        reject(bindError(where, thrown));
      }
    });
    const target: ListenOptions = where.kind === 'unix' ? { path: where.path } : { host: where.host, port: where.port, exclusive: true };
    // The socket must not be open to others between its making and the change of its mode.
    const before = process.umask(0o177);
    try {
      server.listen(target);
    } finally {
      process.umask(before);
    }
  });
}

function setOwner(path: string, options: ListenerOptions): void {
  if (options.uid !== undefined || options.gid !== undefined) chownSync(path, options.uid ?? -1, options.gid ?? -1);
  chmodSync(path, options.mode ?? DEFAULT_MODE);
}

function bindError(where: StreamAddress, thrown: unknown): TunnelscopeError {
  const what =
    where.kind === 'unix' ? `Cannot bind unix domain socket ${where.path}` : `Socket bind failed on local address ${addressText(where)}`;
  return new TunnelscopeError('LISTEN', `${what}: ${formatFailure(failureFrom(thrown))}`, { cause: thrown });
}

/** Makes way for a unix socket: removes one that nobody answers on. Rejects with LISTEN when something else is there. */
export async function clearPath(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const refuse = (why: string): TunnelscopeError => new TunnelscopeError('LISTEN', `Cannot bind unix domain socket ${path}: ${why}`);
  if (!found.isSocket()) throw refuse('there is something else than a socket at that path; remove it, or choose another');
  if (await isAnswered(path)) throw refuse('another process listens on it');
  try {
    unlinkSync(path);
  } catch (thrown) {
    throw refuse(formatFailure(failureFrom(thrown)));
  }
}

/** Only a refused connection proves that nobody is there. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    const timer = setTimeout(() => answer(true), PROBE);
    const answer = (answered: boolean): void => {
      clearTimeout(timer);
      probe.destroy();
      resolve(answered);
    };
    probe.once('connect', () => answer(true));
    probe.once('error', (error) => answer(failureFrom(error).code !== 'ECONNREFUSED'));
  });
}

function localOf(server: Server, where: StreamAddress): StreamAddress {
  const address = server.address();
  if (where.kind === 'unix' || address === null || typeof address === 'string') return where;
  return { kind: 'tcp', host: address.address, port: address.port };
}

function remoteOf(socket: Socket, where: StreamAddress): StreamAddress {
  if (where.kind === 'unix') return where;
  return { kind: 'tcp', host: (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, ''), port: socket.remotePort ?? 0 };
}

let lastId = 0;

class SocketConnection implements StreamConnection {
  readonly id = ++lastId;
  readonly remote: StreamAddress;
  readonly #socket: Socket;
  readonly #maxQueued: number;
  #receiver: StreamReceiver | undefined;
  #error: string | undefined;
  #ended = false;
  #closed = false;

  constructor(socket: Socket, remote: StreamAddress, options: ListenerOptions, gone: () => void) {
    this.remote = remote;
    this.#socket = socket;
    this.#maxQueued = options.maxQueuedBytes ?? MAX_QUEUED_BYTES;
    socket.on('error', (error) => {
      this.#error = failureFrom(error).words;
    });
    socket.once('close', () => {
      this.#closed = true;
      gone();
      this.#receiver?.closed(this.#error);
    });
  }

  get queued(): number {
    return this.#socket.writableLength;
  }

  listen(receiver: StreamReceiver): void {
    this.#receiver = receiver;
    this.#socket.on('data', (bytes) => {
      if (!this.#ended) receiver.data(bytes);
    });
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#closed) this.#socket.resume();
  }

  write(bytes: Uint8Array, sent?: () => void): boolean {
    if (this.#ended || this.#closed || this.#socket.writableEnded) return false;
    if (this.queued + bytes.length > this.#maxQueued) return false;
    this.#socket.write(bytes, sent === undefined ? undefined : (error) => (error === null || error === undefined ? sent() : undefined));
    return true;
  }

  end(): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    // Without a reader the other end's close would never be seen.
    this.#socket.resume();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), LINGER);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#socket.once('finish', () => this.#socket.destroy());
  }

  async credentials(): Promise<PeerCredentials | undefined> {
    return this.remote.kind === 'unix' && !this.#closed ? unixPeerCredentials(this.#socket) : undefined;
  }
}
