import { folded, pseudoSum, sumOf } from './checksum.ts';
import type { Arena } from './arena.ts';
import { clearHeader, fixIp4, GSO, NEEDS_CHECKSUM, PROTOCOL_TCP, TCP, TCP_FLAG, VNET, VNET_BYTES } from './segments.ts';

/** Connections whose segments are collected at a time. */
const MAX_GROUPS = 8;
/** Segments of one packet. */
const MAX_PARTS = 64;
const MAX_BYTES = 65_535;
const PART_BYTES = 16;
const IP4_BYTES = 20;
const IP6_BYTES = 40;
/** Of an IPv4 header: "do not fragment" alone. */
const ONLY_DF = 0x4000;

/** Segments of one connection that follow one another. */
interface Group {
  /** Of the first packet. */
  at: number;
  ip: number;
  headers: number;
  /** Payload of each segment but the last. */
  size: number;
  next: number;
  bytes: number;
  parts: number;
  ended: boolean;
  verified: boolean;
}

/** Writes a packet that is described by `count` parts from `vectors` on, and holds `packets`. */
export type WriteParts = (vectors: number, count: number, packets: number) => void;

/**
 * Joins TCP segments that follow one another into one packet that the kernel takes as such, as it does itself for what
 * network cards bring. Only what could be taken apart again into the same segments is joined, and only after its checksum
 * was looked at, since the kernel looks no more. Packets lie in the arena, `VNET_BYTES` free before each, until `flush`.
 */
export class Joiner {
  readonly #arena: Arena;
  readonly #write: WriteParts;
  readonly #vectors: number;
  readonly #groups: Group[] = [];

  constructor(arena: Arena, write: WriteParts) {
    this.#arena = arena;
    this.#write = write;
    this.#vectors = arena.take((MAX_GROUPS + 1) * MAX_PARTS * PART_BYTES);
  }

  /** Takes a packet: joins it, keeps it back, or writes it. */
  add(at: number, length: number): void {
    const ip = this.#tcpAt(at, length);
    if (ip === 0) return this.#single(at, length);
    const { data } = this.#arena;
    const headers = ip + (data.getUint8(at + ip + TCP.length) >> 4) * 4;
    const index = this.#groups.findIndex((group) => group.ip === ip && this.#sameConnection(group.at, at, ip));
    const group = this.#groups[index];
    const payload = length - headers;
    const plain = payload > 0 && headers >= ip + TCP.bytes && this.#mayJoin(at, ip);
    if (group !== undefined) {
      if (plain && this.#fits(group, at, headers, payload)) return this.#join(group, index, at, headers, payload);
      // What follows must not overtake it.
      this.#flushAt(index);
    }
    if (!plain) return this.#single(at, length);
    if (this.#groups.length >= MAX_GROUPS) this.#flushAt(0);
    this.#open(at, ip, headers, payload);
  }

  /** Writes what was kept back. */
  flush(): void {
    while (this.#groups.length > 0) this.#flushAt(0);
  }

  /** The length of the IP header of a whole TCP packet that is not a fragment and has no IP options; 0 for anything else. */
  #tcpAt(at: number, length: number): number {
    const { data } = this.#arena;
    const version = data.getUint8(at) >> 4;
    if (version === 4) {
      if (length < IP4_BYTES + TCP.bytes || data.getUint8(at) !== 0x45 || data.getUint8(at + 9) !== PROTOCOL_TCP) return 0;
      return data.getUint16(at + 2) === length && data.getUint16(at + 6) === ONLY_DF ? IP4_BYTES : 0;
    }
    if (version !== 6 || length < IP6_BYTES + TCP.bytes || data.getUint8(at + 6) !== PROTOCOL_TCP) return 0;
    return data.getUint16(at + 4) === length - IP6_BYTES ? IP6_BYTES : 0;
  }

  /** Addresses and ports. */
  #sameConnection(a: number, b: number, ip: number): boolean {
    const { data } = this.#arena;
    const from = ip === IP4_BYTES ? 12 : 8;
    for (let i = from; i < ip + 4; i += 4) if (data.getUint32(a + i) !== data.getUint32(b + i)) return false;
    return true;
  }

  #mayJoin(at: number, ip: number): boolean {
    return (this.#arena.data.getUint8(at + ip + TCP.flags) & ~TCP_FLAG.psh) === TCP_FLAG.ack;
  }

  #fits(group: Group, at: number, headers: number, payload: number): boolean {
    const { data } = this.#arena;
    if (group.ended || group.headers !== headers || payload > group.size || group.bytes + payload > MAX_BYTES) return false;
    if (group.parts >= MAX_PARTS || data.getUint32(at + group.ip + TCP.sequence) !== group.next) return false;
    return this.#sameHeader(group, at);
  }

  /** What all segments of a packet share: IP's marks and lifetime, what is acknowledged, the window, and the options. */
  #sameHeader(group: Group, at: number): boolean {
    const { data } = this.#arena;
    const { ip, headers, at: first } = group;
    const same =
      ip === IP4_BYTES
        ? data.getUint8(at + 1) === data.getUint8(first + 1) && data.getUint8(at + 8) === data.getUint8(first + 8)
        : data.getUint32(at) === data.getUint32(first) && data.getUint8(at + 7) === data.getUint8(first + 7);
    if (!same || data.getUint32(at + ip + TCP.acknowledged) !== data.getUint32(first + ip + TCP.acknowledged)) return false;
    if (data.getUint16(at + ip + TCP.window) !== data.getUint16(first + ip + TCP.window)) return false;
    for (let i = ip + TCP.bytes; i < headers; i += 4) if (data.getUint32(at + i) !== data.getUint32(first + i)) return false;
    return true;
  }

  #isWhole(at: number, ip: number, length: number): boolean {
    const { data } = this.#arena;
    const family = ip === IP4_BYTES ? 4 : 6;
    return folded(pseudoSum(data, at, family, PROTOCOL_TCP, length - ip) + sumOf(data, at + ip, length - ip)) === 0xffff;
  }

  #open(at: number, ip: number, headers: number, payload: number): void {
    const { data } = this.#arena;
    const next = (data.getUint32(at + ip + TCP.sequence) + payload) >>> 0;
    const ended = (data.getUint8(at + ip + TCP.flags) & TCP_FLAG.psh) !== 0;
    this.#groups.push({ at, ip, headers, size: payload, next, bytes: headers + payload, parts: 1, ended, verified: false });
    const vectors = this.#vectorsOf(this.#groups.length - 1);
    this.#arena.setPointer(vectors, this.#arena.base + at - VNET_BYTES);
    this.#arena.setPointer(vectors + 8, headers + payload + VNET_BYTES);
  }

  #join(group: Group, index: number, at: number, headers: number, payload: number): void {
    if (!group.verified && !this.#isWhole(group.at, group.ip, group.headers + group.size)) {
      this.#flushAt(index);
      return this.#single(at, headers + payload);
    }
    group.verified = true;
    if (!this.#isWhole(at, group.ip, headers + payload)) {
      this.#flushAt(index);
      return this.#single(at, headers + payload);
    }
    const { data } = this.#arena;
    const vector = this.#vectorsOf(index) + group.parts * PART_BYTES;
    this.#arena.setPointer(vector, this.#arena.base + at + headers);
    this.#arena.setPointer(vector + 8, payload);
    group.parts++;
    group.bytes += payload;
    group.next = (group.next + payload) >>> 0;
    const flags = data.getUint8(at + group.ip + TCP.flags);
    if (payload < group.size || (flags & TCP_FLAG.psh) !== 0) group.ended = true;
    data.setUint8(group.at + group.ip + TCP.flags, data.getUint8(group.at + group.ip + TCP.flags) | (flags & TCP_FLAG.psh));
  }

  #flushAt(index: number): void {
    const group = this.#groups[index];
    if (group === undefined) return;
    if (group.parts === 1) clearHeader(this.#arena.data, group.at - VNET_BYTES);
    else this.#describe(group);
    this.#write(this.#vectorsOf(index), group.parts, group.parts);
    this.#close(index);
  }

  /** Takes a group off; the last one moves into its place. */
  #close(index: number): void {
    const last = this.#groups.pop();
    if (last === undefined || index === this.#groups.length) return;
    this.#groups[index] = last;
    const from = this.#vectorsOf(this.#groups.length);
    this.#arena.bytes.copyWithin(this.#vectorsOf(index), from, from + last.parts * PART_BYTES);
  }

  /** Makes the first packet's headers those of all together. */
  #describe({ at, ip, headers, size, bytes }: Group): void {
    const { data } = this.#arena;
    const vnet = at - VNET_BYTES;
    data.setUint8(vnet + VNET.flags, NEEDS_CHECKSUM);
    data.setUint8(vnet + VNET.type, ip === IP4_BYTES ? GSO.tcp4 : GSO.tcp6);
    data.setUint16(vnet + VNET.headers, headers, true);
    data.setUint16(vnet + VNET.size, size, true);
    data.setUint16(vnet + VNET.start, ip, true);
    data.setUint16(vnet + VNET.offset, TCP.checksum, true);
    if (ip === IP4_BYTES) {
      data.setUint16(at + 2, bytes);
      fixIp4(data, at, ip);
    } else data.setUint16(at + 4, bytes - IP6_BYTES);
    const family = ip === IP4_BYTES ? 4 : 6;
    data.setUint16(at + ip + TCP.checksum, pseudoSum(data, at, family, PROTOCOL_TCP, bytes - ip), true);
  }

  /** Writes one packet as it is. */
  #single(at: number, length: number): void {
    const vectors = this.#vectorsOf(MAX_GROUPS);
    clearHeader(this.#arena.data, at - VNET_BYTES);
    this.#arena.setPointer(vectors, this.#arena.base + at - VNET_BYTES);
    this.#arena.setPointer(vectors + 8, length + VNET_BYTES);
    this.#write(vectors, 1, 1);
  }

  #vectorsOf(index: number): number {
    return this.#vectors + index * MAX_PARTS * PART_BYTES;
  }
}
