import type { WallTime } from '../../base/units.ts';
import { dateOf, dayOf, type EventKind, type EventRecord, type SessionRecord, type TrafficRow, userOf } from './records.ts';
import {
  type Beginning,
  type HistoryChange,
  type HistoryQuery,
  type HistoryStore,
  type Page,
  type Retention,
  withoutName,
} from './store.ts';

/** What a record takes, roughly. */
const RECORD_BYTES = 300;
/** How many records are forgotten at once. */
const STEP = 1000;

/** A history that lives as long as its process: for tests of what writes one, and the plainest form of the contract. */
export class MemoryHistory implements HistoryStore {
  readonly #sessions = new Map<number, SessionRecord>();
  #events: EventRecord[] = [];
  readonly #traffic = new Map<string, { day: number; daemon: string; user: string | undefined; received: number; sent: number }>();
  #lastSession = 0;
  #lastEvent = 0;

  begin(): Promise<Beginning> {
    return Promise.resolve({
      lastSession: this.#lastSession,
      open: [...this.#sessions.values()].filter(({ ended }) => ended === undefined),
    });
  }

  write(changes: readonly HistoryChange[]): Promise<void> {
    for (const change of changes) {
      if (change.kind === 'event') this.#events.push({ ...change.event, id: ++this.#lastEvent });
      else this.#put(change.session, change.kind === 'session-begun');
    }
    return Promise.resolve();
  }

  #put(session: SessionRecord, begun: boolean): void {
    const before = this.#sessions.get(session.id);
    if (before === undefined && !begun) return;
    this.#lastSession = Math.max(this.#lastSession, session.id);
    this.#sessions.set(session.id, before === undefined ? session : { ...session, started: before.started, daemon: before.daemon });
    const received = session.received - (before?.received ?? 0);
    const sent = session.sent - (before?.sent ?? 0);
    if (received <= 0 && sent <= 0) return;
    const day = dayOf(session.updated);
    const user = userOf(session);
    const key = JSON.stringify([day, user, session.daemon]);
    const row = this.#traffic.get(key) ?? { day, daemon: session.daemon, user, received: 0, sent: 0 };
    row.received += Math.max(0, received);
    row.sent += Math.max(0, sent);
    this.#traffic.set(key, row);
  }

  sessions(query: HistoryQuery): Promise<Page<SessionRecord>> {
    const { daemon, user, since = -Infinity, until = Infinity } = query;
    const found = [...this.#sessions.values()].filter(
      (session) =>
        (daemon === undefined || session.daemon === daemon) &&
        (user === undefined || session.username === user || session.commonName === user) &&
        session.started <= until &&
        (session.ended === undefined || session.ended >= since),
    );
    return Promise.resolve(pageOf(found, query, ({ started }) => started));
  }

  events(kind: EventKind, query: HistoryQuery): Promise<Page<EventRecord>> {
    const { daemon, user, since = -Infinity, until = Infinity } = query;
    const found = this.#events.filter(
      (event) =>
        event.kind === kind &&
        (daemon === undefined || event.daemon === daemon) &&
        (user === undefined || event.user === user) &&
        event.time >= since &&
        event.time <= until,
    );
    return Promise.resolve(pageOf(found, query, ({ time }) => time));
  }

  traffic({
    daemon,
    user,
    since = -Infinity as WallTime,
    until = Infinity as WallTime,
    limit,
  }: HistoryQuery): Promise<readonly TrafficRow[]> {
    const found = [...this.#traffic.values()].filter(
      (row) =>
        (daemon === undefined || row.daemon === daemon) &&
        (user === undefined || row.user === user) &&
        row.day >= dayOf(since) &&
        row.day <= dayOf(until),
    );
    found.sort((a, b) => b.day - a.day || compare(a.user ?? '', b.user ?? '') || compare(a.daemon, b.daemon));
    return Promise.resolve(found.slice(0, limit).map(({ day, ...row }) => ({ day: dateOf(day), ...row })));
  }

  retain({ before, maxBytes }: Retention): Promise<number> {
    const bytes = RECORD_BYTES * (this.#sessions.size + this.#events.length);
    const closed = [...this.#sessions.values()].filter(({ ended }) => ended !== undefined);
    const sessions = chosen(closed, ({ ended = 0 }) => ended, before, bytes > maxBytes);
    const events = chosen(this.#events, ({ time }) => time, before, bytes > maxBytes);
    for (const { id } of sessions) this.#sessions.delete(id);
    this.#events = this.#events.filter((event) => !events.includes(event));
    for (const [key, { day }] of this.#traffic) if (day < dayOf(before)) this.#traffic.delete(key);
    return Promise.resolve(sessions.length + events.length);
  }

  erase(user: string): Promise<number> {
    let met = 0;
    for (const session of this.#sessions.values()) {
      if (session.username !== user && session.commonName !== user) continue;
      this.#sessions.delete(session.id);
      met++;
    }
    this.#events = this.#events.flatMap((event) => {
      if (event.user === user) {
        met++;
        return [];
      }
      const what = withoutName(event.what, user);
      const detail = event.detail === undefined ? undefined : withoutName(event.detail, user);
      if (what !== event.what || detail !== event.detail) met++;
      return [{ ...event, what, detail }];
    });
    for (const [key, row] of this.#traffic) if (row.user === user) this.#traffic.delete(key);
    return Promise.resolve(met);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function pageOf<T extends { readonly id: number }>(found: T[], { after, limit }: HistoryQuery, timeOf: (record: T) => WallTime): Page<T> {
  const order = (a: { time: number; id: number }, b: { time: number; id: number }): number => b.time - a.time || b.id - a.id;
  const placed = found.map((record) => ({ record, time: timeOf(record), id: record.id })).sort(order);
  const rest = after === undefined ? placed : placed.filter((each) => order(after, each) < 0);
  const last = rest[limit - 1];
  return {
    records: rest.slice(0, limit).map(({ record }) => record),
    next: last === undefined || rest.length <= limit ? undefined : { time: last.time, id: last.id },
  };
}

/** What goes in one step: what is too old, or else the oldest where there is too much. */
function chosen<T>(records: readonly T[], timeOf: (record: T) => number, before: number, tooMuch: boolean): readonly T[] {
  const sorted = records.toSorted((a, b) => timeOf(a) - timeOf(b));
  const old = sorted.filter((record) => timeOf(record) < before);
  return (old.length > 0 || !tooMuch ? old : sorted).slice(0, STEP);
}
