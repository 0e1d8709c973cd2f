import { formatIp, parseIp } from '../../../base/ip.ts';
import { hostOf } from '../../../protocol/data/link.ts';
import type { Link } from '../../../protocol/data/plane.ts';
import type { Arena } from './arena.ts';
import type { Libc } from './libc.ts';

/** Bytes that a socket address has room for. */
export const NAME_BYTES = 32;
const AF_INET = 2;
const AF_INET6 = 10;
const IN_BYTES = 16;
const IN6_BYTES = 28;
/** Before the kept ones are all forgotten. Peers that are there are found again with their next packet. */
const MAX_KEPT = 4096;
const INTERFACE_NAME_BYTES = 16;

/** Where a packet came from, spelled as Node's sockets do. */
export interface Source {
  readonly host: string;
  readonly port: number;
}

/** Reads socket addresses that the kernel wrote. */
export class Sources {
  readonly #arena: Arena;
  readonly #libc: Libc;
  readonly #nameAt: number;
  readonly #four = new Map<number, Source>();
  readonly #six = new Map<string, Source>();
  /** The IPv4 source that was read last. */
  #last: Source | undefined;
  #lastIp = 0;

  constructor(arena: Arena, libc: Libc) {
    this.#arena = arena;
    this.#libc = libc;
    this.#nameAt = arena.take(INTERFACE_NAME_BYTES);
  }

  /** The address at an offset of the arena; undefined for a family that is none of ours. */
  at(offset: number): Source | undefined {
    const { data } = this.#arena;
    const family = data.getUint16(offset, true);
    if (family === AF_INET) return this.#ofFour(data.getInt32(offset + 4), data.getUint16(offset + 2), offset);
    if (family !== AF_INET6) return undefined;
    const key = this.#arena.bytes.toString('latin1', offset + 2, offset + IN6_BYTES);
    return this.#six.get(key) ?? this.#keep(this.#six, key, offset, 6);
  }

  /** Packets come in runs from the same peer. */
  #ofFour(ip: number, port: number, offset: number): Source {
    if (this.#last !== undefined && ip === this.#lastIp && port === this.#last.port) return this.#last;
    const key = ip * 0x1_0000 + port;
    this.#last = this.#four.get(key) ?? this.#keep(this.#four, key, offset, 4);
    this.#lastIp = ip;
    return this.#last;
  }

  #keep<Key>(kept: Map<Key, Source>, key: Key, offset: number, family: 4 | 6): Source {
    if (kept.size >= MAX_KEPT) kept.clear();
    const port = this.#arena.data.getUint16(offset + 2);
    const source = { host: family === 4 ? formatIp(this.#arena.bytes.subarray(offset + 4, offset + 8)) : this.#host6(offset), port };
    kept.set(key, source);
    return source;
  }

  /** Link-local addresses come with their zone. */
  #host6(offset: number): string {
    const { bytes, data, base } = this.#arena;
    const host = formatIp(bytes.subarray(offset + 8, offset + 24));
    const scope = data.getUint32(offset + 24, true);
    const linkLocal = bytes[offset + 8] === 0xfe && ((bytes[offset + 9] ?? 0) & 0xc0) === 0x80;
    if (!linkLocal || scope === 0) return host;
    if (this.#libc.if_indextoname(scope, base + this.#nameAt) === 0) return `${host}%${scope}`;
    return `${host}%${bytes.toString('latin1', this.#nameAt, bytes.indexOf(0, this.#nameAt))}`;
  }
}

/** Where packets go, as the kernel wants it. */
export interface Destination {
  /** The socket address: offset in the arena, and bytes. */
  readonly at: number;
  readonly length: number;
  /** The message of the batch under way that packets to here join, and which batch that is. */
  message: number;
  batch: number;
  /** The largest packet that its network takes as a segment. */
  largestSegment: number;
}

/** Socket addresses of links, written once and kept. */
export class Destinations {
  readonly #arena: Arena;
  readonly #libc: Libc;
  readonly #family: 4 | 6;
  readonly #table: number;
  readonly #byKey = new Map<string, Destination>();
  readonly #freed: () => void;
  #link: Link | undefined;
  #last: Destination | undefined;

  /** `family` is the socket's. `freed` is called before the kept ones are forgotten: what uses them has to go out first. */
  constructor(arena: Arena, libc: Libc, family: 4 | 6, freed: () => void) {
    this.#arena = arena;
    this.#libc = libc;
    this.#family = family;
    this.#freed = freed;
    this.#table = arena.take(MAX_KEPT * NAME_BYTES);
  }

  /** Undefined for what this socket cannot reach: another family, or port 0. */
  of(link: Link): Destination | undefined {
    if (link === this.#link) return this.#last;
    this.#last = this.#byKey.get(link.key) ?? this.#make(link);
    this.#link = link;
    return this.#last;
  }

  #make(link: Link): Destination | undefined {
    if (this.#byKey.size >= MAX_KEPT) {
      this.#freed();
      this.#byKey.clear();
    }
    const at = this.#table + this.#byKey.size * NAME_BYTES;
    const length = this.#write(at, hostOf(link), link.address.port);
    if (length === 0) return undefined;
    const made = { at, length, message: 0, batch: -1, largestSegment: 0xffff };
    this.#byKey.set(link.key, made);
    return made;
  }

  /** The bytes written; 0 when that cannot be. */
  #write(at: number, host: string, port: number): number {
    const { bytes } = this.#arena;
    const percent = host.indexOf('%');
    const ip = parseIp(percent < 0 ? host : host.slice(0, percent));
    if (ip === undefined || port === 0 || ip.family > this.#family) return 0;
    bytes.fill(0, at, at + NAME_BYTES);
    bytes.writeUInt16BE(port, at + 2);
    if (this.#family === 4) {
      bytes.writeUInt16LE(AF_INET, at);
      bytes.set(ip.bytes, at + 4);
      return IN_BYTES;
    }
    bytes.writeUInt16LE(AF_INET6, at);
    if (ip.family === 6) bytes.set(ip.bytes, at + 8);
    else {
      bytes.fill(0xff, at + 18, at + 20);
      bytes.set(ip.bytes, at + 20);
    }
    if (percent >= 0) bytes.writeUInt32LE(this.#scope(host.slice(percent + 1)), at + 24);
    return IN6_BYTES;
  }

  #scope(zone: string): number {
    return /^\d+$/.test(zone) ? Number(zone) : this.#libc.if_nametoindex(zone);
  }
}
