import { UNKNOWN_NAME } from './fields.ts';
import { type ParsedAddress, type ParsedTime, readAddress, readNumber, readTime } from './parse-fields.ts';

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

type Row = ReadonlyMap<string, string>;

/** No escaping exists, so a name with commas makes a row longer: these columns may take what is too much. */
const NAMES = new Set(['Common Name', 'Username']);

/** None of ours or stock's has more; a row longer than that is no row. */
const MAX_FIELDS = 600;

const NO_PEER_ID = new Set([0xffff_ffff, 0xff_ffff]);

/** Reads a CLIENT_LIST row; undefined when it cannot be one. */
export function readClient(fields: readonly string[], columns: Columns): ParsedClient | undefined {
  return firstOf(arrangements(fields, columns), (row) => {
    const realAddress = readAddress(row.get('Real Address') ?? '');
    const bytesReceived = readNumber(row.get('Bytes Received'));
    const bytesSent = readNumber(row.get('Bytes Sent'));
    const since = readTime(row.get('Connected Since') ?? '', row.get('Connected Since (time_t)'));
    if (realAddress === undefined || bytesReceived === undefined || bytesSent === undefined || since === undefined) return undefined;
    if (!idsMakeSense(row)) return undefined;
    const peerId = readNumber(row.get('Peer ID'));
    return {
      commonName: known(row.get('Common Name')),
      realAddress,
      virtual4: filled(row.get('Virtual Address')),
      virtual6: filled(row.get('Virtual IPv6 Address')),
      bytesReceived,
      bytesSent,
      since,
      username: known(row.get('Username')),
      clientId: readNumber(row.get('Client ID')),
      peerId: peerId === undefined || NO_PEER_ID.has(peerId) ? undefined : peerId,
      cipher: filled(row.get('Data Channel Cipher')),
    };
  });
}

/** Reads a ROUTING_TABLE row; undefined when it cannot be one. */
export function readRoute(fields: readonly string[], columns: Columns): ParsedRoute | undefined {
  return firstOf(arrangements(fields, columns), (row) => {
    const destination = /^([0-9a-fA-F.:@/]+?)(C?)$/.exec(row.get('Virtual Address') ?? '');
    const realAddress = readAddress(row.get('Real Address') ?? '');
    const lastReference = readTime(row.get('Last Ref') ?? '', row.get('Last Ref (time_t)'));
    if (destination === null || realAddress === undefined || lastReference === undefined) return undefined;
    const [, text = '', flag] = destination;
    // A capital C may end an IPv6 address too, but OpenVPN prints those in lower case.
    return { destination: text, cached: flag === 'C', commonName: known(row.get('Common Name')), realAddress, lastReference };
  });
}

function idsMakeSense(row: Row): boolean {
  return ['Client ID', 'Peer ID'].every((name) => !row.has(name) || row.get(name) === '' || readNumber(row.get(name)) !== undefined);
}

function known(name: string | undefined): string | undefined {
  return name === undefined || name === UNKNOWN_NAME ? undefined : name;
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The ways in which a row may fall into its columns: one, unless names have commas. */
function* arrangements(fields: readonly string[], columns: Columns): Generator<Row> {
  const extra = fields.length - columns.length;
  if (extra < 0 || fields.length > MAX_FIELDS) return;
  const names = columns.filter((name) => NAMES.has(name));
  if (extra === 0) yield arrange(fields, columns, new Map());
  else if (names.length === 1) yield arrange(fields, columns, new Map([[names[0] ?? '', extra]]));
  else {
    for (let first = extra; first >= 0; first--) {
      yield arrange(
        fields,
        columns,
        new Map([
          [names[0] ?? '', first],
          [names[1] ?? '', extra - first],
        ]),
      );
    }
  }
}

function arrange(fields: readonly string[], columns: Columns, more: ReadonlyMap<string, number>): Row {
  const row = new Map<string, string>();
  let at = 0;
  for (const name of columns) {
    const width = 1 + (more.get(name) ?? 0);
    row.set(name, width === 1 ? (fields[at] ?? '') : fields.slice(at, at + width).join(','));
    at += width;
  }
  return row;
}

function firstOf<T, R>(candidates: Iterable<T>, read: (candidate: T) => R | undefined): R | undefined {
  for (const candidate of candidates) {
    const result = read(candidate);
    if (result !== undefined) return result;
  }
  return undefined;
}
