/** How packets travel between us and a peer, in OpenVPN's own words. */
export type TransportKind = 'udp' | 'tcp-server' | 'tcp-client';

/** An address and port outside the tunnel. */
export interface Address {
  readonly transport: TransportKind;
  /** 4 for dotted quads, also when they came mapped into IPv6 (`mapped`). */
  readonly family: 4 | 6;
  /** Without brackets, mapping prefix or zone. */
  readonly ip: string;
  readonly port: number;
  /** An IPv4 peer on a dual-stack IPv6 socket. */
  readonly mapped?: boolean;
}

/** Makes an address of what a socket reports: takes the `::ffff:` mapping and the zone off. */
export function addressFrom(transport: TransportKind, ip: string, port: number): Address {
  const zone = ip.indexOf('%');
  const bare = zone < 0 ? ip : ip.slice(0, zone);
  if (bare.startsWith('::ffff:') && bare.includes('.')) return { transport, family: 4, ip: bare.slice(7), port, mapped: true };
  return { transport, family: bare.includes(':') ? 6 : 4, ip: bare, port };
}

/** `10.99.0.2:1194`, or a bare IPv6 address: what 2.6 prints in prefixes and status (facts: logging 5, status 5). */
export function formatAddress(address: Address): string {
  return address.family === 4 ? `${address.ip}:${address.port}` : address.ip;
}

/** `[AF_INET]10.99.0.2:1194`, `[AF_INET6]fd99::2:1194`: what log texts print. */
export function formatFamilyAddress(address: Address): string {
  if (address.mapped === true) return `[AF_INET6]::ffff:${address.ip}:${address.port}`;
  return `[AF_INET${address.family === 6 ? '6' : ''}]${address.ip}:${address.port}`;
}

/** A string that is equal for equal addresses and ports; for maps. */
export function addressKey(address: Address): string {
  return `${address.ip}|${address.port}`;
}
