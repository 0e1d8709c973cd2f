import { constants } from 'node:os';
import type { Link, PlaneStep } from '../../../protocol/data/plane.ts';
import { Destinations, type Destination } from './addresses.ts';
import type { Arena } from './arena.ts';
import { GAUGE } from './layout.ts';
import type { Libc } from './libc.ts';

/** Messages of one system call. */
const MAX_MESSAGES = 64;
/** Packets of one message: the kernel's bound of segments is 64. */
const MAX_PARTS = 64;
/** A message of segments is one datagram to the kernel: with its headers it must fit 16 bits of length. */
const MAX_MESSAGE_BYTES = 65_000;
const OUT_BYTES = 512 * 1024;
/** No packet is longer: the largest device, and what travels around its packets. */
const LONGEST = 66_048;
/** Bytes of a `mmsghdr`, an `iovec`, and of control data with one 16-bit value. */
const HEADER_BYTES = 64;
const PART_BYTES = 16;
const CONTROL_BYTES = 24;
const CONTROL_LENGTH = 18;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const POLLOUT = 4;
/** How long the network may be busy before packets are dropped. */
const PATIENCE_MS = 5;
const { EAGAIN, EINTR, EIO, EINVAL, EMSGSIZE, ENOBUFS } = constants.errno;

/** What a sender works with. */
export interface SenderParts {
  readonly arena: Arena;
  readonly libc: Libc;
  readonly udp: number;
  readonly family: 4 | 6;
  readonly connected: boolean;
  readonly gauges: Float64Array;
  /** UDP_SEGMENT is there and wanted. */
  readonly segments: boolean;
  /** The kernel's answer made a step useless from now on. */
  readonly stepOff: (step: PlaneStep, errno: number) => void;
}

/** One message under way: packets to the same place, all of one size but the last. */
interface Message {
  destination: Destination | undefined;
  size: number;
  packets: number;
  parts: number;
  bytes: number;
  /** Nothing may follow: its last packet is a shorter one. */
  ended: boolean;
}

/**
 * Collects packets and sends them with few system calls. A packet is written where `room` says and then handed to `add`;
 * nothing is copied. Packets of one destination keep their order.
 */
export class Sender {
  readonly #parts: SenderParts;
  readonly #arena: Arena;
  readonly #destinations: Destinations;
  readonly #messages: Message[] = [];
  readonly #headers: number;
  readonly #vectors: number;
  readonly #controls: number;
  readonly #out: number;
  readonly #poll: number;
  #segments: boolean;
  /** Packets that may join one message. */
  #used = 0;
  #batch = 0;
  /** Where the next packet is to be written. */
  #next: number;

  constructor(parts: SenderParts) {
    const { arena, libc, family } = parts;
    this.#parts = parts;
    this.#arena = arena;
    this.#segments = parts.segments;
    this.#destinations = new Destinations(arena, libc, family, () => this.flush());
    this.#headers = arena.take(MAX_MESSAGES * HEADER_BYTES);
    this.#vectors = arena.take(MAX_MESSAGES * MAX_PARTS * PART_BYTES);
    this.#controls = arena.take(MAX_MESSAGES * CONTROL_BYTES);
    this.#poll = arena.take(8);
    this.#out = arena.take(OUT_BYTES);
    this.#next = this.#out;
    for (let i = 0; i < MAX_MESSAGES; i++) this.#prepare(i);
  }

  /** Where the next packet has to be written, with room for the longest there is. */
  room(): number {
    if (this.#next + LONGEST > this.#out + OUT_BYTES) this.flush();
    return this.#next;
  }

  /** Takes a packet: one that was written at `room`, or any other, which is copied there. */
  add(bytes: Buffer, link: Link): void {
    const destination = this.#destinations.of(link);
    const { length } = bytes;
    if (destination === undefined || length > LONGEST) {
      this.#drop(1);
      return;
    }
    const at = this.room();
    if (!this.#arena.holds(bytes) || bytes.byteOffset !== at) bytes.copy(this.#arena.bytes, at);
    this.#next = at + length;
    const message = this.#joined(destination, length) ?? this.#opened(destination, length);
    this.#append(message, at, length);
  }

  /** Sends all that was taken. What the network has no room for after a moment is dropped and counted. */
  flush(): void {
    const count = this.#used;
    if (count === 0) return;
    for (let i = 0; i < count; i++) this.#finish(i);
    let done = 0;
    let waited = false;
    while (done < count) {
      const { udp, libc, gauges } = this.#parts;
      const sent = libc.sendmmsg(udp, this.#arena.base + this.#headers + done * HEADER_BYTES, count - done, 0);
      gauges[GAUGE.sendCalls] = (gauges[GAUGE.sendCalls] ?? 0) + 1;
      if (sent > 0) {
        for (let i = done; i < done + sent; i++) this.#count(i);
        done += sent;
        waited = false;
        continue;
      }
      const errno = libc.errno();
      if (errno === EINTR) continue;
      if (errno === EAGAIN && !waited) {
        this.#wait();
        waited = true;
        continue;
      }
      if (errno === EAGAIN) {
        for (let i = done; i < count; i++) this.#drop(this.#messages[i]?.packets ?? 0);
        break;
      }
      this.#refused(done, errno);
      done++;
    }
    this.#used = 0;
    this.#batch++;
    this.#next = this.#out;
  }

  /** The fixed parts of a message's C structures. */
  #prepare(index: number): void {
    const { base } = this.#arena;
    const header = this.#headers + index * HEADER_BYTES;
    const control = this.#controls + index * CONTROL_BYTES;
    this.#messages.push({ destination: undefined, size: 0, packets: 0, parts: 0, bytes: 0, ended: false });
    this.#arena.setPointer(header + 16, base + this.#vectors + index * MAX_PARTS * PART_BYTES);
    this.#arena.setPointer(header + 32, base + control);
    this.#arena.setPointer(control, CONTROL_LENGTH);
    this.#arena.setWord(control + 8, SOL_UDP);
    this.#arena.setWord(control + 12, UDP_SEGMENT);
  }

  /** The message under way that the packet can join. */
  #joined(destination: Destination, length: number): Message | undefined {
    if (!this.#segments || destination.batch !== this.#batch) return undefined;
    const message = this.#messages[destination.message];
    if (message === undefined || message.ended || length > message.size || message.packets >= MAX_PARTS) return undefined;
    if (message.size > destination.largestSegment || message.bytes + length > MAX_MESSAGE_BYTES) return undefined;
    return message;
  }

  #opened(destination: Destination, length: number): Message {
    if (this.#used >= MAX_MESSAGES) {
      // The packet is behind all that is sent now, and stays where it is.
      const next = this.#next;
      this.flush();
      this.#next = next;
    }
    const index = this.#used++;
    const message = this.#messages[index];
    if (message === undefined) throw new RangeError('no such message');
    destination.message = index;
    destination.batch = this.#batch;
    message.destination = destination;
    message.size = length;
    message.packets = 0;
    message.parts = 0;
    message.bytes = 0;
    message.ended = false;
    return message;
  }

  #append(message: Message, at: number, length: number): void {
    const vectors = this.#vectors + (message.destination?.message ?? 0) * MAX_PARTS * PART_BYTES;
    const last = vectors + (message.parts - 1) * PART_BYTES;
    const pointer = this.#arena.base + at;
    const joins = message.parts > 0 && this.#endOf(last) === pointer;
    if (joins) this.#arena.setWord(last + 8, this.#arena.word(last + 8) + length);
    else {
      this.#arena.setPointer(last + PART_BYTES, pointer);
      this.#arena.setPointer(last + PART_BYTES + 8, length);
      message.parts++;
    }
    message.packets++;
    message.bytes += length;
    if (length < message.size) message.ended = true;
  }

  /** The address behind a part. */
  #endOf(vector: number): number {
    return this.#arena.word(vector) + this.#arena.word(vector + 4) * 0x1_0000_0000 + this.#arena.word(vector + 8);
  }

  #finish(index: number): void {
    const message = this.#messages[index];
    const destination = message?.destination;
    if (message === undefined || destination === undefined) return;
    const header = this.#headers + index * HEADER_BYTES;
    const { connected } = this.#parts;
    this.#arena.setPointer(header, connected ? 0 : this.#arena.base + destination.at);
    this.#arena.setWord(header + 8, connected ? 0 : destination.length);
    this.#arena.setWord(header + 24, message.parts);
    this.#arena.setWord(header + 40, message.packets > 1 ? CONTROL_LENGTH : 0);
    if (message.packets > 1) this.#arena.data.setUint16(this.#controls + index * CONTROL_BYTES + 16, message.size, true);
  }

  #count(index: number): void {
    const { gauges } = this.#parts;
    gauges[GAUGE.messagesSent] = (gauges[GAUGE.messagesSent] ?? 0) + 1;
    gauges[GAUGE.packetsSent] = (gauges[GAUGE.packetsSent] ?? 0) + (this.#messages[index]?.packets ?? 0);
  }

  #wait(): void {
    this.#arena.setWord(this.#poll, this.#parts.udp);
    this.#arena.setWord(this.#poll + 4, POLLOUT);
    this.#parts.libc.poll(this.#arena.base + this.#poll, 1, PATIENCE_MS);
  }

  /** A message was not taken. One of several segments goes again, packet by packet. */
  #refused(index: number, errno: number): void {
    const message = this.#messages[index];
    if (message === undefined) return;
    if (message.packets <= 1) return this.#drop(1);
    if (errno === EMSGSIZE && message.destination !== undefined) message.destination.largestSegment = message.size - 1;
    else if (errno === EIO || errno === EINVAL) {
      this.#segments = false;
      this.#parts.stepOff('gso', errno);
    } else if (errno !== ENOBUFS) return this.#drop(message.packets);
    this.#sendSingly(index, message);
  }

  /** Sends the packets of a message each alone, by way of its own header and first part. */
  #sendSingly(index: number, message: Message): void {
    const header = this.#headers + index * HEADER_BYTES;
    const vectors = this.#vectors + index * MAX_PARTS * PART_BYTES;
    const spans: [number, number][] = [];
    for (let part = 0; part < message.parts; part++) {
      const end = this.#endOf(vectors + part * PART_BYTES);
      let at = end - this.#arena.word(vectors + part * PART_BYTES + 8);
      for (; at < end; at += message.size) spans.push([at, Math.min(message.size, end - at)]);
    }
    this.#arena.setWord(header + 24, 1);
    this.#arena.setWord(header + 40, 0);
    for (const [at, length] of spans) {
      this.#arena.setPointer(vectors, at);
      this.#arena.setPointer(vectors + 8, length);
      if (this.#parts.libc.sendmmsg(this.#parts.udp, this.#arena.base + header, 1, 0) !== 1) this.#drop(1);
    }
  }

  #drop(packets: number): void {
    const { gauges } = this.#parts;
    gauges[GAUGE.networkDrops] = (gauges[GAUGE.networkDrops] ?? 0) + packets;
  }
}
