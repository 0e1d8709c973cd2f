import { constants } from 'node:os';
import type { Arena } from './arena.ts';
import { GAUGE } from './layout.ts';
import type { Libc } from './libc.ts';

/** Packets of one turn. */
export const TUN_BATCH = 64;
/** No device has a larger MTU. */
export const LARGEST_PACKET = 65_536;
/** Linux's "file descriptor in bad state": the device was taken away. */
const EBADFD = 77;
const { EAGAIN, EINTR } = constants.errno;

/** What reading and writing a TUN device needs. */
export interface TunParts {
  readonly arena: Arena;
  readonly libc: Libc;
  readonly fd: number;
  readonly gauges: Float64Array;
  /** Handed one IP packet, which lies in the arena and may be changed; valid during the call only. */
  readonly packet: (bytes: Buffer) => void;
  /** The device is gone. */
  readonly failed: (errno: number) => void;
}

/** A TUN device as the loop uses it. */
export interface TunIo {
  /** Handles what waits: at most so many packets, and no more than a batch. */
  receive(most: number): void;
  /** Takes one packet, which lies in the arena and stays there until `flush`. */
  write(packet: Buffer): void;
  /** Hands over what was kept back to go with others. */
  flush(): void;
}

/** One packet a system call. */
export class PlainTun implements TunIo {
  readonly #parts: TunParts;
  readonly #into: number;

  constructor(parts: TunParts) {
    this.#parts = parts;
    this.#into = parts.arena.take(LARGEST_PACKET);
  }

  receive(most: number): void {
    const { libc, fd, arena, packet } = this.#parts;
    for (let i = 0; i < most && i < TUN_BATCH; i++) {
      const count = libc.read(fd, arena.base + this.#into, LARGEST_PACKET);
      if (count <= 0) return tunRefused(this.#parts, libc.errno());
      packet(arena.view(this.#into, count));
    }
  }

  write(packet: Buffer): void {
    const { libc, fd, arena } = this.#parts;
    if (libc.write(fd, arena.base + packet.byteOffset, packet.length) < 0) tunDropped(this.#parts, 1, libc.errno());
  }

  flush(): void {}
}

/** A read brought nothing. */
export function tunRefused(parts: TunParts, errno: number): void {
  if (errno !== EAGAIN && errno !== EINTR) parts.failed(errno);
}

/** A write was not taken. */
export function tunDropped(parts: TunParts, packets: number, errno: number): void {
  const { gauges } = parts;
  gauges[GAUGE.tunDrops] = (gauges[GAUGE.tunDrops] ?? 0) + packets;
  if (errno === EBADFD) parts.failed(errno);
}
