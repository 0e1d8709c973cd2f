import { formatIp } from '../../base/ip.ts';

/**
 * The addresses of the IP packets inside the tunnel, read where they lie. An IPv4 address is a signed 32-bit number
 * here, which JavaScript engines hold without allocating; an IPv6 address is a place in the packet.
 */

/** The IP version of a packet that has a whole IP header; undefined for anything else. */
export function innerFamily(packet: Buffer): 4 | 6 | undefined {
  const version = (packet[0] ?? 0) >> 4;
  if (version === 4 && packet.length >= 20) return 4;
  if (version === 6 && packet.length >= 40) return 6;
  return undefined;
}

/** Where the addresses lie in a header. */
export const INNER_AT = {
  source4: 12,
  destination4: 16,
  source6: 8,
  destination6: 24,
} as const;

/** The source address of a packet of known family, as text. */
export function innerSource(packet: Buffer, family: 4 | 6): string {
  return formatIp(family === 4 ? packet.subarray(12, 16) : packet.subarray(8, 24));
}

/** The destination address of a packet of known family, as text. */
export function innerDestination(packet: Buffer, family: 4 | 6): string {
  return formatIp(family === 4 ? packet.subarray(16, 20) : packet.subarray(24, 40));
}

/** True for multicast: such packets are for every client. */
export function isMany(packet: Buffer, family: 4 | 6): boolean {
  if (family === 6) return packet[INNER_AT.destination6] === 0xff;
  const first = packet[INNER_AT.destination4] ?? 0;
  return first >= 224 && first < 240;
}

/** True for the broadcast address of all networks: such packets are nobody's. */
export function isBroadcast(packet: Buffer, family: 4 | 6): boolean {
  return family === 4 && packet.readInt32BE(INNER_AT.destination4) === -1;
}

/** True when the source is valid on one link only (`fe80::/10`), so no client may bring it. */
export function isLinkLocalSource(packet: Buffer): boolean {
  return packet[INNER_AT.source6] === 0xfe && ((packet[INNER_AT.source6 + 1] ?? 0) & 0xc0) === 0x80;
}
