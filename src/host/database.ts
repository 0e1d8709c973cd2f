import { chmodSync, existsSync, statSync } from 'node:fs';
import Libsql from 'libsql';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import { DATABASE_FILES } from './database-files.ts';

/** What a column holds. Nothing else may be bound: the library ends the process at what it does not know. */
export type DatabaseValue = string | number | null;

/** A row by the names of its columns. */
export type DatabaseRow = Readonly<Record<string, DatabaseValue>>;

/** A statement that was made ready once. */
export interface Statement {
  /** Gives how many rows were changed. */
  run(...values: readonly DatabaseValue[]): number;
  all(...values: readonly DatabaseValue[]): readonly DatabaseRow[];
}

/**
 * An SQLite database in a file. Every method is synchronous, and throws FILE, or DATABASE_DAMAGED when the file is not sound. The library
 * lets go of the file when it collects the statements, or when its thread ends: until then nothing else may be put in the file's place.
 */
export interface Database {
  prepare(sql: string): Statement;
  exec(sql: string): void;
  /** All that `work` does or, when it throws, nothing. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** How long a writer waits for another one. */
const BUSY_MS = 5000;

const DAMAGE: ReadonlySet<unknown> = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB']);

/** Opens a database for writing; makes it, readable by its owner alone, where there is none. */
export function openDatabase(path: string): Database {
  const isNew = !existsSync(path);
  return opened(path, (database) => {
    // A new file gives back what it no longer needs; what is deleted is overwritten; readers and the writer do not wait for each other.
    database.exec('PRAGMA auto_vacuum=INCREMENTAL');
    database.exec('PRAGMA secure_delete=ON');
    database.prepare('PRAGMA journal_mode=WAL').all([]);
    // With a write-ahead log this holds against the death of the process; only a power cut takes the last moments.
    database.exec('PRAGMA synchronous=NORMAL');
    if (isNew) for (const file of DATABASE_FILES) if (existsSync(path + file)) chmodSync(path + file, 0o600);
  });
}

/** Opens one to read from, while another process may write to it. */
export function openDatabaseToRead(path: string): Database {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new TunnelscopeError('FILE', `there is no database at ${path}`);
  return opened(path, (database) => database.exec('PRAGMA query_only=ON'));
}

function opened(path: string, setUp: (database: Libsql.Database) => void): Database {
  const database = failing(path, () => new Libsql(path, { timeout: BUSY_MS }));
  try {
    failing(path, () => setUp(database));
  } catch (error) {
    database.close();
    throw error;
  }
  return new OpenDatabase(path, database);
}

class OpenDatabase implements Database {
  readonly #path: string;
  readonly #database: Libsql.Database;

  constructor(path: string, database: Libsql.Database) {
    this.#path = path;
    this.#database = database;
  }

  prepare(sql: string): Statement {
    const statement = failing(this.#path, () => this.#database.prepare(sql));
    return {
      run: (...values) => failing(this.#path, () => statement.run(values.map(bound)).changes),
      // The columns of each row are as the statement names them.
      all: (...values) => failing(this.#path, () => statement.all(values.map(bound)) as readonly DatabaseRow[]),
    };
  }

  exec(sql: string): void {
    failing(this.#path, () => this.#database.exec(sql));
  }

  transaction<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk has rolled it back already.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }
}

/** The library takes text up to its first NUL: a picture of one stands for it. */
function bound(value: DatabaseValue): DatabaseValue {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\u2400') : value;
}

/** Says in our words what the library throws. */
function failing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof TunnelscopeError) throw thrown;
    const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    throw new TunnelscopeError(DAMAGE.has(code) ? 'DATABASE_DAMAGED' : 'FILE', `database ${path}: ${reasonOf(thrown).trim()}`, {
      cause: thrown,
    });
  }
}
