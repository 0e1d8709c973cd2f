import { addressFrom, type TransportKind } from '../../model/address.ts';
import type { Link } from './plane.ts';

/**
 * Links are made here alone, so that a key always holds the host as the socket spells it, mapping prefix and zone
 * included: what a packet came from is what the answer is sent to.
 */

/** The key of a UDP link; equal for the same host and port. */
export function udpKey(host: string, port: number): string {
  return `${host}|${port}`;
}

/** The link of a UDP address, as the socket reported it or as it is to be sent to. */
export function udpLink(host: string, port: number): Link {
  return { key: udpKey(host, port), address: addressFrom('udp', host, port), connection: undefined };
}

/** The link of a TCP connection; `kind` says which end we are. */
export function tcpLink(connection: number, host: string, port: number, kind: Exclude<TransportKind, 'udp'>): Link {
  return { key: `tcp|${connection}`, address: addressFrom(kind, host, port), connection };
}

/** The host of a UDP link as sockets spell it. */
export function hostOf(link: Link): string {
  return link.key.slice(0, link.key.lastIndexOf('|'));
}
