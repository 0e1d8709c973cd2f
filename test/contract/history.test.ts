import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WallTime } from '../../src/base/units.ts';
import { MemoryHistory } from '../../src/monitor/history/memory.ts';
import type { NewEvent, SessionRecord } from '../../src/monitor/history/records.ts';
import { sessionRecord } from '../../src/monitor/history/testing.ts';
import { SqliteHistory } from '../../src/monitor/history/sqlite.ts';
import type { HistoryChange, HistoryQuery, HistoryStore, Page } from '../../src/monitor/history/store.ts';
import { ThreadHistory } from '../../src/monitor/history/thread.ts';
import { builtWorker } from '../support/worker-build.ts';

const DAY = 86_400_000;
/** A midnight, UTC. */
const START = 1_795_305_600_000;
const WORKER = builtWorker('src/monitor/history/worker.ts');

let folder: string;
let file: string;
let damaged: [aside: string, reason: string][];
const noteDamage = (aside: string, reason: string): void => void damaged.push([aside, reason]);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-history-'));
  file = join(folder, 'history.db');
  damaged = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (ms: number): WallTime => (START + ms) as WallTime;

const session = (id: number, changes: Partial<SessionRecord> = {}): SessionRecord => sessionRecord(id, at(id * 1000), changes);

function event(ms: number, changes: Partial<NewEvent> = {}): NewEvent {
  const none = { daemon: 'vpn', user: undefined, address: undefined, level: undefined, status: undefined, detail: undefined };
  return { kind: 'state', time: at(ms), what: 'CONNECTED', ...none, ...changes };
}

const begun = (record: SessionRecord): HistoryChange => ({ kind: 'session-begun', session: record });
const become = (record: SessionRecord): HistoryChange => ({ kind: 'session', session: record });
const happened = (record: NewEvent): HistoryChange => ({ kind: 'event', event: record });

const STORES: Readonly<Record<string, () => Promise<HistoryStore>>> = {
  memory: () => Promise.resolve(new MemoryHistory()),
  'an SQLite file': () => Promise.resolve(SqliteHistory.open(file)),
  'an SQLite file on its own thread': () => ThreadHistory.open(file, noteDamage, WORKER),
};

describe.each(Object.entries(STORES))('a history in %s', (_name, open) => {
  let store: HistoryStore;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  const ids = async (query: Partial<HistoryQuery> = {}): Promise<number[]> =>
    (await store.sessions({ limit: 100, ...query })).records.map(({ id }) => id);
  const whats = async (kind: NewEvent['kind'], query: Partial<HistoryQuery> = {}): Promise<string[]> =>
    (await store.events(kind, { limit: 100, ...query })).records.map(({ what }) => what);

  it('gives back what was written, to the letter', async () => {
    const full = session(1, {
      username: 'o\'brien \n\t\u202e☃ 😀 "; DROP TABLE session; --',
      virtual6: 'fd00::1',
      ended: at(9000),
      updated: at(9000),
      received: 2 ** 53 - 1,
      sent: 7,
      lost: 3,
      reason: 'ping-restart',
    });
    await store.write([
      begun(full),
      begun(session(2, { commonName: undefined, version: undefined, platform: undefined, cipher: undefined })),
    ]);
    const { records } = await store.sessions({ limit: 10 });
    expect(records).toEqual([session(2, { commonName: undefined, version: undefined, platform: undefined, cipher: undefined }), full]);
    const alert = event(5, {
      kind: 'alert',
      what: 'OpenVPNDown',
      level: 'critical',
      status: 'firing',
      detail: '%s\n',
      user: 'x',
      address: 'y',
    });
    await store.write([happened(alert), happened({ ...event(6), daemon: undefined })]);
    expect((await store.events('alert', { limit: 10 })).records).toEqual([{ ...alert, id: expect.any(Number) }]);
    expect((await store.events('state', { limit: 10 })).records).toMatchObject([{ daemon: undefined }]);
  });

  it('says what a writer begins with', async () => {
    expect(await store.begin()).toEqual({ lastSession: 0, open: [] });
    await store.write([begun(session(7)), begun(session(5, { ended: at(6000) }))]);
    expect(await store.begin()).toEqual({ lastSession: 7, open: [session(7)] });
    await store.erase('alice');
    // A number is not given again.
    expect(await store.begin()).toEqual({ lastSession: 7, open: [] });
  });

  it('changes a session in place, never its beginning, and none that it does not have', async () => {
    await store.write([
      begun(session(1)),
      become(session(1, { started: at(0), daemon: 'x', username: 'Alice', received: 5, ended: at(4000) })),
    ]);
    await store.write([become(session(2))]);
    expect((await store.sessions({ limit: 9 })).records).toEqual([session(1, { username: 'Alice', received: 5, ended: at(4000) })]);
    // It came back: it never had ended.
    await store.write([become(session(1, { username: 'Alice' }))]);
    expect((await store.begin()).open.map(({ id }) => id)).toEqual([1]);
  });

  it('finds sessions by user, daemon and time', async () => {
    await store.write([
      begun(session(1, { ended: at(3000) })),
      begun(session(2, { commonName: 'bob', ended: at(8000) })),
      begun(session(3, { commonName: 'laptop', username: 'alice', daemon: 'b', ended: at(3500) })),
      begun(session(4, { commonName: 'alice', username: 'alice' })),
      begun(session(5, { commonName: 'alice', username: 'carol', ended: at(6000) })),
    ]);
    expect(await ids()).toEqual([5, 4, 3, 2, 1]);
    expect(await ids({ user: 'alice' })).toEqual([5, 4, 3, 1]);
    expect(await ids({ user: 'carol' })).toEqual([5]);
    expect(await ids({ user: 'laptop' })).toEqual([3]);
    expect(await ids({ user: 'ALICE' })).toEqual([]);
    expect(await ids({ daemon: 'b' })).toEqual([3]);
    expect(await ids({ user: 'alice', daemon: 'vpn' })).toEqual([5, 4, 1]);
    // Who was there at that time.
    expect(await ids({ since: at(3500), until: at(3500) })).toEqual([3, 2]);
    expect(await ids({ since: at(7000) })).toEqual([4, 2]);
    expect(await ids({ until: at(1999) })).toEqual([1]);
  });

  it('finds events by kind, user, daemon and time', async () => {
    await store.write([
      happened(event(1, { kind: 'auth-failure', what: 'a', user: 'alice' })),
      happened(event(2, { kind: 'auth-failure', what: 'b', user: 'bob', daemon: 'b' })),
      happened(event(3, { kind: 'auth-failure', what: 'c', user: 'alice', daemon: 'b' })),
      happened(event(3, { what: 'd' })),
    ]);
    expect(await whats('auth-failure')).toEqual(['c', 'b', 'a']);
    expect(await whats('auth-failure', { user: 'alice' })).toEqual(['c', 'a']);
    expect(await whats('auth-failure', { daemon: 'b', since: at(3) })).toEqual(['c']);
    expect(await whats('auth-failure', { until: at(2) })).toEqual(['b', 'a']);
    expect(await whats('state')).toEqual(['d']);
    expect(await whats('audit')).toEqual([]);
  });

  it('gives pages without a gap and without a double, whatever comes meanwhile', async () => {
    // Seven a time: an order by time alone would not do.
    const all = Array.from({ length: 50 }, (_, index) => session(index + 1, { started: at(Math.floor(index / 7)), username: 'u' }));
    await store.write(all.map(begun));
    await store.write(all.map(({ id }) => happened(event(Math.floor(id / 7), { what: `${id}`, user: 'u' }))));
    const gathered = async <T>(next: (query: HistoryQuery) => Promise<Page<T>>, of: (record: T) => number): Promise<number[]> => {
      const found: number[] = [];
      let page = await next({ limit: 7, user: 'u', until: at(DAY - 1) });
      for (;;) {
        found.push(...page.records.map(of));
        if (page.next === undefined) return found;
        await store.write([begun(session(1000 + found.length, { started: at(DAY), username: 'u' })), happened(event(DAY, { user: 'u' }))]);
        page = await next({ limit: 7, user: 'u', until: at(DAY - 1), after: page.next });
      }
    };
    const expected = all.map(({ id }) => id).toReversed();
    expect(
      await gathered(
        (query) => store.sessions(query),
        ({ id }) => id,
      ),
    ).toEqual(expected);
    expect(
      await gathered(
        (query) => store.events('state', query),
        ({ what }) => Number(what),
      ),
    ).toEqual(expected);
  });

  it('sums what was moved a user, daemon and day', async () => {
    const noon = (day: number): WallTime => at(day * DAY + DAY / 2);
    await store.write([
      begun(session(1, { updated: noon(0), received: 100, sent: 10 })),
      begun(session(2, { updated: noon(0), received: 5, sent: 1, username: 'bob' })),
    ]);
    await store.write([
      become(session(1, { updated: noon(1), received: 150, sent: 40 })),
      become(session(1, { updated: noon(1), received: 151, sent: 40 })),
      // Less than before is an old word.
      become(session(2, { updated: noon(1), received: 4, sent: 0, username: 'bob' })),
      begun(session(3, { updated: noon(1), received: 1, daemon: 'b' })),
      begun(session(4, { updated: noon(1), received: 3, commonName: undefined })),
    ]);
    const row = (day: string, user: string | undefined, received: number, sent: number, daemon = 'vpn') => ({
      day,
      daemon,
      user,
      received,
      sent,
    });
    const all = [
      row('2026-11-23', undefined, 3, 0),
      row('2026-11-23', 'alice', 1, 0, 'b'),
      row('2026-11-23', 'alice', 51, 30),
      row('2026-11-22', 'alice', 100, 10),
      row('2026-11-22', 'bob', 5, 1),
    ];
    expect(await store.traffic({ limit: 100 })).toEqual(all);
    expect(await store.traffic({ limit: 2 })).toEqual(all.slice(0, 2));
    expect(await store.traffic({ limit: 9, user: 'alice', daemon: 'vpn' })).toEqual([all[2], all[3]]);
    expect(await store.traffic({ limit: 9, until: at(DAY - 1) })).toEqual(all.slice(3));
    expect(await store.traffic({ limit: 9, since: at(DAY + 5) })).toEqual(all.slice(0, 3));
  });

  it('forgets what is too old, and nobody who is still there', async () => {
    await store.write([
      begun(session(1, { ended: at(5000), received: 9 })),
      begun(session(2, { ended: at(6001) })),
      begun(session(3)),
      happened(event(5999, { what: 'old' })),
      happened(event(6001, { what: 'new' })),
    ]);
    const retention = { before: at(6000), maxBytes: Infinity };
    expect(await store.retain(retention)).toBe(2);
    expect(await store.retain(retention)).toBe(0);
    expect(await ids()).toEqual([3, 2]);
    expect(await whats('state')).toEqual(['new']);
    expect(await store.traffic({ limit: 9 })).toHaveLength(1);
    expect(await store.retain({ before: at(2 * DAY), maxBytes: Infinity })).toBe(2);
    expect(await store.traffic({ limit: 9 })).toEqual([]);
    expect(await ids()).toEqual([3]);
  });

  it('forgets the oldest when it is too large, until it is not', async () => {
    const many = Array.from({ length: 6000 }, (_, index) => begun(session(index + 1, { ended: at((index + 2) * 1000) })));
    await store.write(many);
    const retention = { before: at(0), maxBytes: 600_000 };
    let gone = 0;
    for (let step = await store.retain(retention); step > 0; step = await store.retain(retention)) gone += step;
    const left = (await store.sessions({ limit: 6000 })).records;
    expect([left.length + gone, left[0]?.id]).toEqual([6000, 6000]);
    expect(left.length).toBeGreaterThan(500);
    expect(left.length).toBeLessThan(4001);
    expect(left.at(-1)?.id).toBe(gone + 1);
  });

  it('erases a person, also out of what others did', async () => {
    await store.write([
      begun(session(1, { received: 4 })),
      begun(session(2, { username: 'bob' })),
      begun(session(3, { commonName: 'x', username: 'alice' })),
      begun(session(4, { commonName: 'alice2', received: 1 })),
      happened(event(1, { kind: 'auth-failure', what: 'credentials', user: 'alice' })),
      happened(event(2, { kind: 'audit', what: 'kill alice', detail: 'no alice, no alice2, no alice@x' })),
      happened(event(3, { kind: 'audit', what: 'kill malice' })),
    ]);
    expect(await store.erase('alice')).toBe(5);
    // Whose certificate has the name is the person too.
    expect(await ids()).toEqual([4]);
    expect(await whats('auth-failure')).toEqual([]);
    expect((await store.events('audit', { limit: 9 })).records.map(({ what, detail }) => [what, detail])).toEqual([
      ['kill malice', undefined],
      ['kill [erased]', 'no [erased], no alice2, no alice@x'],
    ]);
    expect((await store.traffic({ limit: 9 })).map(({ user }) => user)).toEqual(['alice2']);
    // What is still heard of a session does not bring it back.
    await store.write([become(session(1, { received: 100 }))]);
    expect([await ids(), (await store.traffic({ limit: 9 })).length]).toEqual([[4], 1]);
    expect(await store.erase('.*')).toBe(0);
  });
});

describe('a history in an SQLite file', () => {
  const names = (): string[] => readdirSync(folder).toSorted();

  it("is its owner's alone, and outlives who wrote it", async () => {
    const store = SqliteHistory.open(file);
    await store.write([begun(session(1))]);
    expect(names().map((name) => statSync(join(folder, name)).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    // Another reads it meanwhile, as after a kill; it sees what is committed.
    const reader = SqliteHistory.openToRead(file);
    expect((await reader.sessions({ limit: 1 })).records).toEqual([session(1)]);
    await store.write([become(session(1, { received: 3 }))]);
    expect((await reader.sessions({ limit: 1 })).records).toEqual([session(1, { received: 3 })]);
    await expect(reader.write([begun(session(2))])).rejects.toMatchObject({ code: 'FILE' });
    await reader.close();
    await store.close();
    expect(statSync(`${file}-wal`).size).toBe(0);
  });

  it('leaves nothing of an erased person in the file', async () => {
    const store = SqliteHistory.open(file);
    await store.write(Array.from({ length: 200 }, (_, index) => begun(session(index + 1, { commonName: 'someone-to-forget' }))));
    await store.write([begun(session(999, { commonName: 'someone-else' }))]);
    expect(await store.erase('someone-to-forget')).toBe(200);
    const bytes = Buffer.concat(names().map((name) => readFileSync(join(folder, name)))).toString('latin1');
    expect([bytes.includes('someone-to-forget'), bytes.includes('someone-else')]).toEqual([false, true]);
    await store.close();
  });

  it.each([
    ['is no database', (): Buffer => Buffer.alloc(8192, 7)],
    ['is cut off', (): Buffer => readFileSync(file).subarray(0, 5000)],
    ['has pages of something else', (): Buffer => readFileSync(file).fill(0x55, 4096, 4096 * 30)],
  ])('that %s is kept aside for a new one, and what was written last is in that', async (_what, damage) => {
    const before = await ThreadHistory.open(file, noteDamage, WORKER);
    await before.write(Array.from({ length: 1000 }, (_, index) => begun(session(index + 1, { ended: at(index * 2000) }))));
    await before.close();
    expect(names()).toEqual(['history.db']);
    const bytes = damage();
    writeFileSync(file, bytes);
    const store = await ThreadHistory.open(file, noteDamage, WORKER);
    await store.write([begun(session(5000))]);
    expect((await store.sessions({ limit: 9 })).records).toEqual([session(5000)]);
    await store.close();
    expect(damaged).toEqual([[`${file}.damaged-1`, expect.stringMatching(/file is not a database|malformed/)]]);
    // Looking at it may have counted up its version; all else is as it was.
    expect(readFileSync(`${file}.damaged-1`).subarray(4096).equals(bytes.subarray(4096))).toBe(true);
  });

  it('that is damaged twice is kept twice', async () => {
    for (let time = 0; time < 2; time++) {
      writeFileSync(file, 'x'.repeat(5000));
      await (await ThreadHistory.open(file, noteDamage, WORKER)).close();
    }
    expect(damaged.map(([aside]) => aside)).toEqual([`${file}.damaged-1`, `${file}.damaged-2`]);
  });

  it('is refused where it cannot be, and where a newer program has made it', async () => {
    const nowhere = join(folder, 'none', 'history.db');
    await expect(ThreadHistory.open(nowhere, noteDamage, WORKER)).rejects.toMatchObject({ code: 'FILE' });
    expect(() => SqliteHistory.openToRead(file)).toThrow('there is no database at');
    expect(() => SqliteHistory.open(folder)).toThrow(expect.objectContaining({ code: 'FILE' }));
    await (await ThreadHistory.open(file, noteDamage, WORKER)).close();
    const bytes = readFileSync(file);
    bytes.writeUInt32BE(99, 60);
    writeFileSync(file, bytes);
    for (const open of [() => SqliteHistory.open(file), () => SqliteHistory.openToRead(file)]) {
      expect(open).toThrow('a newer version of this program has made it');
    }
    expect(damaged).toEqual([]);
  });

  it('answers nothing any more once its thread is gone', async () => {
    const store = await ThreadHistory.open(file, noteDamage, WORKER);
    await store.close();
    await store.close();
    await expect(store.begin()).rejects.toMatchObject({ code: 'FILE', message: 'the history is closed' });
    await expect(ThreadHistory.open(file, noteDamage, new URL('./nowhere.js', WORKER))).rejects.toMatchObject({ code: 'FILE' });
  });
});
