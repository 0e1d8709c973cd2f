import { TunnelscopeError } from '../base/errors.ts';
import { addressFrom } from '../model/address.ts';
import type { TcpConnection, TcpReceiver, TcpServer } from './tcp.ts';
import { bindError, type UdpReceiver, type UdpSocket } from './udp.ts';

/** What becomes of a UDP packet on its way: how many copies arrive. */
export type Fate = (bytes: Buffer, from: string, to: string) => number;

/**
 * The network in memory: sockets of the same ports as the real ones, whose packets move when a test calls `settle`.
 * Hosts are whatever names the test gives; ports 0 are chosen from 40000 up.
 */
export class FakeNetwork {
  /** Decides about each UDP packet; one copy of each arrives unless a test says otherwise. */
  fate: Fate = () => 1;
  readonly #udp = new Map<string, FakeUdpSocket>();
  readonly #tcp = new Map<string, FakeTcpServer>();
  readonly #moves: (() => void)[] = [];
  #nextPort = 40_000;
  #connections = 0;

  /** Binds a UDP socket. Throws LISTEN when the port is taken. */
  udp(host: string, port = 0): UdpSocket {
    const bound = this.#port(port);
    const key = `${host}|${bound}`;
    if (this.#udp.has(key)) throw bindError('udp', { family: 4, host, port }, addressInUse());
    const socket = new FakeUdpSocket(host, bound, {
      send: (bytes, to) => {
        for (let copies = this.fate(bytes, key, to); copies > 0; copies--) {
          this.#moves.push(() => this.#udp.get(to)?.receive(Buffer.from(bytes), host, bound));
        }
      },
      close: () => this.#udp.delete(key),
    });
    this.#udp.set(key, socket);
    return socket;
  }

  /** Listens on TCP. Throws LISTEN when the port is taken. */
  listenTcp(host: string, port = 0): TcpServer {
    const bound = this.#port(port);
    const key = `${host}|${bound}`;
    if (this.#tcp.has(key)) throw bindError('tcp-server', { family: 4, host, port }, addressInUse());
    const server = new FakeTcpServer(host, bound, () => this.#tcp.delete(key));
    this.#tcp.set(key, server);
    return server;
  }

  /** Connects over TCP. Throws LISTEN when nobody listens there. */
  connectTcp(fromHost: string, host: string, port: number): TcpConnection {
    const server = this.#tcp.get(`${host}|${port}`);
    if (server === undefined)
      throw new TunnelscopeError('LISTEN', `TCP: connect to ${host}:${port} failed: Connection refused (errno=111)`);
    const later = (move: () => void): void => void this.#moves.push(move);
    const ours = new FakeTcpConnection(++this.#connections, host, port, later);
    const theirs = new FakeTcpConnection(++this.#connections, fromHost, this.#port(0), later);
    ours.other = theirs;
    theirs.other = ours;
    later(() => server.take(theirs));
    return ours;
  }

  /** Moves packets until none is under way; gives how many there were. */
  settle(): number {
    let count = 0;
    for (let move = this.#moves.shift(); move !== undefined; move = this.#moves.shift()) {
      count++;
      move();
    }
    return count;
  }

  #port(wanted: number): number {
    return wanted === 0 ? this.#nextPort++ : wanted;
  }
}

class FakeUdpSocket implements UdpSocket {
  readonly local: UdpSocket['local'];
  readonly buffers: UdpSocket['buffers'] = { receive: [212_992, 212_992], send: [212_992, 212_992] };
  dropped = 0;
  #receiver: UdpReceiver | undefined;
  #open = true;
  readonly #wire: { send(bytes: Buffer, to: string): void; close(): void };

  constructor(host: string, port: number, wire: { send(bytes: Buffer, to: string): void; close(): void }) {
    this.local = addressFrom('udp', host, port);
    this.#wire = wire;
  }

  listen(receiver: UdpReceiver): void {
    this.#receiver = receiver;
  }

  receive(bytes: Buffer, host: string, port: number): void {
    this.#receiver?.packet(bytes, host, port);
  }

  send(bytes: Buffer, host: string, port: number): void {
    if (this.#open) this.#wire.send(bytes, `${host}|${port}`);
    else this.dropped++;
  }

  close(): Promise<void> {
    if (this.#open) this.#wire.close();
    this.#open = false;
    return Promise.resolve();
  }
}

class FakeTcpServer implements TcpServer {
  readonly local: TcpServer['local'];
  readonly #forget: () => void;
  readonly #open = new Set<FakeTcpConnection>();
  #accept: ((connection: TcpConnection) => void) | undefined;

  constructor(host: string, port: number, forget: () => void) {
    this.local = addressFrom('tcp-server', host, port);
    this.#forget = forget;
  }

  listen(accept: (connection: TcpConnection) => void): void {
    this.#accept = accept;
  }

  take(connection: FakeTcpConnection): void {
    this.#open.add(connection);
    this.#accept?.(connection);
  }

  close(): Promise<void> {
    this.#forget();
    for (const connection of this.#open) connection.end('closed by us');
    return Promise.resolve();
  }
}

class FakeTcpConnection implements TcpConnection {
  readonly local = { host: '', port: 0 };
  readonly number: number;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly dropped = 0;
  other: FakeTcpConnection | undefined;
  #receiver: TcpReceiver | undefined;
  #open = true;
  readonly #later: (move: () => void) => void;

  constructor(number: number, remoteHost: string, remotePort: number, later: (move: () => void) => void) {
    this.number = number;
    this.remoteHost = remoteHost;
    this.remotePort = remotePort;
    this.#later = later;
  }

  listen(receiver: TcpReceiver): void {
    this.#receiver = receiver;
  }

  send(packet: Buffer): void {
    const bytes = Buffer.from(packet);
    if (this.#open) this.#later(() => this.other?.receive(bytes));
  }

  receive(bytes: Buffer): void {
    this.#receiver?.packet(bytes);
  }

  end(reason: string): void {
    if (!this.#open) return;
    this.finish(reason);
    this.#later(() => this.other?.finish('connection-reset'));
  }

  finish(reason: string): void {
    this.#open = false;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(reason);
  }
}

function addressInUse(): Error {
  return Object.assign(new Error('bind EADDRINUSE'), { code: 'EADDRINUSE', errno: -98 });
}
