import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, openDatabaseToRead } from './database.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-database-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a database', () => {
  it('takes numbers, text and nothing, and gives them back', () => {
    const database = openDatabase(join(folder, 'a.db'));
    database.exec('CREATE TABLE t (a INTEGER, b TEXT, c REAL) STRICT');
    const insert = database.prepare('INSERT INTO t VALUES (?, ?, ?)');
    expect([insert.run(2 ** 53 - 1, 'x\u0000y', 0.5), insert.run(null, null, null)]).toEqual([1, 1]);
    // NUL ends text for the library: what stands for it shows that there was one.
    expect(database.prepare('SELECT * FROM t').all()).toEqual([
      { a: 2 ** 53 - 1, b: 'x␀y', c: 0.5 },
      { a: null, b: null, c: null },
    ]);
    database.close();
  });

  it('keeps all of a transaction or, when it throws, nothing', () => {
    const database = openDatabase(join(folder, 'a.db'));
    database.exec('CREATE TABLE t (a INTEGER)');
    const insert = database.prepare('INSERT INTO t VALUES (?)');
    const failing = (): never => {
      insert.run(1);
      throw new Error('no');
    };
    expect(() => database.transaction(failing)).toThrow('no');
    expect(database.transaction(() => insert.run(2))).toBe(1);
    expect(database.prepare('SELECT a FROM t').all()).toEqual([{ a: 2 }]);
    database.close();
  });

  it('says what is wrong in one kind of error', () => {
    const database = openDatabase(join(folder, 'a.db'));
    expect(() => database.prepare('SELECT * FROM nothing')).toThrow(expect.objectContaining({ code: 'FILE' }));
    const reader = openDatabaseToRead(join(folder, 'a.db'));
    expect(() => reader.exec('CREATE TABLE t (a)')).toThrow(/readonly database/);
    expect(() => openDatabaseToRead(join(folder, 'b.db'))).toThrow(`there is no database at ${folder}/b.db`);
    reader.close();
    database.close();
  });
});
