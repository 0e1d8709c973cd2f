import { DATA_OVERHEAD, type DataFormat } from './aead.ts';
import type { MssFix } from './plane.ts';

/**
 * `mssfix`: TCP connections inside the tunnel are told, in their SYN packets, how large a segment fits the packet that
 * carries it (facts: wire 20). Both directions are clamped.
 */

/** The largest segments allowed, by inner IP version. */
export interface MssLimits {
  readonly v4: number;
  readonly v6: number;
}

/** How the encapsulated packet travels. */
export interface Outer {
  readonly transport: 'udp' | 'tcp';
  readonly family: 4 | 6;
  readonly format: DataFormat;
}

const IP_HEADER = { 4: 20, 6: 40 } as const;
const TRANSPORT_HEADER = { udp: 8, tcp: 20 } as const;
/** The length that precedes each packet on TCP. */
const FRAMING = { udp: 0, tcp: 2 } as const;
const TCP_HEADER = 20;

/**
 * What `mssfix` amounts to for one peer: 1400 for the default of 1492 with UDP over IPv4. Measured against stock
 * 2.6.14 for all three ways of counting, both transports and both families.
 */
export function mssLimits(fix: MssFix, outer: Outer): MssLimits {
  let room = fix.size;
  if (fix.counts !== 'fixed') room -= DATA_OVERHEAD[outer.format] + FRAMING[outer.transport];
  if (fix.counts === 'mtu') room -= IP_HEADER[outer.family] + TRANSPORT_HEADER[outer.transport];
  return { v4: Math.max(1, room - IP_HEADER[4] - TCP_HEADER), v6: Math.max(1, room - IP_HEADER[6] - TCP_HEADER) };
}

const PROTOCOL_TCP = 6;
const SYN = 0x02;
const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const CHECKSUM_AT = 16;

/** Lowers the MSS option of a TCP SYN in place where it is above the limit. Leaves anything else alone. */
export function clampMss(packet: Buffer, limits: MssLimits): void {
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4) {
    if (packet[9] !== PROTOCOL_TCP || packet.length < IP_HEADER[4] + TCP_HEADER) return;
    // A later fragment holds no TCP header.
    if ((packet.readUInt16BE(6) & 0x1fff) !== 0) return;
    clampSegment(packet, ((packet[0] ?? 0) & 15) * 4, limits.v4);
  } else if (version === 6) {
    if (packet[6] === PROTOCOL_TCP) clampSegment(packet, IP_HEADER[6], limits.v6);
  }
}

function clampSegment(packet: Buffer, start: number, limit: number): void {
  if (start < IP_HEADER[4] || packet.length < start + TCP_HEADER || ((packet[start + 13] ?? 0) & SYN) === 0) return;
  const end = start + ((packet[start + 12] ?? 0) >> 4) * 4;
  if (end > packet.length) return;
  let at = start + TCP_HEADER;
  while (at + 4 <= end) {
    const kind = packet[at];
    if (kind === OPTION_END) return;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const length = packet[at + 1] ?? 0;
    if (length < 2) return;
    if (kind === OPTION_MSS && length === 4) lower(packet, start, at + 2, limit);
    at += length;
  }
}

function lower(packet: Buffer, start: number, at: number, limit: number): void {
  const old = packet.readUInt16BE(at);
  if (old <= limit) return;
  packet.writeUInt16BE(limit, at);
  // The checksum sums 16-bit words from the segment's start: a value that straddles two of them counts byte-swapped.
  const odd = ((at - start) & 1) === 1;
  const checksum = packet.readUInt16BE(start + CHECKSUM_AT);
  packet.writeUInt16BE(updateChecksum(checksum, odd ? swap(old) : old, odd ? swap(limit) : limit), start + CHECKSUM_AT);
}

function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8);
}

/** RFC 1624, equation 3. */
function updateChecksum(checksum: number, old: number, now: number): number {
  let sum = (~checksum & 0xffff) + (~old & 0xffff) + now;
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
