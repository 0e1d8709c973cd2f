import { closeSync, constants, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { failureFrom, failureOf, formatFailure } from './errno.ts';

/** What a TUN device tells its owner. */
export interface TunReceiver {
  /** One IP packet. The bytes are valid during the call only, and may be changed. */
  packet(bytes: Buffer): void;
  /** The device is gone; nothing more comes. */
  failed(error: TunnelscopeError): void;
}

/** A device that IP packets come from and go to. Opened once, it outlives the planes that read it (`persist-tun`). */
export interface Tun {
  /** `tun0`; undefined for `dev null`. */
  readonly name: string | undefined;
  /** For a thread that reads and writes it by itself, instead of `start` and `write`; undefined where there is none. */
  readonly descriptor?: number | undefined;
  /** A header goes before each packet on that descriptor (`IFF_VNET_HDR`), as virtual machines have it. */
  readonly headers?: boolean;
  /** Of a device that comes later: calls once it is there, with the device itself. */
  readonly onAttached?: (listener: (device: Tun) => void) => void;
  /** Packets that the device did not take. */
  readonly dropped: number;
  /** Begins to read. */
  start(receiver: TunReceiver): void;
  /** Ends reading; settles once no more packet comes. `start` may follow. */
  stop(): Promise<void>;
  /** Never waits and never throws: what the device does not take is dropped and counted. */
  write(packet: Buffer): void;
  /** After `stop`. The device disappears unless it was made persistent by other means. */
  close(): void;
}

/** `dev null`: nothing comes, what is written vanishes. Needs no privileges. */
export class NullTun implements Tun {
  readonly name = undefined;
  readonly dropped = 0;

  start(): void {}

  stop(): Promise<void> {
    return Promise.resolve();
  }

  write(): void {}

  close(): void {}
}

/** A device in memory: what a test hands in is read, what is written is kept. */
export class FakeTun implements Tun {
  readonly name = 'tun9';
  readonly dropped = 0;
  /** Copies of the packets written. */
  readonly written: Buffer[] = [];
  #receiver: TunReceiver | undefined;

  start(receiver: TunReceiver): void {
    this.#receiver = receiver;
  }

  stop(): Promise<void> {
    this.#receiver = undefined;
    return Promise.resolve();
  }

  write(packet: Buffer): void {
    this.written.push(Buffer.from(packet));
  }

  close(): void {}

  /** A packet for the owner; false when nobody reads. */
  inject(packet: Buffer): boolean {
    this.#receiver?.packet(Buffer.from(packet));
    return this.#receiver !== undefined;
  }
}

const DEVICE = '/dev/net/tun';
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
const TUNSETOFFLOAD = 0x400454d0;
const HEADER_BYTES = 10;
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;
const F_SETFL = 4;
const O_ASYNC = 0o20000;
const { EAGAIN, EINTR } = system.errno;
/** Linux's "file descriptor in bad state", which Node has no name for. */
const EBADFD = 77;
/** Packets read before others get their turn. */
const BATCH = 64;
/** No device has a larger MTU. */
const LARGEST_PACKET = 65_536;

/** The C library's functions that Node has no words for. */
interface Libc {
  ioctl(fd: number, request: number, argument: Buffer): number;
  /** With a number for an argument. */
  control(fd: number, request: number, argument: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  read(fd: number, into: Buffer, count: number): number;
  write(fd: number, from: Buffer, count: number): number;
  errno(): number;
}

async function loadLibc(): Promise<Libc> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  return {
    ioctl: library.func('int ioctl(int fd, unsigned long request, void *argument)'),
    control: library.func('int ioctl(int fd, unsigned long request, long argument)'),
    fcntl: library.func('int fcntl(int fd, int command, long argument)'),
    read: library.func('long read(int fd, void *into, unsigned long count)'),
    write: library.func('long write(int fd, void *from, unsigned long count)'),
    errno: () => koffi.errno(),
  };
}

/**
 * Opens a TUN device by name; `tun` takes the first free `tunN`. Throws TUN with stock's words: without root, without
 * the kernel's module, or when another program has the device. On the main thread only: signals reach no worker. With
 * `headers`, packets have one where the kernel has that.
 */
export async function openTun(name: string, headers = false): Promise<Tun> {
  let libc: Libc;
  try {
    libc = await loadLibc();
  } catch (error) {
    throw new TunnelscopeError('TUN', `Cannot open TUN/TAP dev ${DEVICE}: no access to the C library here (${reasonOf(error)})`, {
      cause: error,
    });
  }
  let fd: number;
  try {
    fd = openSync(DEVICE, constants.O_RDWR | constants.O_NONBLOCK);
  } catch (error) {
    throw new TunnelscopeError('TUN', `ERROR: Cannot open TUN/TAP dev ${DEVICE}: ${formatFailure(failureFrom(error))}`, { cause: error });
  }
  const request = Buffer.alloc(IFREQ_BYTES);
  request.write(name === 'tun' ? 'tun%d' : name, 0, NAME_BYTES - 1, 'latin1');
  const attach = (flags: number): boolean => {
    request.writeUInt16LE(IFF_TUN | IFF_NO_PI | flags, NAME_BYTES);
    return libc.ioctl(fd, TUNSETIFF, request) >= 0;
  };
  const withHeaders = headers && attach(IFF_VNET_HDR);
  if (!withHeaders && !attach(0)) {
    const failure = failureOf(libc.errno());
    closeSync(fd);
    throw new TunnelscopeError('TUN', `ERROR: Cannot ioctl TUNSETIFF ${name}: ${formatFailure(failure)}`);
  }
  return new LinuxTun(libc, fd, request.toString('latin1', 0, request.indexOf(0)), withHeaders);
}

/** Devices that are read. */
const reading = new Set<LinuxTun>();
let listening = false;

/** The listener is never taken off again: without one, a SIGIO that is still on its way ends the process. */
function listenForSignals(): void {
  if (listening) return;
  listening = true;
  process.on('SIGIO', () => {
    for (const tun of reading) tun.signalled();
  });
}

/**
 * Node can wait for sockets and pipes, but not for a TUN device: `net.Socket` refuses it, and a read or poll on a
 * thread of the pool costs a packet more than encrypting it and keeps `process.exit` from ending. So the kernel is
 * asked for SIGIO, and only while there is nothing to read: under load no signal is sent at all.
 */
class LinuxTun implements Tun {
  readonly name: string;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly headers: boolean;
  readonly #into = Buffer.allocUnsafeSlow(HEADER_BYTES + LARGEST_PACKET);
  /** With headers: one that says nothing, and a packet behind it. */
  readonly #out: Buffer;
  #receiver: TunReceiver | undefined;
  /** The kernel was asked for a signal. */
  #waits = false;
  /** A drain is due in a later turn. */
  #draining = false;
  #dropped = 0;
  #closed = false;

  constructor(libc: Libc, fd: number, name: string, headers: boolean) {
    this.headers = headers;
    this.#out = Buffer.alloc(headers ? HEADER_BYTES + LARGEST_PACKET : 0);
    this.#libc = libc;
    this.#fd = fd;
    this.name = name;
  }

  get dropped(): number {
    return this.#dropped;
  }

  get descriptor(): number {
    return this.#fd;
  }

  start(receiver: TunReceiver): void {
    this.#receiver = receiver;
    // Another reader may have asked for packets that only it can take apart.
    if (this.headers) this.#libc.control(this.#fd, TUNSETOFFLOAD, 0);
    listenForSignals();
    reading.add(this);
    this.#drainLater();
  }

  stop(): Promise<void> {
    this.#receiver = undefined;
    reading.delete(this);
    this.#wait(false);
    return Promise.resolve();
  }

  write(packet: Buffer): void {
    // Most packets are answered while they are written: looking for the answers in this turn costs less than a signal each.
    if (this.#waits) {
      this.#wait(false);
      this.#drainLater();
    }
    if (!this.#closed && this.#put(packet) >= 0) return;
    this.#dropped++;
    // The device was taken away: reading it brings no signal any more.
    if (!this.#closed && this.#libc.errno() === EBADFD) this.#fail(EBADFD);
  }

  close(): void {
    if (this.#closed) return;
    this.#receiver = undefined;
    reading.delete(this);
    this.#wait(false);
    this.#closed = true;
    closeSync(this.#fd);
  }

  /** A signal came: perhaps of this device. */
  signalled(): void {
    if (this.#waits) this.#drain();
  }

  /** Reads what is there, a batch a turn. */
  #drain(): void {
    this.#wait(false);
    for (let i = 0; i < BATCH; i++) {
      if (!this.#readOne()) {
        // What came before the kernel was asked for signals brings none.
        this.#wait(true);
        if (!this.#readOne()) return;
        this.#wait(false);
      }
    }
    this.#drainLater();
  }

  #drainLater(): void {
    if (this.#draining) return;
    this.#draining = true;
    setImmediate(() => {
      this.#draining = false;
      this.#drain();
    });
  }

  /** False when there is nothing to read, or nobody to read it. */
  #readOne(): boolean {
    const receiver = this.#receiver;
    if (receiver === undefined) return false;
    const start = this.headers ? HEADER_BYTES : 0;
    const count = this.#libc.read(this.#fd, this.#into, this.#into.length);
    if (count > start) {
      receiver.packet(this.#into.subarray(start, count));
      return true;
    }
    const errno = this.#libc.errno();
    if (errno !== EAGAIN && errno !== EINTR) this.#fail(errno);
    return false;
  }

  #put(packet: Buffer): number {
    if (!this.headers) return this.#libc.write(this.#fd, packet, packet.length);
    return this.#libc.write(this.#fd, this.#out, HEADER_BYTES + packet.copy(this.#out, HEADER_BYTES));
  }

  #fail(errno: number): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.failed(new TunnelscopeError('TUN', `read from TUN/TAP ${this.name}: ${formatFailure(failureOf(errno))}`));
  }

  /** Asks the kernel for a signal when the next packet comes, or asks for none. */
  #wait(wanted: boolean): void {
    const wait = wanted && this.#receiver !== undefined;
    if (this.#closed || wait === this.#waits) return;
    this.#waits = wait;
    this.#libc.fcntl(this.#fd, F_SETFL, constants.O_RDWR | constants.O_NONBLOCK | (wait ? O_ASYNC : 0));
  }
}
