import { formatAddress } from '../model/address.ts';
import type { ClientRecord, RouteRecord, StatusReport } from '../model/status-report.ts';
import { inOrder } from './fields.ts';

/** The form of `status json` and of files beside status files. A field that is not there now stays absent until `version` grows. */
export const JSON_STATUS_VERSION = 1;

/**
 * A report as one line of JSON, with all that is known: times are milliseconds since 1970, counters are bytes, lengths of
 * time are milliseconds. `version` says which form it is.
 */
export function statusJson(report: StatusReport): string {
  return [...statusJsonPieces(report)].join('');
}

/** Rows to a piece. */
const ROWS_A_PIECE = 64;

/** The same in pieces, so that the maker of a large one can pause between. */
export function* statusJsonPieces(report: StatusReport): Generator<string, void> {
  if (report.kind === 'client') return yield JSON.stringify({ version: JSON_STATUS_VERSION, ...report });
  const { clients, routes, ...rest } = report;
  yield JSON.stringify({ version: JSON_STATUS_VERSION, ...rest }).slice(0, -1);
  yield* listPieces('clients', inOrder(clients), clientJson);
  yield* listPieces('routes', routes, routeJson);
  yield '}';
}

function* listPieces<T>(name: string, rows: readonly T[], json: (row: T) => object): Generator<string, void> {
  yield `,"${name}":[`;
  for (let at = 0; at < rows.length; at += ROWS_A_PIECE) {
    const piece = JSON.stringify(rows.slice(at, at + ROWS_A_PIECE).map(json)).slice(1, -1);
    yield at === 0 ? piece : `,${piece}`;
  }
  yield ']';
}

function clientJson(client: ClientRecord): object {
  const { address, ...rest } = client;
  return { ...rest, transport: address.transport, address: formatAddress(address), port: address.port };
}

function routeJson(route: RouteRecord): object {
  const { address, ...rest } = route;
  return { ...rest, address: formatAddress(address) };
}
