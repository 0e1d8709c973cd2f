import { formatLocalTime } from '../base/local-time.ts';
import { printable } from '../base/printable.ts';
import type { WallTime } from '../base/units.ts';
import type { EventKind, EventRecord, SessionRecord, TrafficRow } from '../monitor/history/records.ts';
import { bytesText, columns, csvCell } from './cells.ts';

/** What `tunnelscope history` shows, as text: pure, so that its tests need no database. */

/** What is shown: sessions, traffic, or one kind of events. */
export type Subject = 'sessions' | 'traffic' | EventKind;

/** A record of any subject. */
export type AnyRecord = SessionRecord | TrafficRow | EventRecord;

/** One column: its head for people, its name for programs, and what stands there. */
interface Column<T> {
  readonly head: string;
  readonly name: string;
  /** Times are dates for both. */
  readonly value: (record: T) => string | number | undefined;
  /** For people, where that is another. */
  readonly text?: (record: T, now: WallTime) => string;
  /** Left out for people. */
  readonly hidden?: boolean;
}

const iso = (time: WallTime | undefined): string | undefined => (time === undefined ? undefined : new Date(time).toISOString());

const SESSION: readonly Column<SessionRecord>[] = [
  { head: '', name: 'id', value: ({ id }) => id, hidden: true },
  { head: 'BEGAN', name: 'started', value: ({ started }) => iso(started), text: ({ started }) => formatLocalTime(started) },
  { head: '', name: 'ended', value: ({ ended }) => iso(ended), hidden: true },
  { head: 'LASTED', name: 'seconds', value: secondsOf, text: ({ started, ended }, now) => lengthText((ended ?? now) - started) },
  { head: 'DAEMON', name: 'daemon', value: ({ daemon }) => daemon },
  { head: 'NAME', name: 'common_name', value: ({ commonName }) => commonName },
  { head: 'USER', name: 'username', value: ({ username }) => username },
  { head: 'FROM', name: 'address', value: ({ address }) => address },
  { head: 'INSIDE', name: 'virtual4', value: ({ virtual4 }) => virtual4, text: ({ virtual4, virtual6 }) => virtual4 ?? virtual6 ?? '' },
  { head: '', name: 'virtual6', value: ({ virtual6 }) => virtual6, hidden: true },
  { head: 'RECEIVED', name: 'received', value: ({ received }) => received, text: ({ received }) => bytesText(received) },
  { head: 'SENT', name: 'sent', value: ({ sent }) => sent, text: ({ sent }) => bytesText(sent) },
  { head: 'LOST', name: 'lost', value: ({ lost }) => lost },
  {
    head: 'ENDED BY',
    name: 'reason',
    value: ({ reason }) => reason,
    text: ({ ended, reason }) => (ended === undefined ? '(is there)' : (reason ?? '')),
  },
  {
    head: 'CLIENT',
    name: 'version',
    value: ({ version }) => version,
    text: ({ version, platform }) => [version, platform].join(' ').trim(),
  },
  { head: '', name: 'platform', value: ({ platform }) => platform, hidden: true },
  { head: 'CIPHER', name: 'cipher', value: ({ cipher }) => cipher },
];

const TRAFFIC: readonly Column<TrafficRow>[] = [
  { head: 'DAY', name: 'day', value: ({ day }) => day },
  { head: 'USER', name: 'user', value: ({ user }) => user },
  { head: 'DAEMON', name: 'daemon', value: ({ daemon }) => daemon },
  { head: 'RECEIVED', name: 'received', value: ({ received }) => received, text: ({ received }) => bytesText(received) },
  { head: 'SENT', name: 'sent', value: ({ sent }) => sent, text: ({ sent }) => bytesText(sent) },
];

const time: Column<EventRecord> = {
  head: 'TIME',
  name: 'time',
  value: (event) => iso(event.time),
  text: (event) => formatLocalTime(event.time),
};
const daemon: Column<EventRecord> = { head: 'DAEMON', name: 'daemon', value: (event) => event.daemon };
const column = (head: string, name: string, key: 'user' | 'address' | 'what' | 'level' | 'status' | 'detail'): Column<EventRecord> => ({
  head,
  name,
  value: (event) => event[key],
});

const EVENTS: Readonly<Record<EventKind, readonly Column<EventRecord>[]>> = {
  'auth-failure': [
    time,
    daemon,
    column('USER', 'user', 'user'),
    column('FROM', 'address', 'address'),
    column('AT', 'step', 'status'),
    column('WHY', 'reason', 'what'),
  ],
  state: [time, daemon, column('STATE', 'state', 'what'), column('REMOTE', 'remote', 'address'), column('DETAIL', 'detail', 'detail')],
  alert: [
    time,
    daemon,
    column('ALERT', 'rule', 'what'),
    column('SEVERITY', 'severity', 'level'),
    column('STATE', 'state', 'status'),
    column('USER', 'user', 'user'),
    column('SUMMARY', 'summary', 'detail'),
  ],
  audit: [
    time,
    daemon,
    column('FROM', 'from', 'address'),
    column('ROLE', 'role', 'level'),
    column('WAS', 'outcome', 'status'),
    column('COMMAND', 'command', 'what'),
    column('WHY', 'why', 'detail'),
  ],
};

function secondsOf({ started, ended }: SessionRecord): number | undefined {
  return ended === undefined ? undefined : Math.round((ended - started) / 1000);
}

/** `3d 04:05:06`. */
function lengthText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(Math.floor(n)).padStart(2, '0');
  const clock = [(seconds % 86_400) / 3600, (seconds % 3600) / 60, seconds % 60].map(two).join(':');
  return seconds < 86_400 ? clock : `${Math.floor(seconds / 86_400)}d ${clock}`;
}

/** Turns records of a subject into lines. */
export interface HistoryForm {
  /** What stands above. */
  head(): string[];
  lines(records: readonly AnyRecord[]): string[];
}

/** For people: columns, as wide as what is shown at once needs. */
export function tableForm(subject: Subject, now: WallTime): { lines(records: readonly AnyRecord[]): string[] } {
  return {
    lines: (records) =>
      columnsOf(subject, (shown) => {
        const visible = shown.filter(({ hidden }) => hidden !== true);
        const rows = records.map((record) => visible.map(({ value, text }) => text?.(record, now) ?? String(value(record) ?? '')));
        return columns(
          visible.map(({ head }) => head),
          rows,
        ).map(printable);
      }),
  };
}

/** For spreadsheets: a line a record, by RFC 4180. */
export function csvForm(subject: Subject): HistoryForm {
  return {
    head: () => columnsOf(subject, (shown) => [shown.map(({ name }) => name).join(',')]),
    lines: (records) => columnsOf(subject, (shown) => records.map((record) => shown.map(({ value }) => csvCell(value(record))).join(','))),
  };
}

/** For programs: an object a line; what is not known is left out. */
export function jsonForm(subject: Subject): HistoryForm {
  return {
    head: () => [],
    lines: (records) =>
      columnsOf(subject, (shown) =>
        records.map((record) => JSON.stringify(Object.fromEntries(shown.map(({ name, value }) => [name, value(record)])))),
      ),
  };
}

/** The columns of a subject are those of its records. */
function columnsOf(subject: Subject, use: (shown: readonly Column<AnyRecord>[]) => string[]): string[] {
  const shown: readonly Column<never>[] = subject === 'sessions' ? SESSION : subject === 'traffic' ? TRAFFIC : EVENTS[subject];
  return use(shown as readonly Column<AnyRecord>[]);
}
