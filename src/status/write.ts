import { formatLocalTime, LocalTimes } from '../base/local-time.ts';
import { unixSeconds } from '../base/units.ts';
import type { ClientStatus, ServerStatusRows } from '../model/status-report.ts';
import { inOrder, type StatusStyle } from './fields.ts';
import { rowsOf } from './rows.ts';

/**
 * The writers of status output: one generator for the status file, the management command and SIGUSR2, which
 * differ in their line ends alone. Lines come a few at a time, so that ten thousand clients need not be rendered at a stroke.
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

/** What can be written: a report, or one whose rows are made while it is written. */
export type WritableStatus = ServerStatusRows | ClientStatus;

/** The lines of a report, without line ends. A client's form has no versions (facts: status 2, 3, 4). */
export function* statusLines(report: WritableStatus, style: StatusStyle): Generator<string, void> {
  for (const block of statusBlocks(report, style)) yield* block;
}

/** A whole report with the status file's line ends, or others, in pieces, so that the maker of a large one can pause between. */
export function* statusPieces(report: WritableStatus, style: StatusStyle, lineEnd: '\n' | '\r\n' = '\n'): Generator<string, void> {
  for (const block of statusBlocks(report, style)) if (block.length > 0) yield `${block.join(lineEnd)}${lineEnd}`;
}

/** The same at a stroke. */
export function statusText(report: WritableStatus, style: StatusStyle): string {
  return [...statusPieces(report, style)].join('');
}

/** Rows to a block: some ten kilobytes, made in a fraction of a millisecond. */
const ROWS_A_BLOCK = 128;

/** Some lines at a time. */
type Blocks = Generator<readonly string[], void>;

function statusBlocks(report: WritableStatus, style: StatusStyle): Blocks {
  if (report.kind === 'client') return statisticsBlocks(report);
  return style.version === 1 ? listBlocks(report, style) : recordBlocks(report, style);
}

function* rowBlocks<T>(items: Iterable<T>, row: (item: T) => string): Blocks {
  let block: string[] = [];
  for (const item of items) {
    if (block.push(row(item)) < ROWS_A_BLOCK) continue;
    yield block;
    block = [];
  }
  yield block;
}

function* statisticsBlocks(report: ClientStatus): Blocks {
  const counters = STATISTICS.map(([name, field]) => `${name},${report[field]}`);
  yield ['OpenVPN STATISTICS', `Updated,${formatLocalTime(report.time)}`, ...counters, END_LINE];
}

function* listBlocks(report: ServerStatusRows, style: StatusStyle): Blocks {
  const times = new LocalTimes();
  const rows = rowsOf(style);
  const updated = `Updated,${formatLocalTime(report.time)}`;
  yield ['OpenVPN CLIENT LIST', updated, 'Common Name,Real Address,Bytes Received,Bytes Sent,Connected Since'];
  yield* rowBlocks(inOrder(report.clients), (client) => rows.client(client, times));
  yield ['ROUTING TABLE', 'Virtual Address,Common Name,Real Address,Last Ref'];
  yield* rowBlocks(report.routes, (route) => rows.route(route, times));
  yield ['GLOBAL STATS', `Max bcast/mcast queue length,${report.maxQueueLength}`, END_LINE];
}

function* recordBlocks(report: ServerStatusRows, style: StatusStyle): Blocks {
  const separator = style.version === 2 ? ',' : '\t';
  const join = (...fields: readonly (string | number)[]): string => fields.join(separator);
  const times = new LocalTimes();
  const rows = rowsOf(style);
  const time = join('TIME', formatLocalTime(report.time), unixSeconds(report.time));
  yield [join('TITLE', report.title), time, join('HEADER', 'CLIENT_LIST', ...CLIENT_COLUMNS)];
  yield* rowBlocks(inOrder(report.clients), (client) => rows.client(client, times));
  yield [join('HEADER', 'ROUTING_TABLE', ...ROUTE_COLUMNS)];
  yield* rowBlocks(report.routes, (route) => rows.route(route, times));
  const queue = join('GLOBAL_STATS', 'Max bcast/mcast queue length', report.maxQueueLength);
  yield [queue, join('GLOBAL_STATS', 'dco_enabled', report.dcoEnabled ? 1 : 0), END_LINE];
}
