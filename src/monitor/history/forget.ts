import type { Database, DatabaseRow } from '../../host/database.ts';
import { dayOf } from './records.ts';
import { type Retention, withoutName } from './store.ts';

/** How records leave a history in SQLite. */

/** How many go in one step: the writer does not wait longer than this takes. */
const STEP = 2000;
/** Free pages that are given back in one step. */
const PAGES = 2000;

/** Forgets a step's worth of what is too old, or of the oldest where there is too much. Gives how many records went. */
export function forgetSome(database: Database, { before, maxBytes }: Retention): number {
  const gone = database.transaction(() => {
    const old = forgetBefore(database, Math.round(before));
    return old > 0 || usedBytes(database) <= maxBytes ? old : forgetOldest(database);
  });
  if (gone > 0) database.prepare(`PRAGMA incremental_vacuum(${PAGES})`).all();
  return gone;
}

function forgetBefore(database: Database, before: number): number {
  database.prepare('DELETE FROM traffic WHERE day < ?').run(dayOf(before as Retention['before']));
  const sessions = database.prepare('DELETE FROM session WHERE id IN (SELECT id FROM session WHERE ended < ? ORDER BY ended LIMIT ?)');
  const events = database.prepare('DELETE FROM event WHERE id IN (SELECT id FROM event WHERE time < ? ORDER BY time LIMIT ?)');
  return sessions.run(before, STEP) + events.run(before, STEP);
}

/** Goes on until the time that a step's worth of sessions or of events lies before, whichever is the older. */
function forgetOldest(database: Database): number {
  const first = (sql: string): number | undefined => {
    const value = database.prepare(sql).all(STEP)[0]?.['time'];
    return typeof value === 'number' ? value : undefined;
  };
  const times = [
    first('SELECT max(ended) AS time FROM (SELECT ended FROM session WHERE ended IS NOT NULL ORDER BY ended LIMIT ?)'),
    first('SELECT max(time) AS time FROM (SELECT time FROM event ORDER BY time LIMIT ?)'),
  ].filter((time) => time !== undefined);
  return times.length === 0 ? 0 : forgetBefore(database, Math.min(...times) + 1);
}

/** What the records take; pages that are free already are not counted. */
function usedBytes(database: Database): number {
  const [row] = database
    .prepare('SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size')
    .all();
  return Number(row?.['bytes'] ?? 0);
}

/** Forgets a person, also in the write-ahead log. Gives how many records that met. */
export function forgetUser(database: Database, user: string): number {
  const met = database.transaction(() => {
    const gone = [
      database.prepare('DELETE FROM session WHERE user = ?').run(user),
      database.prepare('DELETE FROM session WHERE username IS NOT NULL AND common_name = ?').run(user),
      database.prepare('DELETE FROM event WHERE user = ?').run(user),
    ];
    database.prepare('DELETE FROM traffic WHERE user = ?').run(user);
    return gone.reduce((sum, count) => sum + count, 0) + forgetName(database, user);
  });
  // What was deleted is overwritten in the file, and the log begins anew.
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  return met;
}

function forgetName(database: Database, user: string): number {
  const rows = database.prepare('SELECT id, what, detail FROM event WHERE instr(what, ?) > 0 OR instr(detail, ?) > 0').all(user, user);
  const change = database.prepare('UPDATE event SET what = ?, detail = ? WHERE id = ?');
  let met = 0;
  for (const row of rows) {
    const [what, detail] = [replaced(row, 'what', user), replaced(row, 'detail', user)];
    if (what !== row['what'] || detail !== row['detail']) met += change.run(what, detail, row['id'] ?? null);
  }
  return met;
}

function replaced(row: DatabaseRow, column: string, user: string): string | null {
  const value = row[column];
  return typeof value === 'string' ? withoutName(value, user) : null;
}
