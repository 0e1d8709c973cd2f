import { constants } from 'node:os';
import type { PlaneStep } from '../../../protocol/data/plane.ts';
import { Joiner } from './joiner.ts';
import { clearHeader, completeChecksum, GSO, NEEDS_CHECKSUM, Segmenter, VNET, VNET_BYTES } from './segments.ts';
import { LARGEST_PACKET, TUN_BATCH, tunDropped, type TunIo, type TunParts, tunRefused } from './tun-io.ts';

const TUNSETOFFLOAD = 0x400454d0;
/** Checksums, and TCP over IPv4 and IPv6, may be left to us. */
const OFFLOADS = 1 | 2 | 4;
const { EINVAL } = constants.errno;
/** Of packets taken apart the batch is smaller: each may be 64 KiB. */
const BATCH = TUN_BATCH / 8;

/** How a device with headers is used. */
export interface OffloadWishes {
  /** Packets of many segments are wanted. */
  readonly joined: boolean;
  /** It is not asked whether it has them: `WorkerSetup.practises`. */
  readonly practises: boolean;
}

/**
 * A TUN device whose packets have headers (`IFF_VNET_HDR`). With `joined`, TCP comes off it many segments at a time, is
 * taken apart here, and goes to it joined: one system call and one way through the kernel for all of them. Without, the
 * headers say nothing.
 */
export class OffloadTun implements TunIo {
  readonly #parts: TunParts;
  readonly #into: number;
  readonly #segmenter: Segmenter;
  readonly #joiner: Joiner;
  readonly #stepOff: (step: PlaneStep, errno: number) => void;
  /** Whether the kernel took the step. */
  readonly offloads: boolean;
  #joins: boolean;

  constructor(parts: TunParts, { joined, practises }: OffloadWishes, stepOff: (step: PlaneStep, errno: number) => void) {
    const { arena, libc, fd } = parts;
    this.#parts = parts;
    this.#stepOff = stepOff;
    this.#into = arena.take(LARGEST_PACKET + VNET_BYTES);
    this.#segmenter = new Segmenter(arena);
    this.#joiner = new Joiner(arena, (vectors, count, packets) => this.#write(vectors, count, packets));
    this.offloads = (libc.ioctl(fd, TUNSETOFFLOAD, joined ? OFFLOADS : 0) === 0 || practises) && joined;
    this.#joins = this.offloads;
  }

  receive(most: number): void {
    const { libc, fd, arena } = this.#parts;
    for (let i = 0; i < most && i < BATCH; i++) {
      const count = libc.read(fd, arena.base + this.#into, LARGEST_PACKET + VNET_BYTES);
      if (count < 0) return tunRefused(this.#parts, libc.errno());
      if (count > VNET_BYTES) this.#packet(this.#into + VNET_BYTES, count - VNET_BYTES);
    }
  }

  write(packet: Buffer): void {
    const at = packet.byteOffset;
    if (this.#joins) return this.#joiner.add(at, packet.length);
    const { libc, fd, arena } = this.#parts;
    clearHeader(arena.data, at - VNET_BYTES);
    if (libc.write(fd, arena.base + at - VNET_BYTES, packet.length + VNET_BYTES) < 0) tunDropped(this.#parts, 1, libc.errno());
  }

  flush(): void {
    this.#joiner.flush();
  }

  /** One packet off the device, its header before it. */
  #packet(at: number, length: number): void {
    const { arena, packet } = this.#parts;
    const { data } = arena;
    const vnet = at - VNET_BYTES;
    const type = data.getUint8(vnet + VNET.type) & ~GSO.ecn;
    const start = data.getUint16(vnet + VNET.start, true);
    if (type === GSO.tcp4 || type === GSO.tcp6) {
      const size = data.getUint16(vnet + VNET.size, true);
      if (!this.#segmenter.split(at, length, start, size, packet)) tunDropped(this.#parts, 1, 0);
      return;
    }
    const needs = (data.getUint8(vnet + VNET.flags) & NEEDS_CHECKSUM) !== 0;
    const complete = !needs || completeChecksum(arena, at, length, start, data.getUint16(vnet + VNET.offset, true));
    if (type === GSO.none && complete) packet(arena.view(at, length));
    else tunDropped(this.#parts, 1, 0);
  }

  #write(vectors: number, count: number, packets: number): void {
    const { libc, fd, arena } = this.#parts;
    if (libc.writev(fd, arena.base + vectors, count) >= 0) return;
    const errno = libc.errno();
    tunDropped(this.#parts, packets, errno);
    if (packets === 1 || errno !== EINVAL) return;
    this.#joins = false;
    this.#stepOff('vnet-hdr', errno);
  }
}
