import { constants } from 'node:os';
import { NAME_BYTES, type Source, Sources } from './addresses.ts';
import type { Arena } from './arena.ts';
import { GAUGE } from './layout.ts';
import type { Libc } from './libc.ts';

/** Messages of one system call: each may be as many packets as 64 KiB hold, and others want their turn. */
const MESSAGES = 16;
/** A slot holds whatever UDP carries. Slots lie so that the same place of each is in another line of the processor's cache. */
const SLOT_BYTES = 65_536;
const STRIDE = SLOT_BYTES + 2048 + 64;
/** In front of a slot: what the TUN device wants before a packet must not lie in the slot before. */
const LEAD = 64;
const HEADER_BYTES = 64;
const PART_BYTES = 16;
const CONTROL_BYTES = 64;
const SOL_UDP = 17;
const UDP_GRO = 104;
const MSG_DONTWAIT = 0x40;
const { EAGAIN, EINTR } = constants.errno;

/** What a receiver works with. */
export interface ReceiverParts {
  readonly arena: Arena;
  readonly libc: Libc;
  readonly udp: number;
  readonly gauges: Float64Array;
  /** Handed one datagram; the bytes are valid during the call only. */
  readonly datagram: (bytes: Buffer, source: Source) => void;
  readonly failed: (errno: number) => void;
}

/** Receives many datagrams with each system call, and takes apart what the kernel put together (UDP_GRO). */
export class Receiver {
  readonly #parts: ReceiverParts;
  readonly #arena: Arena;
  readonly #sources: Sources;
  readonly #headers: number;
  readonly #names: number;
  readonly #controls: number;
  readonly #slots: number;

  constructor(parts: ReceiverParts) {
    const { arena, libc } = parts;
    this.#parts = parts;
    this.#arena = arena;
    this.#sources = new Sources(arena, libc);
    this.#headers = arena.take(MESSAGES * HEADER_BYTES);
    this.#names = arena.take(MESSAGES * NAME_BYTES);
    this.#controls = arena.take(MESSAGES * CONTROL_BYTES);
    const vectors = arena.take(MESSAGES * PART_BYTES);
    this.#slots = arena.take(MESSAGES * STRIDE + LEAD) + LEAD;
    for (let i = 0; i < MESSAGES; i++) {
      const header = this.#headers + i * HEADER_BYTES;
      arena.setPointer(header, arena.base + this.#names + i * NAME_BYTES);
      arena.setPointer(header + 16, arena.base + vectors + i * PART_BYTES);
      arena.setPointer(header + 24, 1);
      arena.setPointer(header + 32, arena.base + this.#controls + i * CONTROL_BYTES);
      arena.setPointer(vectors + i * PART_BYTES, arena.base + this.#slots + i * STRIDE);
      arena.setPointer(vectors + i * PART_BYTES + 8, SLOT_BYTES);
    }
  }

  /** Handles one batch of what waits. */
  receive(): void {
    const { libc, udp, gauges } = this.#parts;
    for (let i = 0; i < MESSAGES; i++) {
      const header = this.#headers + i * HEADER_BYTES;
      this.#arena.setWord(header + 8, NAME_BYTES);
      this.#arena.setWord(header + 40, CONTROL_BYTES);
    }
    const count = libc.recvmmsg(udp, this.#arena.base + this.#headers, MESSAGES, MSG_DONTWAIT, 0);
    if (count < 0) {
      const errno = libc.errno();
      if (errno !== EAGAIN && errno !== EINTR) this.#parts.failed(errno);
      return;
    }
    gauges[GAUGE.receiveCalls] = (gauges[GAUGE.receiveCalls] ?? 0) + 1;
    for (let i = 0; i < count; i++) this.#message(i);
  }

  #message(index: number): void {
    const header = this.#headers + index * HEADER_BYTES;
    const source = this.#sources.at(this.#names + index * NAME_BYTES);
    if (source === undefined) return;
    const { gauges, datagram } = this.#parts;
    const length = this.#arena.word(header + 56);
    const size = this.#segmentSize(header, index) || length;
    const start = this.#slots + index * STRIDE;
    let at = 0;
    do {
      datagram(this.#arena.view(start + at, Math.min(size, length - at)), source);
      gauges[GAUGE.packetsReceived] = (gauges[GAUGE.packetsReceived] ?? 0) + 1;
      at += size;
    } while (at < length);
  }

  /** The size of the datagrams that came as one; 0 when it is one. */
  #segmentSize(header: number, index: number): number {
    if (this.#arena.word(header + 40) < 20) return 0;
    const control = this.#controls + index * CONTROL_BYTES;
    if (this.#arena.word(control + 8) !== SOL_UDP || this.#arena.word(control + 12) !== UDP_GRO) return 0;
    return this.#arena.word(control + 16);
  }
}
