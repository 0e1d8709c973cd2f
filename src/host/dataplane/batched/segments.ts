import type { Arena } from './arena.ts';
import { complemented, folded, pseudoSum, sumOf } from './checksum.ts';

/**
 * The header that goes before each packet on a TUN device with IFF_VNET_HDR, little-endian:
 *
 *     0 flags u8 | 1 type u8 | 2 length of headers u16 | 4 segment size u16 | 6 checksum start u16 | 8 checksum offset u16
 */
export const VNET_BYTES = 10;
/** Where its fields lie. */
export const VNET = { flags: 0, type: 1, headers: 2, size: 4, start: 6, offset: 8 } as const;
/** The checksum is not there yet: what stands in its place is the pseudo header's sum. */
export const NEEDS_CHECKSUM = 1;
/** Types: one packet, TCP over IPv4, TCP over IPv6; and a flag that congestion marks are on. */
export const GSO = { none: 0, tcp4: 1, tcp6: 4, ecn: 0x80 } as const;

/** Where TCP's fields lie. */
export const TCP = { sequence: 4, acknowledged: 8, length: 12, flags: 13, window: 14, checksum: 16, bytes: 20 } as const;
/** TCP's flags, as far as they matter here. */
export const TCP_FLAG = { fin: 0x01, psh: 0x08, ack: 0x10, cwr: 0x80 } as const;
/** TCP's number in IP headers. */
export const PROTOCOL_TCP = 6;
const PROTOCOL_UDP_CHECKSUM_AT = 6;
const LONGEST_HEADERS = 256;

/** Writes a header that says nothing. */
export function clearHeader(data: DataView, at: number): void {
  data.setUint32(at, 0);
  data.setUint32(at + 4, 0);
  data.setUint16(at + 8, 0);
}

/** Puts in the checksum that the kernel left to the device. False when the header tells nonsense. */
export function completeChecksum(arena: Arena, at: number, length: number, start: number, offset: number): boolean {
  if (start + offset + 2 > length) return false;
  const { data } = arena;
  const sum = complemented(sumOf(data, at + start, length - start));
  // In UDP a checksum of zero means that there is none.
  data.setUint16(at + start + offset, sum === 0 && offset === PROTOCOL_UDP_CHECKSUM_AT ? 0xffff : sum, true);
  return true;
}

/** Takes apart what came off the device as one TCP packet of many segments. */
export class Segmenter {
  readonly #arena: Arena;
  /** The headers as they came: each segment's own are written over the end of the segment before. */
  readonly #headers: number;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#headers = arena.take(LONGEST_HEADERS);
  }

  /**
   * Hands each segment of the packet at `at` to `packet`, which may not keep it. `ip` is the length of the IP header and
   * `size` that of each segment's payload. False when the packet is not what its header says.
   */
  split(at: number, length: number, ip: number, size: number, packet: (bytes: Buffer) => void): boolean {
    const { data, bytes } = this.#arena;
    const family = data.getUint8(at) >> 4;
    if ((family !== 4 && family !== 6) || ip + TCP.bytes > length || size === 0) return false;
    const headers = ip + (data.getUint8(at + ip + TCP.length) >> 4) * 4;
    if (headers > length || headers > LONGEST_HEADERS || headers < ip + TCP.bytes) return false;
    bytes.copyWithin(this.#headers, at, at + headers);
    const total = length - headers;
    for (let done = 0, index = 0; done < total; done += size, index++) {
      const payload = Math.min(size, total - done);
      const start = at + done;
      if (index > 0) bytes.copyWithin(start, this.#headers, this.#headers + headers);
      this.#fix(start, family, ip, headers, { index, done, payload, last: done + payload >= total });
      packet(this.#arena.view(start, headers + payload));
    }
    return true;
  }

  #fix(
    at: number,
    family: 4 | 6,
    ip: number,
    headers: number,
    segment: { readonly index: number; readonly done: number; readonly payload: number; readonly last: boolean },
  ): void {
    const { data } = this.#arena;
    const tcp = at + ip;
    if (family === 4) {
      data.setUint16(at + 2, headers + segment.payload);
      data.setUint16(at + 4, (data.getUint16(at + 4) + segment.index) & 0xffff);
      fixIp4(data, at, ip);
    } else data.setUint16(at + 4, headers - ip + segment.payload + (ip - 40));
    data.setUint32(tcp + TCP.sequence, (data.getUint32(tcp + TCP.sequence) + segment.done) >>> 0);
    let flags = data.getUint8(tcp + TCP.flags);
    if (!segment.last) flags &= ~(TCP_FLAG.fin | TCP_FLAG.psh);
    if (segment.index > 0) flags &= ~TCP_FLAG.cwr;
    data.setUint8(tcp + TCP.flags, flags);
    data.setUint16(tcp + TCP.checksum, 0);
    const length = headers - ip + segment.payload;
    const sum = pseudoSum(data, at, family, PROTOCOL_TCP, length) + sumOf(data, tcp, length);
    data.setUint16(tcp + TCP.checksum, complemented(folded(sum)), true);
  }
}

/** Makes the checksum of an IPv4 header anew. */
export function fixIp4(data: DataView, at: number, length: number): void {
  data.setUint16(at + 10, 0);
  data.setUint16(at + 10, complemented(sumOf(data, at, length)), true);
}
