import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { formatIp, parseIp } from '../../../base/ip.ts';
import { TunnelscopeError } from '../../../base/errors.ts';
import { type Address, addressFrom } from '../../../model/address.ts';
import { failureOf } from '../../errno.ts';
import { bindError, RECEIVE_BUFFER, type UdpOptions, type UdpSocket } from '../../udp.ts';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_DGRAM = 2;
const SOCK_SEQPACKET = 5;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const NAME_BYTES = 28;

/** What the main thread calls: pointers are Buffers, which stay where they are for the call. */
interface Calls {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, name: Buffer, length: number): number;
  connect(fd: number, name: Buffer, length: number): number;
  getsockname(fd: number, name: Buffer, length: Buffer): number;
  getsockopt(fd: number, level: number, option: number, value: Buffer, length: Buffer): number;
  setsockopt(fd: number, level: number, option: number, value: Buffer, length: number): number;
  eventfd(initial: number, flags: number): number;
  socketpair(family: number, type: number, protocol: number, into: Buffer): number;
  write(fd: number, from: Buffer, count: number): number;
  if_nametoindex(name: string): number;
}

let loaded: Calls | undefined;

/** Throws when this system has not what a batched plane calls. */
function calls(): Calls {
  if (loaded !== undefined) return loaded;
  const library = koffi.load(null);
  loaded = {
    socket: library.func('int socket(int family, int type, int protocol)'),
    bind: library.func('int bind(int fd, const void *name, unsigned int length)'),
    connect: library.func('int connect(int fd, const void *name, unsigned int length)'),
    getsockname: library.func('int getsockname(int fd, void *name, void *length)'),
    getsockopt: library.func('int getsockopt(int fd, int level, int option, void *value, void *length)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int option, const void *value, unsigned int length)'),
    eventfd: library.func('int eventfd(unsigned int initial, int flags)'),
    socketpair: library.func('int socketpair(int family, int type, int protocol, void *into)'),
    write: library.func('long write(int fd, const void *from, unsigned long count)'),
    if_nametoindex: library.func('unsigned int if_nametoindex(const char *name)'),
  };
  return loaded;
}

/** A bound UDP socket that Node does not know of. */
export interface RawUdp {
  readonly fd: number;
  readonly local: Address;
  /** As of `UdpSocket`. */
  readonly buffers: UdpSocket['buffers'];
}

/** Binds a socket as `openUdp` does. Throws LISTEN with stock's words when the address cannot be had. */
export function openRawUdp(options: UdpOptions): RawUdp {
  const { family, remote } = options;
  const fd = calls().socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM | O_NONBLOCK | O_CLOEXEC, 0);
  const check = (result: number): void => {
    if (result < 0) throw systemError();
  };
  try {
    check(fd);
    if (family === 6) check(setNumber(fd, IPPROTO_IPV6, IPV6_V6ONLY, options.ipv6Only === true ? 1 : 0));
    const name = nameOf(family, options.host ?? (family === 4 ? '0.0.0.0' : '::'), options.port);
    check(calls().bind(fd, name, name.length));
    const buffers = setBuffers(fd, options);
    if (remote !== undefined) {
      const peer = nameOf(family, remote.host, remote.port);
      check(calls().connect(fd, peer, peer.length));
    }
    return { fd, local: localOf(fd), buffers };
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    throw bindError('udp', options, error);
  }
}

/** What wakes a thread that polls. Throws BUG. */
export function openWake(): number {
  const fd = calls().eventfd(0, O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) throw new TunnelscopeError('BUG', `eventfd: ${systemError().message}`);
  return fd;
}

/** Two sockets that are each other's peer and keep packets apart, as a device does. Throws BUG. */
export function openPair(): readonly [number, number] {
  const pair = Buffer.alloc(8);
  if (calls().socketpair(AF_UNIX, SOCK_SEQPACKET | O_NONBLOCK | O_CLOEXEC, 0, pair) < 0) {
    throw new TunnelscopeError('BUG', `socketpair: ${systemError().message}`);
  }
  return [pair.readInt32LE(0), pair.readInt32LE(4)];
}

const ONE = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0]);

/** Wakes the thread that polls this. */
export function wake(fd: number): void {
  calls().write(fd, ONE, ONE.length);
}

const SOL_UDP = 17;
const UDP_GRO = 104;

/** Undoes what a worker asked of a socket: whoever reads it next knows nothing of it. */
export function resetRawUdp(fd: number): void {
  setNumber(fd, SOL_UDP, UDP_GRO, 0);
}

function setBuffers(fd: number, { receiveBuffer = RECEIVE_BUFFER, sendBuffer }: UdpOptions): UdpSocket['buffers'] {
  const [receive, send] = [numberOf(fd, SO_RCVBUF), numberOf(fd, SO_SNDBUF)];
  setNumber(fd, SOL_SOCKET, SO_RCVBUF, receiveBuffer);
  if (sendBuffer !== undefined) setNumber(fd, SOL_SOCKET, SO_SNDBUF, sendBuffer);
  return { receive: [receive, numberOf(fd, SO_RCVBUF)], send: [send, numberOf(fd, SO_SNDBUF)] };
}

function numberOf(fd: number, option: number): number {
  const [value, length] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeInt32LE(value.length);
  if (calls().getsockopt(fd, SOL_SOCKET, option, value, length) < 0) throw systemError();
  return value.readInt32LE(0);
}

function setNumber(fd: number, level: number, option: number, value: number): number {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return calls().setsockopt(fd, level, option, bytes, bytes.length);
}

function systemError(): Error {
  const failure = failureOf(koffi.errno());
  return Object.assign(new Error(failure.words), { code: failure.code, errno: -failure.errno });
}

function nameOf(family: 4 | 6, host: string, port: number): Buffer {
  const [address = '', zone] = host.split('%');
  const ip = parseIp(address);
  if (ip === undefined || ip.family > family) throw new TunnelscopeError('BUG', `not an IPv${family} address: ${host}`);
  const name = Buffer.alloc(family === 4 ? 16 : NAME_BYTES);
  name.writeUInt16LE(family === 4 ? AF_INET : AF_INET6, 0);
  name.writeUInt16BE(port, 2);
  if (family === 4) name.set(ip.bytes, 4);
  else if (ip.family === 6) name.set(ip.bytes, 8);
  else {
    name.fill(0xff, 18, 20);
    name.set(ip.bytes, 20);
  }
  if (zone !== undefined) name.writeUInt32LE(calls().if_nametoindex(zone), 24);
  return name;
}

function localOf(fd: number): Address {
  const name = Buffer.alloc(NAME_BYTES);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(NAME_BYTES);
  if (calls().getsockname(fd, name, length) < 0) throw systemError();
  const four = name.readUInt16LE(0) === AF_INET;
  return addressFrom('udp', formatIp(four ? name.subarray(4, 8) : name.subarray(8, 24)), name.readUInt16BE(2));
}
