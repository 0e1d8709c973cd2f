import { printable } from '../base/printable.ts';
import { type Address, formatAddress } from '../model/address.ts';
import type { ClientRow, RouteRecord } from '../model/status-report.ts';

/** Whose way of writing addresses: 2.6's `10.99.0.2:1194` or 2.7's `udp4:10.99.0.2:1194` (facts: status 5). */
export type StatusCompat = '2.6' | '2.7';

/** How a report is written. Version 1 has fewest columns; 2 separates by commas, 3 by tabs. */
export interface StatusStyle {
  readonly version: 1 | 2 | 3;
  readonly compat: StatusCompat;
}

/** What stands for a name or user that is not known. */
export const UNKNOWN_NAME = 'UNDEF';

/** The peer id of a client that has none: 32 bits of ones up to 2.6, 24 from 2.7 on. */
const NO_PEER_ID: Readonly<Record<StatusCompat, number>> = { '2.6': 0xffff_ffff, '2.7': 0xff_ffff };

/** A name as its column shows it. Commas stay, as in stock; what would end the row or a column of version 3 does not. */
export function nameField(name: string | undefined): string {
  return name === undefined || name === '' ? UNKNOWN_NAME : printable(name);
}

/** The peer id column. */
export function peerIdField(client: ClientRow, compat: StatusCompat): number {
  return client.peerId ?? NO_PEER_ID[compat];
}

/** The Real Address column. */
export function realAddressField(address: Address, compat: StatusCompat): string {
  if (compat === '2.6') return formatAddress(address);
  const socketFamily = address.family === 6 || address.mapped === true ? 6 : 4;
  const protocol = address.transport === 'udp' ? `udp${socketFamily}` : address.transport.replace('tcp', `tcp${socketFamily}`);
  return `${protocol}:${address.family === 6 ? `[${address.ip}]` : address.ip}:${address.port}`;
}

/** The Virtual Address column of the routing table: a concrete host seen inside a client's subnet carries a `C`. */
export function destinationField(route: RouteRecord): string {
  return route.cached ? `${route.destination}C` : route.destination;
}

/** Clients by client id: stock prints them in hash order, which changes as clients come and go. Those that are made now come so. */
export function inOrder<Row extends ClientRow>(clients: readonly Row[]): readonly Row[];
export function inOrder<Row extends ClientRow>(clients: Iterable<Row>): Iterable<Row>;
export function inOrder<Row extends ClientRow>(clients: Iterable<Row>): Iterable<Row> {
  return Array.isArray(clients) ? clients.toSorted((a: Row, b: Row) => a.clientId - b.clientId) : clients;
}
