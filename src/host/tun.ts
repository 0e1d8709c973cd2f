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
const IFREQ_BYTES = 40;
const NAME_BYTES = 16;
const { EAGAIN, EINTR } = system.errno;
/** A descriptor of the poll set: number, wanted events, seen events. */
const POLLFD_BYTES = 8;
const POLLIN = 1;
const EFD_NONBLOCK = constants.O_NONBLOCK;
/** Packets read before others get their turn. */
const BATCH = 64;
/** No device has a larger MTU. */
const LARGEST_PACKET = 65_536;

/** The C library's functions that Node has no words for. Pointers are Buffers of more than 64 bytes, which do not move. */
interface Libc {
  ioctl(fd: number, request: number, argument: Buffer): number;
  read(fd: number, into: Buffer, count: number): number;
  write(fd: number, from: Buffer, count: number): number;
  eventfd(initial: number, flags: number): number;
  /** Waits on a thread of Node's pool. */
  pollAsync(set: Buffer, count: number, timeout: number, done: (error: unknown) => void): void;
  errno(): number;
}

async function loadLibc(): Promise<Libc> {
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  const poll = library.func('int poll(void *fds, unsigned long count, int timeout)');
  return {
    ioctl: library.func('int ioctl(int fd, unsigned long request, void *argument)'),
    read: library.func('long read(int fd, void *into, unsigned long count)'),
    write: library.func('long write(int fd, void *from, unsigned long count)'),
    eventfd: library.func('int eventfd(unsigned int initial, int flags)'),
    pollAsync: poll.async,
    errno: () => koffi.errno(),
  };
}

/**
 * Opens a TUN device by name; `tun` takes the first free `tunN`. Throws TUN with stock's words: without root, without
 * the kernel's module, or when another program has the device.
 */
export async function openTun(name: string): Promise<Tun> {
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
  const pattern = name === 'tun' ? 'tun%d' : name;
  const request = Buffer.alloc(Math.max(IFREQ_BYTES, 128));
  request.write(pattern, 0, NAME_BYTES - 1, 'latin1');
  request.writeUInt16LE(IFF_TUN | IFF_NO_PI, NAME_BYTES);
  if (libc.ioctl(fd, TUNSETIFF, request) < 0) {
    const failure = failureOf(libc.errno());
    closeSync(fd);
    throw new TunnelscopeError('TUN', `ERROR: Cannot ioctl TUNSETIFF ${name}: ${formatFailure(failure)}`);
  }
  const given = request.toString('latin1', 0, request.indexOf(0));
  return new LinuxTun(libc, fd, given);
}

/** An outstanding wait keeps `process.exit` from ending, so that every device is woken at the exit. */
const openDevices = new Set<LinuxTun>();

function wakeAll(): void {
  for (const tun of openDevices) tun.wake();
}

class LinuxTun implements Tun {
  readonly name: string;
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #wakeFd: number;
  readonly #pollSet = Buffer.alloc(128);
  readonly #one = Buffer.alloc(128);
  readonly #seen = Buffer.alloc(128);
  readonly #into = Buffer.allocUnsafeSlow(LARGEST_PACKET);
  #receiver: TunReceiver | undefined;
  /** From `start` until the loop saw that nobody reads any more. */
  #looping = false;
  readonly #stopped: (() => void)[] = [];
  #dropped = 0;
  #closed = false;

  constructor(libc: Libc, fd: number, name: string) {
    this.#libc = libc;
    this.#fd = fd;
    this.name = name;
    this.#wakeFd = libc.eventfd(0, EFD_NONBLOCK);
    this.#one.writeUInt8(1, 0);
    for (const [i, descriptor] of [fd, this.#wakeFd].entries()) {
      this.#pollSet.writeInt32LE(descriptor, i * POLLFD_BYTES);
      this.#pollSet.writeInt16LE(POLLIN, i * POLLFD_BYTES + 4);
    }
    if (openDevices.size === 0) process.on('exit', wakeAll);
    openDevices.add(this);
  }

  get dropped(): number {
    return this.#dropped;
  }

  start(receiver: TunReceiver): void {
    this.#receiver = receiver;
    this.#settleStops();
    if (this.#looping) return;
    this.#looping = true;
    this.#wait();
  }

  stop(): Promise<void> {
    this.#receiver = undefined;
    if (!this.#looping) return Promise.resolve();
    return new Promise((resolve) => {
      this.#stopped.push(resolve);
      this.wake();
    });
  }

  write(packet: Buffer): void {
    if (this.#closed || this.#libc.write(this.#fd, packet, packet.length) < 0) this.#dropped++;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    openDevices.delete(this);
    if (openDevices.size === 0) process.off('exit', wakeAll);
    closeSync(this.#fd);
    closeSync(this.#wakeFd);
  }

  /** Ends the wait that is under way. */
  wake(): void {
    this.#libc.write(this.#wakeFd, this.#one, 8);
  }

  /** Waits for packets off the event loop's thread, then drains on it. */
  #wait(): void {
    this.#libc.pollAsync(this.#pollSet, 2, -1, () => {
      if (this.#closed) return;
      this.#libc.read(this.#wakeFd, this.#seen, 8);
      this.#drain();
    });
  }

  /** Reads what is there, a batch a turn: under load the next batch needs no wait. */
  readonly #drain = (): void => {
    const libc = this.#libc;
    for (let i = 0; i < BATCH; i++) {
      const receiver = this.#receiver;
      if (receiver === undefined) return this.#endLoop();
      const count = libc.read(this.#fd, this.#into, LARGEST_PACKET);
      if (count > 0) receiver.packet(this.#into.subarray(0, count));
      else return this.#pause(receiver);
    }
    setImmediate(this.#drain);
  };

  /** Nothing more to read: for now, or for good. */
  #pause(receiver: TunReceiver): void {
    const errno = this.#libc.errno();
    if (errno === EAGAIN || errno === EINTR) return this.#wait();
    this.#endLoop();
    this.#receiver = undefined;
    receiver.failed(new TunnelscopeError('TUN', `read from TUN/TAP ${this.name}: ${formatFailure(failureOf(errno))}`));
  }

  #endLoop(): void {
    this.#looping = false;
    this.#settleStops();
  }

  #settleStops(): void {
    for (const stopped of this.#stopped.splice(0)) stopped();
  }
}
