import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { TunnelscopeError } from '../base/errors.ts';
import { type Address, addressFrom, formatFamilyAddress } from '../model/address.ts';
import { failureFrom, formatFailure, type SystemFailure } from './errno.ts';

/** What a UDP socket tells its owner. Hosts are spelled as the system does, with mapping prefix and zone. */
export interface UdpReceiver {
  packet(bytes: Buffer, host: string, port: number): void;
  /** Reading failed, as when a connected peer answers with "port unreachable". The socket goes on. */
  failed(failure: SystemFailure): void;
}

/** A bound UDP socket. */
export interface UdpSocket {
  readonly local: Address;
  /** Packets that were not sent because the system took no more. */
  readonly dropped: number;
  /** Kernel buffer sizes in bytes, before and after the options were applied. */
  readonly buffers: { readonly receive: readonly [number, number]; readonly send: readonly [number, number] };
  /** Call once, in the turn in which the socket was handed out: what comes earlier is lost. */
  listen(receiver: UdpReceiver): void;
  /** Never waits and never throws: a packet that cannot be sent now is dropped and counted. */
  send(bytes: Buffer, host: string, port: number): void;
  close(): Promise<void>;
}

/** How to bind. */
export interface UdpOptions {
  readonly family: 4 | 6;
  /** An IPv6 socket that takes no IPv4; without it, it is dual-stack. */
  readonly ipv6Only?: boolean;
  /** Undefined for all addresses. */
  readonly host?: string | undefined;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The only peer: packets of others are not received, and its port-unreachable answers are. */
  readonly remote?: { readonly host: string; readonly port: number } | undefined;
  /** Bytes; undefined leaves the system's default. */
  readonly sendBuffer?: number | undefined;
  /** A socket that is bound already, instead of binding one. */
  readonly descriptor?: number | undefined;
  /** Bytes; undefined asks for `RECEIVE_BUFFER`. The system may grant less. */
  readonly receiveBuffer?: number | undefined;
}

/**
 * Node reads sockets in turns, between which packets pile up: with the usual 208 KiB, one in ten was lost under load and
 * TCP inside the tunnel ran at half the speed.
 */
export const RECEIVE_BUFFER = 1_048_576;

/** Beyond this many packets waiting for the system, new ones are dropped. */
const MAX_QUEUED = 64;

/** Binds a socket. Throws LISTEN with stock's words when the address cannot be had. */
export async function openUdp(options: UdpOptions): Promise<UdpSocket> {
  const socket = createSocket({
    type: options.family === 4 ? 'udp4' : 'udp6',
    ipv6Only: options.ipv6Only ?? false,
    // Node resolves each packet's destination, an IP address too, in a later turn. Ours always are IP addresses.
    lookup: (host, _options, callback) => callback(null, host, options.family),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      if (options.descriptor !== undefined) socket.bind({ fd: options.descriptor }, resolve);
      else socket.bind({ port: options.port, ...(options.host === undefined ? {} : { address: options.host }) }, resolve);
    });
    socket.removeAllListeners('error');
    const { remote } = options;
    if (remote !== undefined) await connect(socket, remote.host, remote.port);
    return new NodeUdpSocket(socket, remote !== undefined, setBuffers(socket, options));
  } catch (error) {
    socket.close();
    throw bindError('udp', options, error);
  }
}

/** The error of a socket that could not be bound, in stock's words. */
export function bindError(
  transport: 'udp' | 'tcp-server',
  wanted: { readonly family: 4 | 6; readonly host?: string | undefined; readonly port: number },
  cause: unknown,
): TunnelscopeError {
  const local = formatFamilyAddress({ transport, family: wanted.family, ip: wanted.host ?? '[undef]', port: wanted.port });
  return new TunnelscopeError('LISTEN', `TCP/UDP: Socket bind failed on local address ${local}: ${formatFailure(failureFrom(cause))}`, {
    cause,
  });
}

function connect(socket: Socket, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.connect(port, host, () => {
      socket.removeAllListeners('error');
      resolve();
    });
  });
}

function setBuffers(socket: Socket, options: UdpOptions): UdpSocket['buffers'] {
  const receive = socket.getRecvBufferSize();
  const send = socket.getSendBufferSize();
  socket.setRecvBufferSize(options.receiveBuffer ?? RECEIVE_BUFFER);
  if (options.sendBuffer !== undefined) socket.setSendBufferSize(options.sendBuffer);
  return { receive: [receive, socket.getRecvBufferSize()], send: [send, socket.getSendBufferSize()] };
}

class NodeUdpSocket implements UdpSocket {
  readonly local: Address;
  readonly buffers: UdpSocket['buffers'];
  readonly #socket: Socket;
  readonly #connected: boolean;
  #dropped = 0;
  #open = true;

  constructor(socket: Socket, connected: boolean, buffers: UdpSocket['buffers']) {
    this.#socket = socket;
    this.#connected = connected;
    this.buffers = buffers;
    const bound = socket.address();
    this.local = addressFrom('udp', bound.address, bound.port);
  }

  get dropped(): number {
    return this.#dropped;
  }

  listen(receiver: UdpReceiver): void {
    this.#socket.on('message', (bytes: Buffer, from: RemoteInfo) => receiver.packet(bytes, from.address, from.port));
    this.#socket.on('error', (error) => receiver.failed(failureFrom(error)));
  }

  send(bytes: Buffer, host: string, port: number): void {
    if (!this.#open || port === 0 || this.#socket.getSendQueueCount() >= MAX_QUEUED) {
      this.#dropped++;
      return;
    }
    if (this.#connected) this.#socket.send(bytes);
    else this.#socket.send(bytes, port, host);
  }

  close(): Promise<void> {
    if (!this.#open) return Promise.resolve();
    this.#open = false;
    return new Promise((resolve) => {
      this.#socket.close(resolve);
    });
  }
}
