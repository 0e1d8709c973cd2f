import { UNKNOWN_NAME } from './fields.ts';
import { type Cells, MAX_FIELDS } from './parse-cells.ts';
import { type FieldReader, type ParsedAddress, type ParsedTime } from './parse-fields.ts';

/** A client as a status file tells of it; what its version does not have is undefined. */
export interface ParsedClient {
  /** Undefined while the daemon does not know it (`UNDEF`). */
  readonly commonName: string | undefined;
  readonly realAddress: ParsedAddress;
  /** Undefined when the client has none yet. */
  readonly virtual4: string | undefined;
  readonly virtual6: string | undefined;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly since: ParsedTime;
  readonly username: string | undefined;
  readonly clientId: number | undefined;
  readonly peerId: number | undefined;
  readonly cipher: string | undefined;
}

/** An entry of the routing table. */
export interface ParsedRoute {
  /** `10.8.0.2`, `10.66.0.0/24`, `aa:bb:cc:dd:ee:ff@0`. */
  readonly destination: string;
  /** A concrete host seen inside a client's subnet. */
  readonly cached: boolean;
  readonly commonName: string | undefined;
  readonly realAddress: ParsedAddress;
  readonly lastReference: ParsedTime;
}

/** Columns by name, as a HEADER row lists them. */
export type Columns = readonly string[];

/** No escaping exists, so a name with commas makes a row longer: these columns may take what is too much. */
const NAMES = new Set(['Common Name', 'Username']);

const NO_PEER_ID = new Set([0xffff_ffff, 0xff_ffff]);

/** Where a section's columns stand, of those that are read; -1 for one that its header does not name. */
interface Places {
  /** How many columns the header names. */
  readonly width: number;
  /** Columns that may take more than one field, the first two. */
  readonly names: readonly number[];
  readonly commonName: number;
  readonly realAddress: number;
}

/** Of CLIENT_LIST. */
export interface ClientPlaces extends Places {
  readonly virtual4: number;
  readonly virtual6: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly since: number;
  readonly sinceSeconds: number;
  readonly username: number;
  readonly clientId: number;
  readonly peerId: number;
  readonly cipher: number;
}

/** Of ROUTING_TABLE. */
export interface RoutePlaces extends Places {
  readonly destination: number;
  readonly lastReference: number;
  readonly lastReferenceSeconds: number;
}

/** Looks a section's columns up, once for all its rows. `from` is the field in which the first one stands: 1 behind a tag. */
export function clientPlaces(columns: Columns, from: 0 | 1): ClientPlaces {
  const at = finder(columns, from);
  return {
    ...places(columns, from),
    virtual4: at('Virtual Address'),
    virtual6: at('Virtual IPv6 Address'),
    bytesReceived: at('Bytes Received'),
    bytesSent: at('Bytes Sent'),
    since: at('Connected Since'),
    sinceSeconds: at('Connected Since (time_t)'),
    username: at('Username'),
    clientId: at('Client ID'),
    peerId: at('Peer ID'),
    cipher: at('Data Channel Cipher'),
  };
}

/** The same for routes. */
export function routePlaces(columns: Columns, from: 0 | 1): RoutePlaces {
  const at = finder(columns, from);
  return {
    ...places(columns, from),
    destination: at('Virtual Address'),
    lastReference: at('Last Ref'),
    lastReferenceSeconds: at('Last Ref (time_t)'),
  };
}

function places(columns: Columns, from: number): Places {
  const at = finder(columns, from);
  const names = columns.flatMap((name, index) => (NAMES.has(name) ? [index + from] : [])).slice(0, 2);
  return { width: columns.length + from, names, commonName: at('Common Name'), realAddress: at('Real Address') };
}

function finder(columns: Columns, from: number): (name: string) => number {
  return (name) => {
    const index = columns.lastIndexOf(name);
    return index < 0 ? -1 : index + from;
  };
}

/** Reads a CLIENT_LIST row; undefined when it cannot be one. */
export function readClient(cells: Cells, at: ClientPlaces, fields: FieldReader): ParsedClient | undefined {
  return firstFit(cells, at, fields, clientOf);
}

function clientOf(cells: Cells, at: ClientPlaces, fields: FieldReader): ParsedClient | undefined {
  const bytesReceived = cells.number(at.bytesReceived);
  const bytesSent = cells.number(at.bytesSent);
  if (bytesReceived === undefined || bytesSent === undefined) return undefined;
  const realAddress = fields.address(cells, at.realAddress);
  const since = fields.time(cells, at.since, at.sinceSeconds);
  if (realAddress === undefined || since === undefined) return undefined;
  const clientId = cells.number(at.clientId);
  const peerId = cells.number(at.peerId);
  if (!isId(clientId, cells, at.clientId) || !isId(peerId, cells, at.peerId)) return undefined;
  return {
    commonName: known(cells.text(at.commonName)),
    realAddress,
    virtual4: filled(cells.text(at.virtual4)),
    virtual6: filled(cells.text(at.virtual6)),
    bytesReceived,
    bytesSent,
    since,
    username: known(cells.repeated(at.username)),
    clientId,
    peerId: peerId === undefined || NO_PEER_ID.has(peerId) ? undefined : peerId,
    cipher: filled(cells.repeated(at.cipher)),
  };
}

/** Reads a ROUTING_TABLE row; undefined when it cannot be one. */
export function readRoute(cells: Cells, at: RoutePlaces, fields: FieldReader): ParsedRoute | undefined {
  return firstFit(cells, at, fields, routeOf);
}

function routeOf(cells: Cells, at: RoutePlaces, fields: FieldReader): ParsedRoute | undefined {
  const shown = cells.text(at.destination) ?? '';
  const realAddress = fields.address(cells, at.realAddress);
  const lastReference = fields.time(cells, at.lastReference, at.lastReferenceSeconds);
  if (realAddress === undefined || lastReference === undefined || !isDestination(shown)) return undefined;
  // A capital C may end an IPv6 address too, but OpenVPN prints those in lower case.
  const cached = shown.charCodeAt(shown.length - 1) === CAPITAL_C;
  const destination = cached ? shown.slice(0, -1) : shown;
  return { destination, cached, commonName: known(cells.repeated(at.commonName)), realAddress, lastReference };
}

const CAPITAL_C = 0x43;
const IN_DESTINATIONS = new Set(Array.from('0123456789abcdefABCDEF.:@/', (character) => character.charCodeAt(0)));
/** By character: 1 where it may stand in an address, a subnet or a hardware address. */
const MAY_STAND = Uint8Array.from({ length: 128 }, (_, code) => (IN_DESTINATIONS.has(code) ? 1 : 0));

function isDestination(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (MAY_STAND[text.charCodeAt(at)] !== 1) return false;
  return text !== '';
}

/** An id may be missing, or empty, but is nothing else than a number. */
function isId(value: number | undefined, cells: Cells, column: number): boolean {
  return value !== undefined || (cells.text(column) ?? '') === '';
}

function known(name: string | undefined): string | undefined {
  return name === undefined || name === UNKNOWN_NAME ? undefined : name;
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Tries the ways in which a row may fall into its columns: one, unless names have commas. */
function firstFit<T, P extends Places>(
  cells: Cells,
  at: P,
  fields: FieldReader,
  read: (cells: Cells, at: P, fields: FieldReader) => T | undefined,
): T | undefined {
  const extra = cells.count - at.width;
  if (extra < 0 || cells.count > MAX_FIELDS) return undefined;
  const [one, other] = at.names;
  if (extra === 0 || one === undefined) return read(cells, at, fields);
  if (other === undefined) {
    cells.widen([[one, extra]]);
    return read(cells, at, fields);
  }
  for (let first = extra; first >= 0; first--) {
    cells.widen([
      [one, first],
      [other, extra - first],
    ]);
    const found = read(cells, at, fields);
    if (found !== undefined) return found;
  }
  return undefined;
}
