import { formatLocalTime } from '../base/local-time.ts';
import { printable } from '../base/printable.ts';
import type { Now, WallTime } from '../base/units.ts';
import type { DaemonView, Health, SessionView } from '../telemetry/index.ts';
import { bytesText, columns, csvCell } from './cells.ts';

/** What `tunnelscope status` shows, as text: pure, so that its tests need no daemon. */

/** Bytes a second that a client moves; undefined until they were seen twice. */
export interface Rate {
  readonly received: number;
  readonly sent: number;
}

/** A client of a moment. */
export interface ClientRow extends Pick<SessionView, 'commonName' | 'username' | 'virtual4' | 'virtual6' | 'received' | 'sent' | 'cipher'> {
  readonly address: string | undefined;
  readonly phase: string;
  readonly since: WallTime | undefined;
  readonly rate: Rate | undefined;
}

/** A daemon of a moment. */
export interface DaemonRow {
  readonly daemon: string;
  readonly verdict: Health['verdict'];
  readonly reasons: readonly string[];
  readonly title: string | undefined;
  readonly mode: string | undefined;
  readonly state: string | undefined;
  /** Which source tells of it, and how many seconds ago it did. */
  readonly source: string | undefined;
  readonly ageSeconds: number | undefined;
  readonly received: number;
  readonly sent: number;
  readonly clients: readonly ClientRow[];
}

/** What clients are sorted by. */
export const SORTS = ['name', 'received', 'sent', 'since', 'rate'] as const;

/** How clients are chosen and sorted. */
export interface Choice {
  readonly sort: (typeof SORTS)[number];
  /** Only clients of which a name or address holds this. */
  readonly filter: string | undefined;
}

/** Counts of each client at the last look, by its number. */
export type Before = ReadonlyMap<number, { readonly at: number; readonly received: number; readonly sent: number }>;

/** Takes a daemon's state apart, and the counts for the next time. */
export function rowOf(daemon: DaemonView, health: Health, now: Now, before: Before, choice: Choice): DaemonRow {
  const clients = [...daemon.sessions].map((session) => clientRow(session, now, before)).filter((row) => chosen(row, choice.filter));
  return {
    daemon: daemon.name,
    verdict: health.verdict,
    reasons: health.reasons.map(({ text }) => text),
    title: daemon.title?.value,
    mode: daemon.mode?.value,
    state: daemon.state?.value.name,
    source: daemon.speaker?.kind,
    ageSeconds: daemon.speaker?.heard === undefined ? undefined : Math.max(0, (now.at - daemon.speaker.heard.at) / 1000),
    received: daemon.received.value,
    sent: daemon.sent.value,
    clients: clients.sort(ORDERS[choice.sort]),
  };
}

/** The counts that there are now, for the rates of the next time. */
export function countsOf(daemons: Iterable<DaemonView>, now: Now): Before {
  const counts = new Map<number, { at: number; received: number; sent: number }>();
  for (const { sessions } of daemons) for (const { number, received, sent } of sessions) counts.set(number, { at: now.at, received, sent });
  return counts;
}

function clientRow(session: SessionView, now: Now, before: Before): ClientRow {
  const { number, commonName, username, address, virtual4, virtual6, since, received, sent, cipher, phase } = session;
  const then = before.get(number);
  const seconds = then === undefined ? 0 : (now.at - then.at) / 1000;
  const rate =
    then === undefined || seconds <= 0
      ? undefined
      : { received: Math.max(0, received - then.received) / seconds, sent: Math.max(0, sent - then.sent) / seconds };
  return { commonName, username, address: address?.text, virtual4, virtual6, since, received, sent, cipher, phase, rate };
}

function chosen({ commonName, username, address, virtual4, virtual6 }: ClientRow, filter: string | undefined): boolean {
  if (filter === undefined) return true;
  const wanted = filter.toLowerCase();
  return [commonName, username, address, virtual4, virtual6].some((word) => word?.toLowerCase().includes(wanted) === true);
}

const byName = (a: ClientRow, b: ClientRow): number => (a.commonName ?? '').localeCompare(b.commonName ?? '', 'en');

/** The most first, and the newest. */
const ORDERS: Readonly<Record<Choice['sort'], (a: ClientRow, b: ClientRow) => number>> = {
  name: byName,
  received: (a, b) => b.received - a.received || byName(a, b),
  sent: (a, b) => b.sent - a.sent || byName(a, b),
  since: (a, b) => (b.since ?? 0) - (a.since ?? 0) || byName(a, b),
  rate: (a, b) => sumOf(b.rate) - sumOf(a.rate) || byName(a, b),
};

function sumOf(rate: Rate | undefined): number {
  return rate === undefined ? 0 : rate.received + rate.sent;
}

/** For people: a headline a daemon, and a table of its clients. */
export function tableOf(daemons: readonly DaemonRow[], withRates: boolean): string[] {
  return daemons.flatMap((row, index) => [...(index === 0 ? [] : ['']), ...daemonLines(row, withRates)].map(printable));
}

function daemonLines(row: DaemonRow, withRates: boolean): string[] {
  const { daemon, title, mode, state, clients, received, sent, source, ageSeconds, verdict, reasons } = row;
  const facts = [
    state,
    mode === 'client' ? 'a client' : source === undefined ? undefined : `${clients.length} client${clients.length === 1 ? '' : 's'}`,
    source === undefined ? undefined : `received ${bytesText(received)}, sent ${bytesText(sent)}`,
    source === undefined ? undefined : `by its ${source}, ${Math.round(ageSeconds ?? 0)} s ago`,
  ].filter((fact) => fact !== undefined);
  const head = `${daemon}: ${[verdict, ...facts].join(', ')}`;
  const words = [...(title === undefined ? [] : [`  ${title}`]), ...reasons.map((reason) => `  ! ${reason}`)];
  return [head, ...words, ...(clients.length === 0 ? [] : ['', ...clientLines(clients, withRates)])];
}

function clientLines(clients: readonly ClientRow[], withRates: boolean): string[] {
  const heads = ['NAME', 'USER', 'FROM', 'INSIDE', 'RECEIVED', 'SENT', ...(withRates ? ['IN/S', 'OUT/S'] : []), 'SINCE', 'CIPHER'];
  const rows = clients.map((client) => [
    client.commonName ?? 'UNDEF',
    client.username ?? '',
    client.address ?? '',
    client.virtual4 ?? client.virtual6 ?? client.phase,
    bytesText(client.received),
    bytesText(client.sent),
    ...(withRates ? [client.rate, client.rate].map((rate, index) => rateText(index === 0 ? rate?.received : rate?.sent)) : []),
    client.since === undefined ? '' : formatLocalTime(client.since),
    client.cipher ?? '',
  ]);
  return columns(heads, rows);
}

function rateText(rate: number | undefined): string {
  return rate === undefined ? '-' : bytesText(Math.round(rate));
}

/** For programs: one object; what is not known is left out, times are milliseconds since 1970. */
export function jsonOf(daemons: readonly DaemonRow[], now: Now): string {
  return JSON.stringify({ version: 1, time: Math.round(now.wall), daemons });
}

const CSV_COLUMNS = [
  'daemon',
  'common_name',
  'username',
  'address',
  'virtual4',
  'virtual6',
  'received',
  'sent',
  'since',
  'cipher',
  'phase',
] as const;

/** For spreadsheets: a line a client, by RFC 4180. What would count as a formula there gets an apostrophe in front. */
export function csvOf(daemons: readonly DaemonRow[]): string[] {
  const rows = daemons.flatMap(({ daemon, clients }) =>
    clients.map((client) => [
      daemon,
      client.commonName,
      client.username,
      client.address,
      client.virtual4,
      client.virtual6,
      client.received,
      client.sent,
      client.since === undefined ? undefined : new Date(client.since).toISOString(),
      client.cipher,
      client.phase,
    ]),
  );
  return [CSV_COLUMNS.join(','), ...rows.map((cells) => cells.map(csvCell).join(','))];
}
