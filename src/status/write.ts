import { formatLocalTime } from '../base/local-time.ts';
import { unixSeconds } from '../base/units.ts';
import type { ClientRecord, ClientStatus, RouteRecord, ServerStatus, StatusReport } from '../model/status-report.ts';
import { destinationField, inOrder, nameField, peerIdField, realAddressField, type StatusStyle } from './fields.ts';

/**
 * The writers of status output: one generator of lines for the status file, the management command and SIGUSR2, which
 * differ in their line ends alone. Lines come one at a time, so that ten thousand clients need not be rendered at a stroke.
 */

/** The columns of CLIENT_LIST rows in versions 2 and 3, in order (facts: status 3). */
export const CLIENT_COLUMNS = [
  'Common Name',
  'Real Address',
  'Virtual Address',
  'Virtual IPv6 Address',
  'Bytes Received',
  'Bytes Sent',
  'Connected Since',
  'Connected Since (time_t)',
  'Username',
  'Client ID',
  'Peer ID',
  'Data Channel Cipher',
] as const;

/** The columns of ROUTING_TABLE rows in versions 2 and 3, in order. */
export const ROUTE_COLUMNS = ['Virtual Address', 'Common Name', 'Real Address', 'Last Ref', 'Last Ref (time_t)'] as const;

/** The counters of the statistics form, in order, with where a report has them (facts: status 4). */
export const STATISTICS = [
  ['TUN/TAP read bytes', 'tunRead'],
  ['TUN/TAP write bytes', 'tunWrite'],
  ['TCP/UDP read bytes', 'linkRead'],
  ['TCP/UDP write bytes', 'linkWrite'],
  ['Auth read bytes', 'authRead'],
] as const satisfies readonly (readonly [string, keyof ClientStatus])[];

/** The last line of every form. */
export const END_LINE = 'END';

/** The lines of a report, without line ends. A client's form has no versions (facts: status 2, 3, 4). */
export function statusLines(report: StatusReport, style: StatusStyle): Generator<string, void> {
  if (report.kind === 'client') return statisticsLines(report);
  return style.version === 1 ? listLines(report, style) : recordLines(report, style);
}

/** A whole report with the status file's line ends. */
export function statusText(report: StatusReport, style: StatusStyle): string {
  let text = '';
  for (const line of statusLines(report, style)) text += `${line}\n`;
  return text;
}

function* statisticsLines(report: ClientStatus): Generator<string, void> {
  yield 'OpenVPN STATISTICS';
  yield `Updated,${formatLocalTime(report.time)}`;
  for (const [name, field] of STATISTICS) yield `${name},${report[field]}`;
  yield END_LINE;
}

function* listLines(report: ServerStatus, style: StatusStyle): Generator<string, void> {
  yield 'OpenVPN CLIENT LIST';
  yield `Updated,${formatLocalTime(report.time)}`;
  yield 'Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since';
  for (const client of inOrder(report.clients)) {
    const real = realAddressField(client.address, style.compat);
    yield `${nameField(client.commonName)},${real},${client.bytesReceived},${client.bytesSent},${formatLocalTime(client.since)}`;
  }
  yield 'ROUTING TABLE';
  yield 'Virtual Address,Common Name,Real Address,Last Ref';
  for (const route of report.routes) {
    const real = realAddressField(route.address, style.compat);
    yield `${destinationField(route)},${nameField(route.commonName)},${real},${formatLocalTime(route.lastReference)}`;
  }
  yield 'GLOBAL STATS';
  yield `Max bcast/mcast queue length,${report.maxQueueLength}`;
  yield END_LINE;
}

function* recordLines(report: ServerStatus, style: StatusStyle): Generator<string, void> {
  const separator = style.version === 2 ? ',' : '\t';
  const join = (...fields: readonly (string | number)[]): string => fields.join(separator);
  yield join('TITLE', report.title);
  yield join('TIME', formatLocalTime(report.time), unixSeconds(report.time));
  yield join('HEADER', 'CLIENT_LIST', ...CLIENT_COLUMNS);
  for (const client of inOrder(report.clients)) yield join('CLIENT_LIST', ...clientFields(client, style));
  yield join('HEADER', 'ROUTING_TABLE', ...ROUTE_COLUMNS);
  for (const route of report.routes) yield join('ROUTING_TABLE', ...routeFields(route, style));
  yield join('GLOBAL_STATS', 'Max bcast/mcast queue length', report.maxQueueLength);
  yield join('GLOBAL_STATS', 'dco_enabled', report.dcoEnabled ? 1 : 0);
  yield END_LINE;
}

/** In the order of CLIENT_COLUMNS. */
function clientFields(client: ClientRecord, style: StatusStyle): (string | number)[] {
  return [
    nameField(client.commonName),
    realAddressField(client.address, style.compat),
    client.virtual4 ?? '',
    client.virtual6 ?? '',
    client.bytesReceived,
    client.bytesSent,
    formatLocalTime(client.since),
    unixSeconds(client.since),
    nameField(client.username),
    client.clientId,
    peerIdField(client, style.compat),
    client.cipher ?? '',
  ];
}

/** In the order of ROUTE_COLUMNS. */
function routeFields(route: RouteRecord, style: StatusStyle): (string | number)[] {
  return [
    destinationField(route),
    nameField(route.commonName),
    realAddressField(route.address, style.compat),
    formatLocalTime(route.lastReference),
    unixSeconds(route.lastReference),
  ];
}
