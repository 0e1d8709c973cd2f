import type { Address } from '../../model/address.ts';
import { hostOf, tcpLink } from '../../protocol/data/link.ts';
import type { Link } from '../../protocol/data/plane.ts';
import { isDataOpcode, opcodeOf } from '../../protocol/opcodes.ts';
import type { SystemFailure } from '../errno.ts';
import type { TcpConnection, TcpServer } from '../tcp.ts';
import type { UdpSocket } from '../udp.ts';

/** Sockets of either kind, as a data plane uses them. */
export interface Transport {
  readonly local: Address;
  /** Packets that could not be sent in time. */
  dropped(): number;
  listen(receiver: TransportReceiver): void;
  send(bytes: Buffer, link: Link): void;
  /** Ends a TCP connection once what was sent is written; nothing on UDP. */
  closeLink(link: Link, reason: string): void;
  close(): Promise<void>;
}

/** What sockets of either kind tell a data plane. */
export interface TransportReceiver {
  datagram(bytes: Buffer, host: string, port: number): void;
  opened(link: Link): void;
  /** A packet of a connection. */
  packet(bytes: Buffer, link: Link): void;
  closed(link: Link, reason: string): void;
  failed(failure: SystemFailure): void;
}

/** A UDP socket as a transport. */
export function udpTransport(socket: UdpSocket): Transport {
  // Packets go out in runs to the same peer: its host is not cut out of the key each time.
  let link: Link | undefined;
  let host = '';
  return {
    local: socket.local,
    dropped: () => socket.dropped,
    listen: (receiver) =>
      socket.listen({
        packet: (bytes, host, port) => receiver.datagram(bytes, host, port),
        failed: (failure) => receiver.failed(failure),
      }),
    send: (bytes, to) => {
      if (to !== link) {
        link = to;
        host = hostOf(to);
      }
      socket.send(bytes, host, to.address.port);
    },
    closeLink: () => {},
    close: () => socket.close(),
  };
}

/** A listening TCP socket and its connections as a transport. */
export function tcpServerTransport(server: TcpServer): Transport {
  const connections = new Connections();
  return {
    local: server.local,
    dropped: () => connections.dropped(),
    listen: (receiver) => server.listen((connection) => connections.add(connection, 'tcp-server', receiver)),
    send: (bytes, link) => connections.send(bytes, link),
    closeLink: (link, reason) => connections.end(link, reason),
    close: () => server.close(),
  };
}

/** One connection that we opened, as a transport. Its link is told by `opened` when listening begins. */
export function tcpClientTransport(connection: TcpConnection, local: Address): Transport {
  const connections = new Connections();
  return {
    local,
    dropped: () => connections.dropped(),
    listen: (receiver) => connections.add(connection, 'tcp-client', receiver),
    send: (bytes, link) => connections.send(bytes, link),
    closeLink: (link, reason) => connections.end(link, reason),
    close: () => {
      connection.end('closed by us');
      return Promise.resolve();
    },
  };
}

/** Open connections by number. */
class Connections {
  readonly #open = new Map<number, TcpConnection>();
  /** Of connections that are gone. */
  #dropped = 0;

  dropped(): number {
    let sum = this.#dropped;
    for (const connection of this.#open.values()) sum += connection.dropped;
    return sum;
  }

  add(connection: TcpConnection, kind: 'tcp-server' | 'tcp-client', receiver: TransportReceiver): void {
    const link = tcpLink(connection.number, connection.remoteHost, connection.remotePort, kind);
    this.#open.set(connection.number, connection);
    connection.listen({
      packet: (bytes) => receiver.packet(bytes, link),
      closed: (reason) => {
        this.#open.delete(connection.number);
        this.#dropped += connection.dropped;
        receiver.closed(link, reason);
      },
    });
    receiver.opened(link);
  }

  /** A data packet may be dropped for a slow peer; the control channel cannot miss one on TCP (facts: wire 4). */
  send(bytes: Buffer, link: Link): void {
    this.#connectionOf(link)?.send(bytes, isDataOpcode(opcodeOf(bytes[0] ?? 0)));
  }

  end(link: Link, reason: string): void {
    this.#connectionOf(link)?.end(reason);
  }

  #connectionOf(link: Link): TcpConnection | undefined {
    return link.connection === undefined ? undefined : this.#open.get(link.connection);
  }
}
