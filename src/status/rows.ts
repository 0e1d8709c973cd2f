import type { LocalTimes } from '../base/local-time.ts';
import { unixSeconds } from '../base/units.ts';
import type { Address } from '../model/address.ts';
import type { ClientRow, RouteRecord } from '../model/status-report.ts';
import { destinationField, nameField, peerIdField, realAddressField, type StatusCompat, type StatusStyle } from './fields.ts';

/**
 * Rows of clients and routes. Status is written every second and asked for as often, and of most rows nothing has changed but two
 * counters: what else a row is made of is rendered once and kept beside the client's address, together with the values that it was
 * rendered from. Whoever finds other values there renders anew, so that nothing needs to say when a client changed; a client that
 * floats has another address.
 */

/** How a version writes a row: what stands before and behind a client's counters, and a whole route. `s` separates. */
interface RowForm {
  readonly before: (client: ClientRow, compat: StatusCompat, s: string) => string;
  readonly behind: (client: ClientRow, compat: StatusCompat, s: string, since: string) => string;
  readonly route: (route: RouteRecord, compat: StatusCompat, s: string, lastReference: string) => string;
}

/** Columns: Common Name, Real Address, Bytes Received, Bytes Sent, Connected Since; Virtual Address, Common Name, Real Address, Last Ref. */
const LIST_ROWS: RowForm = {
  before: ({ commonName, address }, compat, s) => `${nameField(commonName)}${s}${realAddressField(address, compat)}${s}`,
  behind: (_client, _compat, s, since) => `${s}${since}`,
  route: (route, compat, s, lastReference) =>
    `${destinationField(route)}${s}${nameField(route.commonName)}${s}${realAddressField(route.address, compat)}${s}${lastReference}`,
};

/** In the order of CLIENT_COLUMNS and ROUTE_COLUMNS. */
const TAGGED_ROWS: RowForm = {
  before: ({ commonName, address, virtual4 = '', virtual6 = '' }, compat, s) =>
    `CLIENT_LIST${s}${nameField(commonName)}${s}${realAddressField(address, compat)}${s}${virtual4}${s}${virtual6}${s}`,
  behind: (client, compat, s, since) => {
    const ids = `${nameField(client.username)}${s}${client.clientId}${s}${peerIdField(client, compat)}`;
    return `${s}${since}${s}${unixSeconds(client.since)}${s}${ids}${s}${client.cipher ?? ''}`;
  },
  route: (route, compat, s, lastReference) =>
    `ROUTING_TABLE${s}${LIST_ROWS.route(route, compat, s, lastReference)}${s}${unixSeconds(route.lastReference)}`,
};

/** What of a client's row was rendered, and from what. */
interface KeptClient {
  readonly client: ClientRow;
  /** Of `since`, as the time zone has it. */
  readonly minute: string;
  readonly before: string;
  readonly behind: string;
}

/** A route's row, and from what it was rendered. */
interface KeptRoute {
  readonly destination: string;
  readonly commonName: string | undefined;
  readonly second: number;
  readonly minute: string;
  readonly row: string;
}

/** What is kept beside an address. */
interface Kept {
  client: KeptClient | undefined;
  readonly routes: KeptRoute[];
}

/** A client has one or two addresses and hardly ever many subnets. */
const MAX_KEPT_ROUTES = 8;

/** The rows of one version in one style. */
export class Rows {
  readonly #form: RowForm;
  readonly #compat: StatusCompat;
  readonly #separator: ',' | '\t';
  readonly #kept = new WeakMap<Address, Kept>();

  constructor({ version, compat }: StatusStyle) {
    this.#form = version === 1 ? LIST_ROWS : TAGGED_ROWS;
    this.#compat = compat;
    this.#separator = version === 3 ? '\t' : ',';
  }

  /** Without a line end. */
  client(client: ClientRow, times: LocalTimes): string {
    const kept = this.#keptOf(client.address);
    const minute = times.minute(client.since);
    let known = kept.client;
    if (known === undefined || known.minute !== minute || !isSame(known.client, client)) {
      const since = times.format(client.since);
      const before = inOnePiece(this.#form.before(client, this.#compat, this.#separator));
      const behind = inOnePiece(this.#form.behind(client, this.#compat, this.#separator, since));
      known = kept.client = { client, minute, before, behind };
    }
    return known.before + client.bytesReceived + this.#separator + client.bytesSent + known.behind;
  }

  /** Without a line end. Hosts that were seen inside a subnet come and go: their rows are not kept. */
  route(route: RouteRecord, times: LocalTimes): string {
    if (route.cached) return this.#renderRoute(route, times);
    const { routes } = this.#keptOf(route.address);
    const second = unixSeconds(route.lastReference);
    const minute = times.minute(route.lastReference);
    const { destination, commonName } = route;
    let at = 0;
    while (at < routes.length && routes[at]?.destination !== destination) at++;
    const known = routes[at];
    if (known !== undefined && known.second === second && known.minute === minute && known.commonName === commonName) return known.row;
    const row = inOnePiece(this.#renderRoute(route, times));
    if (at < MAX_KEPT_ROUTES) routes[at] = { destination, commonName, second, minute, row };
    return row;
  }

  #renderRoute(route: RouteRecord, times: LocalTimes): string {
    return this.#form.route(route, this.#compat, this.#separator, times.format(route.lastReference));
  }

  #keptOf(address: Address): Kept {
    let kept = this.#kept.get(address);
    if (kept === undefined) {
      kept = { client: undefined, routes: [] };
      this.#kept.set(address, kept);
    }
    return kept;
  }
}

/** True when nothing but the counters can differ in the rows of two clients at one address. */
function isSame(one: ClientRow, other: ClientRow): boolean {
  return (
    one.commonName === other.commonName &&
    one.username === other.username &&
    one.since === other.since &&
    one.cipher === other.cipher &&
    one.virtual4 === other.virtual4 &&
    one.virtual6 === other.virtual6 &&
    one.clientId === other.clientId &&
    one.peerId === other.peerId
  );
}

/** V8 keeps what was put together as a tree of parts until somebody looks into it: whatever is joined from that walks the tree again. */
function inOnePiece(text: string): string {
  text.charCodeAt(0);
  return text;
}

const all = new Map<string, Rows>();

/** The rows of a style; the same for all who write it. */
export function rowsOf(style: StatusStyle): Rows {
  const key = `${style.version} ${style.compat}`;
  const known = all.get(key) ?? new Rows(style);
  all.set(key, known);
  return known;
}
