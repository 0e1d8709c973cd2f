import type { Duration } from '../../base/units.ts';
import { formatAddress } from '../../model/address.ts';
import type { ClientRecord } from '../../model/status-report.ts';

/** What the quickstart shows, as text: pure, so that its tests need no server. */

/** One of our clients, as it sees itself. */
export interface OwnClient {
  readonly name: string;
  readonly pingsSent: number;
  readonly pingsAnswered: number;
  readonly pingRoundTrip: Duration | undefined;
}

/** One moment. */
export interface Moment {
  readonly seconds: number;
  /** `127.0.0.1:1194`. */
  readonly server: string;
  readonly own: readonly OwnClient[];
  /** The server's clients. */
  readonly clients: readonly ClientRecord[];
}

/** What there is to try. */
export interface Hints {
  readonly managementPort: number;
  readonly statusFile: string;
  readonly logFile: string;
  readonly guestProfile: string;
  /** An address inside the tunnel that answers. */
  readonly insideAddress: string;
  /** Metrics of the server, over HTTP. */
  readonly metricsUrl: string;
}

const COLUMNS = ['CLIENT', 'INSIDE', 'FROM', 'CIPHER', 'RECEIVED', 'SENT', 'CONTROL RTT', 'PING', 'ANSWERED'] as const;

/** The table of one moment, headline first. */
export function tableLines(moment: Moment): string[] {
  const rows = rowsOf(moment);
  const widths = COLUMNS.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  const headline = `Server on UDP ${moment.server}, up ${moment.seconds} s, ${count(moment.clients.length, 'client')}`;
  return [headline, '', line(COLUMNS), ...rows.map(line)];
}

/** One moment in one line, for output that is not a terminal. */
export function plainLine(moment: Moment): string {
  const own = moment.own.map(({ name, pingsSent, pingsAnswered, pingRoundTrip }) => {
    const record = moment.clients.find((client) => client.commonName === name);
    return `${name} ${record?.virtual4 ?? 'not connected'} ping ${pingsAnswered}/${pingsSent} ${milliseconds(pingRoundTrip)}`;
  });
  const received = moment.clients.reduce((sum, client) => sum + client.bytesReceived, 0);
  const sent = moment.clients.reduce((sum, client) => sum + client.bytesSent, 0);
  return `${moment.seconds} s: ${[...own, `${count(moment.clients.length, 'client')}, received ${bytes(received)}, sent ${bytes(sent)}`].join('; ')}`;
}

/** What to try, each with what it shows. */
export function hintLines(hints: Hints): string[] {
  const { managementPort, statusFile, logFile, guestProfile, insideAddress, metricsUrl } = hints;
  return [
    'Try next, in another terminal:',
    `  nc 127.0.0.1 ${managementPort}`,
    '      the management interface: help, status 3, bytecount 1, log on all, kill client2, ...',
    `  curl ${metricsUrl}`,
    '      what Prometheus scrapes; /health/quickstart beside it is for load balancers',
    `  cat ${statusFile}`,
    '      the status file, written every second',
    `  tail -f ${logFile}`,
    "      the server's log",
    `  sudo openvpn --config ${guestProfile}`,
    `      a stock client joins the table above; then: ping ${insideAddress}`,
    'Ctrl-C ends it all and removes the files.',
  ];
}

function rowsOf({ own, clients }: Moment): string[][] {
  const names = new Set([...own.map(({ name }) => name), ...clients.map((client) => client.commonName ?? 'UNDEF')]);
  return [...names].map((name) => {
    const record = clients.find((client) => (client.commonName ?? 'UNDEF') === name);
    const client = own.find((each) => each.name === name);
    return [name, ...serverCells(record), ...pingCells(client)];
  });
}

function serverCells(record: ClientRecord | undefined): string[] {
  if (record === undefined) return ['not connected', '', '', '', '', ''];
  return [
    record.virtual4 ?? record.phase,
    formatAddress(record.address),
    record.cipher ?? '',
    bytes(record.bytesReceived),
    bytes(record.bytesSent),
    milliseconds(record.quality?.roundTripMs),
  ];
}

function pingCells(client: OwnClient | undefined): string[] {
  if (client === undefined) return ['', ''];
  return [milliseconds(client.pingRoundTrip), `${client.pingsAnswered}/${client.pingsSent}`];
}

function milliseconds(length: number | undefined): string {
  return length === undefined ? '-' : `${length.toFixed(1)} ms`;
}

function bytes(amount: number): string {
  if (amount < 1000) return `${amount} B`;
  return amount < 1e6 ? `${(amount / 1e3).toFixed(1)} kB` : `${(amount / 1e6).toFixed(1)} MB`;
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? '' : 's'}`;
}
