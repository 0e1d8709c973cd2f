import { createServer, connect as netConnect, type AddressInfo, type Server, type Socket } from 'node:net';
import { TunnelscopeError } from '../base/errors.ts';
import { type Address, addressFrom } from '../model/address.ts';
import { Deframer, frame } from '../protocol/framing.ts';
import { failureFrom, formatFailure } from './errno.ts';
import { bindError } from './udp.ts';

/** What a connection tells its owner. Nothing more comes after `closed`. */
export interface TcpReceiver {
  packet(bytes: Buffer): void;
  /** Once, however it ended: `connection-reset`, `saturated`, `silent`, the deframer's words, or what `end` was given. */
  closed(reason: string): void;
}

/** One connection that carries packets. */
export interface TcpConnection {
  /** Of this process; never reused. */
  readonly number: number;
  /** As the system spells it. */
  readonly remoteHost: string;
  readonly remotePort: number;
  /** Our own end. */
  readonly local: { readonly host: string; readonly port: number };
  /** Packets that were dropped because the peer did not take them fast enough. */
  readonly dropped: number;
  /** Call once, in the turn in which the connection was handed out. */
  listen(receiver: TcpReceiver): void;
  /** Never waits: when too much is unsent, a droppable packet is dropped and any other ends the connection. */
  send(packet: Buffer, droppable: boolean): void;
  /** Closes once what was sent is written, at the latest after a second. Nothing is read any more. */
  end(reason: string): void;
}

/** A listening socket. */
export interface TcpServer {
  readonly local: Address;
  /** Call once, in the turn in which the server was handed out. */
  listen(accept: (connection: TcpConnection) => void): void;
  /** Ends all connections too. */
  close(): Promise<void>;
}

/** How to listen. */
export interface TcpOptions {
  readonly family: 4 | 6;
  readonly ipv6Only?: boolean;
  /** Undefined for all addresses. */
  readonly host?: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Connections beyond this many are closed as they come. */
  readonly maxConnections: number;
  /** The longest packet accepted; a longer one breaks the stream. */
  readonly maxPacket: number;
  /** Milliseconds in which a peer's first packet must come: it speaks as soon as it is connected. */
  readonly firstPacketWithin?: number;
}

/** Packets that may wait for a slow peer (facts: wire 24). */
const MAX_QUEUED = 64;
const FIRST_PACKET_WITHIN = 60_000;
const LINGER = 1000;

let connections = 0;

/** Listens. Throws LISTEN with stock's words when the address cannot be had. */
export async function listenTcp(options: TcpOptions): Promise<TcpServer> {
  const server = createServer({ noDelay: true });
  server.maxConnections = options.maxConnections;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const host = options.host ?? (options.family === 4 ? '0.0.0.0' : '::');
      server.listen({ port: options.port, host, ipv6Only: options.ipv6Only ?? false }, resolve);
    });
  } catch (error) {
    throw bindError('tcp-server', options, error);
  }
  server.removeAllListeners('error');
  return new NodeTcpServer(server, options);
}

/** How to connect, where it matters. */
export interface TcpConnectOptions {
  readonly localHost?: string | undefined;
  readonly localPort?: number | undefined;
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Talks to whoever is at the other end before packets flow: a proxy. What it throws is thrown on. */
  readonly through?: ((socket: Socket) => Promise<void>) | undefined;
}

/** Connects. Throws LISTEN when the peer cannot be reached within `timeout` milliseconds. */
export async function connectTcp(
  host: string,
  port: number,
  maxPacket: number,
  timeout: number,
  options: TcpConnectOptions = {},
): Promise<TcpConnection> {
  const { localHost, localPort, signal, through } = options;
  const socket = netConnect({
    host,
    port,
    noDelay: true,
    ...(localHost === undefined ? {} : { localAddress: localHost }),
    ...(localPort === undefined ? {} : { localPort }),
  });
  const abort = (): void => void socket.destroy(new TunnelscopeError('LISTEN', 'given up'));
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', resolve);
      socket.setTimeout(timeout, () => reject(new TunnelscopeError('LISTEN', 'Connection timed out')));
    });
  } catch (error) {
    socket.destroy();
    const failure = error instanceof TunnelscopeError ? error.message : formatFailure(failureFrom(error));
    signal?.removeEventListener('abort', abort);
    throw new TunnelscopeError('LISTEN', `TCP: connect to ${host}:${port} failed: ${failure}`, { cause: error });
  }
  try {
    await through?.(socket);
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  socket.removeAllListeners('error').removeAllListeners('timeout').setTimeout(0);
  return new NodeTcpConnection(socket, maxPacket);
}

class NodeTcpServer implements TcpServer {
  readonly local: Address;
  readonly #server: Server;
  readonly #options: TcpOptions;
  readonly #open = new Set<NodeTcpConnection>();

  constructor(server: Server, options: TcpOptions) {
    this.#server = server;
    this.#options = options;
    const bound = server.address() as AddressInfo;
    this.local = addressFrom('tcp-server', bound.address, bound.port);
  }

  listen(accept: (connection: TcpConnection) => void): void {
    // Accepting fails when descriptors run out; the peer sees a closed connection, and the next may do better.
    this.#server.on('error', () => {});
    this.#server.on('connection', (socket: Socket) => {
      // A peer that is gone already has no address any more.
      if (socket.remoteAddress === undefined) {
        socket.destroy();
        return;
      }
      const connection = new NodeTcpConnection(socket, this.#options.maxPacket, this.#options.firstPacketWithin);
      this.#open.add(connection);
      socket.once('close', () => this.#open.delete(connection));
      accept(connection);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const connection of this.#open) connection.end('closed by us');
    await closed;
  }
}

class NodeTcpConnection implements TcpConnection {
  readonly number: number = ++connections;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly local: TcpConnection['local'];
  readonly #socket: Socket;
  readonly #deframer: Deframer;
  readonly #firstPacketWithin: number;
  #receiver: TcpReceiver | undefined;
  #queued = 0;
  #dropped = 0;
  #corked = false;
  #spoken = false;

  constructor(socket: Socket, maxPacket: number, firstPacketWithin = FIRST_PACKET_WITHIN) {
    this.#socket = socket;
    this.#firstPacketWithin = firstPacketWithin;
    this.#deframer = new Deframer(maxPacket);
    this.remoteHost = socket.remoteAddress ?? '';
    this.remotePort = socket.remotePort ?? 0;
    this.local = { host: socket.localAddress ?? '', port: socket.localPort ?? 0 };
  }

  get dropped(): number {
    return this.#dropped;
  }

  listen(receiver: TcpReceiver): void {
    this.#receiver = receiver;
    const socket = this.#socket;
    socket.setTimeout(this.#firstPacketWithin, () => this.#fail('silent'));
    socket.on('data', (chunk: Buffer) => this.#read(chunk));
    socket.on('end', () => this.#fail('connection-reset'));
    socket.on('error', () => this.#fail('connection-reset'));
    socket.on('close', () => this.#fail('connection-reset'));
  }

  send(packet: Buffer, droppable: boolean): void {
    if (!this.#socket.writable) return;
    if (this.#queued >= MAX_QUEUED) {
      this.#dropped++;
      if (!droppable) this.#fail('saturated');
      return;
    }
    // What is sent in one turn goes out in one system call.
    if (!this.#corked) {
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(this.#uncork);
    }
    this.#queued++;
    this.#socket.write(frame(packet), this.#written);
  }

  end(reason: string): void {
    this.#finish(reason);
    this.#socket.end();
    const linger = setTimeout(() => this.#socket.destroy(), LINGER);
    this.#socket.once('close', () => clearTimeout(linger));
  }

  readonly #uncork = (): void => {
    this.#corked = false;
    this.#socket.uncork();
  };

  readonly #written = (): void => {
    this.#queued--;
  };

  #read(chunk: Buffer): void {
    const packets = this.#deframer.push(chunk);
    if (!this.#spoken && packets.length > 0) {
      this.#spoken = true;
      this.#socket.setTimeout(0);
    }
    for (const packet of packets) this.#receiver?.packet(packet);
    if (this.#deframer.broken !== undefined) this.#fail(this.#deframer.broken);
  }

  #fail(reason: string): void {
    this.#finish(reason);
    this.#socket.destroy();
  }

  /** Tells the owner, once; after that what still comes is read and thrown away. */
  #finish(reason: string): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(reason);
  }
}
