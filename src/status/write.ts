import { formatLocalTime, LocalTimes } from '../base/local-time.ts';
import { unixSeconds } from '../base/units.ts';
import type { ClientRecord, ClientStatus, RouteRecord, ServerStatus, StatusReport } from '../model/status-report.ts';
import { destinationField, inOrder, nameField, peerIdField, realAddressField, type StatusCompat, type StatusStyle } from './fields.ts';

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

/** Lines to a piece: some ten kilobytes, made in a fraction of a millisecond. */
const LINES_A_PIECE = 128;

/** A whole report with the status file's line ends, in pieces, so that the maker of a large one can pause between. */
export function* statusPieces(report: StatusReport, style: StatusStyle): Generator<string, void> {
  let lines: string[] = [];
  for (const line of statusLines(report, style)) {
    lines.push(line);
    if (lines.length < LINES_A_PIECE) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}

/** The same at a stroke. */
export function statusText(report: StatusReport, style: StatusStyle): string {
  return [...statusPieces(report, style)].join('');
}

function* statisticsLines(report: ClientStatus): Generator<string, void> {
  yield 'OpenVPN STATISTICS';
  yield `Updated,${formatLocalTime(report.time)}`;
  for (const [name, field] of STATISTICS) yield `${name},${report[field]}`;
  yield END_LINE;
}

function* listLines(report: ServerStatus, { compat }: StatusStyle): Generator<string, void> {
  const times = new LocalTimes();
  yield 'OpenVPN CLIENT LIST';
  yield `Updated,${formatLocalTime(report.time)}`;
  yield 'Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since';
  for (const client of inOrder(report.clients)) {
    const real = realAddressField(client.address, compat);
    yield `${nameField(client.commonName)},${real},${client.bytesReceived},${client.bytesSent},${times.format(client.since)}`;
  }
  yield 'ROUTING TABLE';
  yield 'Virtual Address,Common Name,Real Address,Last Ref';
  for (const route of report.routes) {
    const real = realAddressField(route.address, compat);
    yield `${destinationField(route)},${nameField(route.commonName)},${real},${times.format(route.lastReference)}`;
  }
  yield 'GLOBAL STATS';
  yield `Max bcast/mcast queue length,${report.maxQueueLength}`;
  yield END_LINE;
}

function* recordLines(report: ServerStatus, style: StatusStyle): Generator<string, void> {
  const separator = style.version === 2 ? ',' : '\t';
  const join = (...fields: readonly (string | number)[]): string => fields.join(separator);
  const times = new LocalTimes();
  yield join('TITLE', report.title);
  yield join('TIME', formatLocalTime(report.time), unixSeconds(report.time));
  yield join('HEADER', 'CLIENT_LIST', ...CLIENT_COLUMNS);
  for (const client of inOrder(report.clients)) yield clientRow(client, style.compat, separator, times);
  yield join('HEADER', 'ROUTING_TABLE', ...ROUTE_COLUMNS);
  for (const route of report.routes) yield routeRow(route, style.compat, separator, times);
  yield join('GLOBAL_STATS', 'Max bcast/mcast queue length', report.maxQueueLength);
  yield join('GLOBAL_STATS', 'dco_enabled', report.dcoEnabled ? 1 : 0);
  yield END_LINE;
}

/** In the order of CLIENT_COLUMNS. One template, not a joined list: there may be ten thousand of them. */
function clientRow(client: ClientRecord, compat: StatusCompat, s: ',' | '\t', times: LocalTimes): string {
  const { commonName, address, virtual4 = '', virtual6 = '', bytesReceived, bytesSent, since, username, clientId, cipher = '' } = client;
  const real = `${nameField(commonName)}${s}${realAddressField(address, compat)}`;
  const traffic = `${virtual4}${s}${virtual6}${s}${bytesReceived}${s}${bytesSent}`;
  const ids = `${nameField(username)}${s}${clientId}${s}${peerIdField(client, compat)}`;
  return `CLIENT_LIST${s}${real}${s}${traffic}${s}${times.format(since)}${s}${unixSeconds(since)}${s}${ids}${s}${cipher}`;
}

/** In the order of ROUTE_COLUMNS. */
function routeRow(route: RouteRecord, compat: StatusCompat, s: ',' | '\t', times: LocalTimes): string {
  const { commonName, address, lastReference } = route;
  const owner = `${nameField(commonName)}${s}${realAddressField(address, compat)}`;
  return `ROUTING_TABLE${s}${destinationField(route)}${s}${owner}${s}${times.format(lastReference)}${s}${unixSeconds(lastReference)}`;
}
