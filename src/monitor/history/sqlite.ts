import { TunnelscopeError } from '../../base/errors.ts';
import type { WallTime } from '../../base/units.ts';
import { type Database, type DatabaseRow, openDatabase, openDatabaseToRead, type Statement } from '../../host/database.ts';
import { forgetSome, forgetUser } from './forget.ts';
import { dateOf, dayOf, type EventKind, type EventRecord, type NewEvent, type SessionRecord, type TrafficRow, userOf } from './records.ts';
import { CREATE_TABLES, EVENT_COLUMNS, SCHEMA_VERSION, SESSION_COLUMNS } from './schema.ts';
import { eventOf, eventsSql, type Select, sessionOf, sessionsSql, trafficSql } from './select.ts';
import type { Beginning, HistoryChange, HistoryQuery, HistoryStore, Page, Position, Retention } from './store.ts';

/** A history in an SQLite file. It holds the thread that it runs on: `ThreadHistory` gives it one of its own. */
export class SqliteHistory implements HistoryStore {
  readonly #database: Database;
  #writer: Writer | undefined;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Opens one for writing; makes it where there is none. Throws FILE, or DATABASE_DAMAGED, and so does all that is asked then. */
  static open(path: string): SqliteHistory {
    return new SqliteHistory(checked(path, openDatabase(path), true));
  }

  /** The same to read alone; another process may write to it. */
  static openToRead(path: string): SqliteHistory {
    return new SqliteHistory(checked(path, openDatabaseToRead(path), false));
  }

  begin(): Promise<Beginning> {
    return this.#settled(() => {
      const [row] = this.#database.prepare("SELECT value FROM numbers WHERE name = 'last-session'").all();
      const open = this.#database.prepare('SELECT * FROM session WHERE ended IS NULL').all();
      return { lastSession: Number(row?.['value'] ?? 0), open: open.map(sessionOf) };
    });
  }

  write(changes: readonly HistoryChange[]): Promise<void> {
    return this.#settled(() => {
      this.#writer ??= new Writer(this.#database);
      const writer = this.#writer;
      this.#database.transaction(() => writer.write(changes));
    });
  }

  sessions(query: HistoryQuery): Promise<Page<SessionRecord>> {
    return this.#settled(() => pageOf(this.#select(sessionsSql(query)).map(sessionOf), query.limit, ({ started }) => started));
  }

  events(kind: EventKind, query: HistoryQuery): Promise<Page<EventRecord>> {
    return this.#settled(() => pageOf(this.#select(eventsSql(kind, query)).map(eventOf), query.limit, ({ time }) => time));
  }

  traffic(query: Omit<HistoryQuery, 'after'>): Promise<readonly TrafficRow[]> {
    return this.#settled(() =>
      this.#select(trafficSql(query)).map(({ day, daemon, user, received, sent }) => ({
        day: dateOf(Number(day)),
        daemon: String(daemon),
        user: user === '' ? undefined : String(user),
        received: Number(received),
        sent: Number(sent),
      })),
    );
  }

  retain(retention: Retention): Promise<number> {
    return this.#settled(() => forgetSome(this.#database, retention));
  }

  erase(user: string): Promise<number> {
    return this.#settled(() => forgetUser(this.#database, user));
  }

  close(): Promise<void> {
    return this.#settled(() => {
      this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
      this.#database.close();
    });
  }

  #select({ sql, values }: Select): readonly DatabaseRow[] {
    return this.#database.prepare(sql).all(...values);
  }

  #settled<T>(work: () => T): Promise<T> {
    return new Promise((resolve) => resolve(work()));
  }
}

function checked(path: string, database: Database, make: boolean): Database {
  try {
    if (make && versionOf(database) === 0) database.transaction(() => database.exec(CREATE_TABLES));
    checkVersion(path, database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function versionOf(database: Database): number {
  return Number(database.prepare('PRAGMA user_version').all()[0]?.['user_version'] ?? 0);
}

function checkVersion(path: string, database: Database): void {
  const version = versionOf(database);
  if (version === SCHEMA_VERSION) return;
  const why = version > SCHEMA_VERSION ? 'a newer version of this program has made it' : 'it is no history of the monitor';
  throw new TunnelscopeError('FILE', `database ${path} cannot be used: ${why}`);
}

/** Writes changes with statements that were made ready once. */
class Writer {
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #event: Statement;
  readonly #before: Statement;
  readonly #traffic: Statement;
  readonly #number: Statement;

  constructor(database: Database) {
    const marks = (count: number): string => Array.from({ length: count }, () => '?').join(', ');
    const changing = SESSION_COLUMNS.filter((name) => !FIXED.has(name));
    this.#insert = database.prepare(`INSERT INTO session (${SESSION_COLUMNS.join(', ')}) VALUES (${marks(SESSION_COLUMNS.length)})`);
    this.#update = database.prepare(`UPDATE session SET ${changing.map((name) => `${name} = ?`).join(', ')} WHERE id = ?`);
    this.#event = database.prepare(`INSERT INTO event (${EVENT_COLUMNS.join(', ')}) VALUES (${marks(EVENT_COLUMNS.length)})`);
    this.#before = database.prepare('SELECT received, sent FROM session WHERE id = ?');
    this.#traffic = database.prepare(
      'INSERT INTO traffic VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET received = received + excluded.received, sent = sent + excluded.sent',
    );
    this.#number = database.prepare("UPDATE numbers SET value = max(value, ?) WHERE name = 'last-session'");
  }

  write(changes: readonly HistoryChange[]): void {
    let lastSession = 0;
    for (const change of changes) {
      if (change.kind === 'event') this.#event.run(...eventValues(change.event));
      else {
        this.#session(change.session, change.kind === 'session-begun');
        lastSession = Math.max(lastSession, change.session.id);
      }
    }
    if (lastSession > 0) this.#number.run(lastSession);
  }

  #session(session: SessionRecord, begun: boolean): void {
    const [before] = this.#before.all(session.id);
    if (before === undefined && !begun) return;
    const values = sessionValues(session);
    if (before === undefined) this.#insert.run(...SESSION_COLUMNS.map((name) => values[name]));
    else this.#update.run(...SESSION_COLUMNS.filter((name) => !FIXED.has(name)).map((name) => values[name]), session.id);
    const received = Math.max(0, session.received - Number(before?.['received'] ?? 0));
    const sent = Math.max(0, session.sent - Number(before?.['sent'] ?? 0));
    if (received > 0 || sent > 0) this.#traffic.run(dayOf(session.updated), userOf(session) ?? '', session.daemon, received, sent);
  }
}

/** What does not change about a session. */
const FIXED: ReadonlySet<string> = new Set(['id', 'daemon', 'started']);

function sessionValues(session: SessionRecord): Readonly<Record<(typeof SESSION_COLUMNS)[number], string | number | null>> {
  return {
    id: session.id,
    daemon: session.daemon,
    user: userOf(session) ?? null,
    common_name: session.commonName ?? null,
    username: session.username ?? null,
    address: session.address ?? null,
    virtual4: session.virtual4 ?? null,
    virtual6: session.virtual6 ?? null,
    started: Math.round(session.started),
    ended: session.ended === undefined ? null : Math.round(session.ended),
    updated: Math.round(session.updated),
    received: session.received,
    sent: session.sent,
    lost: session.lost ?? null,
    reason: session.reason ?? null,
    version: session.version ?? null,
    platform: session.platform ?? null,
    cipher: session.cipher ?? null,
  };
}

function eventValues(event: NewEvent): (string | number | null)[] {
  const { kind, time, daemon, user, address, what, level, status, detail } = event;
  return [kind, Math.round(time), daemon ?? null, user ?? null, address ?? null, what, level ?? null, status ?? null, detail ?? null];
}

/** One more row was asked for than the page has, to know whether there is a next. */
function pageOf<T extends { readonly id: number }>(found: readonly T[], limit: number, timeOf: (record: T) => WallTime): Page<T> {
  const last = found[limit - 1];
  const next: Position | undefined = last === undefined || found.length <= limit ? undefined : { time: timeOf(last), id: last.id };
  return { records: found.slice(0, limit), next };
}
