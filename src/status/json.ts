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
  if (report.kind === 'client') return JSON.stringify({ version: JSON_STATUS_VERSION, ...report });
  const { clients, routes, ...rest } = report;
  return JSON.stringify({
    version: JSON_STATUS_VERSION,
    ...rest,
    clients: [...inOrder(clients)].map(clientJson),
    routes: routes.map(routeJson),
  });
}

function clientJson(client: ClientRecord): object {
  const { address, ...rest } = client;
  return { ...rest, transport: address.transport, address: formatAddress(address), port: address.port };
}

function routeJson(route: RouteRecord): object {
  const { address, ...rest } = route;
  return { ...rest, address: formatAddress(address) };
}
