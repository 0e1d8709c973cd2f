import type { WallTime } from '../../base/units.ts';
import type { DatabaseRow, DatabaseValue } from '../../host/database.ts';
import { dayOf, EVENT_KINDS, type EventKind, type EventRecord, type SessionRecord } from './records.ts';
import type { HistoryQuery } from './store.ts';

/** Queries as SQL, with what they are bound to, and rows as records. */

/** A statement to run once. */
export interface Select {
  readonly sql: string;
  readonly values: readonly DatabaseValue[];
}

/** A condition with its value; the order is that of the columns of an index. */
type Condition = readonly [sql: string, ...values: DatabaseValue[]];

/**
 * Sessions of a query. They are gone through in the order of an index that also has `ended`, so that what is passed over costs no look
 * into the table. A user is found by two names, each with an index: two ordered lists made one.
 */
export function sessionsSql({ daemon, user, since, until, after, limit }: HistoryQuery): Select {
  const common: Condition[] = [];
  if (daemon !== undefined) common.push(['daemon = ?', daemon]);
  if (until !== undefined) common.push(['started <= ?', Math.round(until)]);
  if (after !== undefined) common.push(['(started, id) < (?, ?)', Math.round(after.time), after.id]);
  if (since !== undefined) common.push(['(ended IS NULL OR ended >= ?)', Math.round(since)]);
  if (user === undefined) return ordered('session', common, 'started', limit);
  const byUser = ordered('session', [['user = ?', user], ...common], 'started', limit);
  const byName = ordered('session', [['username IS NOT NULL AND common_name = ? AND user <> ?', user, user], ...common], 'started', limit);
  return {
    sql: `SELECT * FROM (${byUser.sql}) UNION ALL SELECT * FROM (${byName.sql}) ORDER BY started DESC, id DESC LIMIT ?`,
    values: [...byUser.values, ...byName.values, limit + 1],
  };
}

/** Events of a query. */
export function eventsSql(kind: EventKind, { daemon, user, since, until, after, limit }: HistoryQuery): Select {
  const conditions: Condition[] = [['kind = ?', kind]];
  if (user !== undefined) conditions.push(['user = ?', user]);
  if (daemon !== undefined) conditions.push(['daemon = ?', daemon]);
  if (since !== undefined) conditions.push(['time >= ?', Math.round(since)]);
  if (until !== undefined) conditions.push(['time <= ?', Math.round(until)]);
  if (after !== undefined) conditions.push(['(time, id) < (?, ?)', Math.round(after.time), after.id]);
  return ordered('event', conditions, 'time', limit);
}

/** Traffic of whole days: those that the times lie in. */
export function trafficSql({ daemon, user, since, until, limit }: Omit<HistoryQuery, 'after'>): Select {
  const conditions: Condition[] = [];
  if (user !== undefined) conditions.push(['user = ?', user]);
  if (daemon !== undefined) conditions.push(['daemon = ?', daemon]);
  if (since !== undefined) conditions.push(['day >= ?', dayOf(since)]);
  if (until !== undefined) conditions.push(['day <= ?', dayOf(until)]);
  const { sql, values } = where(conditions);
  return { sql: `SELECT * FROM traffic${sql} ORDER BY day DESC, user, daemon LIMIT ?`, values: [...values, limit] };
}

function ordered(table: string, conditions: readonly Condition[], by: string, limit: number): Select {
  const { sql, values } = where(conditions);
  return { sql: `SELECT * FROM ${table}${sql} ORDER BY ${by} DESC, id DESC LIMIT ?`, values: [...values, limit + 1] };
}

function where(conditions: readonly Condition[]): Select {
  if (conditions.length === 0) return { sql: '', values: [] };
  return { sql: ` WHERE ${conditions.map(([sql]) => sql).join(' AND ')}`, values: conditions.flatMap(([, ...values]) => values) };
}

/** A row of `session`. */
export function sessionOf(row: DatabaseRow): SessionRecord {
  return {
    id: Number(row['id']),
    daemon: String(row['daemon']),
    commonName: textOf(row['common_name']),
    username: textOf(row['username']),
    address: textOf(row['address']),
    virtual4: textOf(row['virtual4']),
    virtual6: textOf(row['virtual6']),
    started: Number(row['started']) as WallTime,
    ended: numberOf(row['ended']) as WallTime | undefined,
    updated: Number(row['updated']) as WallTime,
    received: Number(row['received']),
    sent: Number(row['sent']),
    lost: numberOf(row['lost']),
    reason: textOf(row['reason']),
    version: textOf(row['version']),
    platform: textOf(row['platform']),
    cipher: textOf(row['cipher']),
  };
}

/** A row of `event`. */
export function eventOf(row: DatabaseRow): EventRecord {
  return {
    id: Number(row['id']),
    kind: EVENT_KINDS.find((kind) => kind === row['kind']) ?? 'state',
    time: Number(row['time']) as WallTime,
    daemon: textOf(row['daemon']),
    user: textOf(row['user']),
    address: textOf(row['address']),
    what: String(row['what']),
    level: textOf(row['level']),
    status: textOf(row['status']),
    detail: textOf(row['detail']),
  };
}

function textOf(value: DatabaseValue | undefined): string | undefined {
  return value === null || value === undefined ? undefined : String(value);
}

function numberOf(value: DatabaseValue | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
