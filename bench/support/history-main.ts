import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import type { Now, WallTime } from '../../src/base/units.ts';
import { SystemClock } from '../../src/host/clock.ts';
import { openDatabase } from '../../src/host/database.ts';
import { Notes } from '../../src/messages/notes.ts';
import { recognise } from '../../src/messages/recogniser.ts';
import { Happenings } from '../../src/monitor/happenings.ts';
import { Names } from '../../src/monitor/history/names.ts';
import { Recorder } from '../../src/monitor/history/recorder.ts';
import { SqliteHistory } from '../../src/monitor/history/sqlite.ts';
import type { HistoryQuery } from '../../src/monitor/history/store.ts';
import { ThreadHistory } from '../../src/monitor/history/thread.ts';
import { expose } from '../../src/telemetry/expose.ts';
import { type Fact, Fleet, lineSeen } from '../../src/telemetry/index.ts';
import { client, list } from '../../src/telemetry/testing.ts';
import type { HistorySetup, SearchReport, WriteReport } from './history-setup.ts';

/** Measures the history in a process of its own: `node history-main.js SETUP`. */

const DAY = 86_400_000;
/** How often events come: in portions, as lines of a log do. */
const PORTION_MS = 20;
const CLIENTS = 1000;

async function write({ folder, perSecond, seconds }: Extract<HistorySetup, { kind: 'write' }>): Promise<WriteReport> {
  const clock = new SystemClock();
  const fleet = new Fleet();
  fleet.setDaemons(['vpn', 'busy']);
  const now = (): Now => {
    const moment = clock.now();
    fleet.advance(moment);
    return moment;
  };
  const happenings = new Happenings(fleet);
  const store = await ThreadHistory.open(join(folder, 'write.db'), () => undefined);
  const options = { store, names: new Names(undefined), fleet, clock, now, notes: new Notes(0, () => undefined) };
  const retention = ({ wall }: Now) => ({ before: (wall - DAY) as WallTime, maxBytes: 1e9 });
  const recorder = new Recorder({ ...options, retention }, await store.begin());
  happenings.listen(recorder);
  const tell = (daemon: string, fact: Fact): void => fleet.handle({ daemon, source: 'management', now: clock.now(), fact });
  for (const daemon of ['vpn', 'busy']) tell(daemon, { kind: 'source-up', where: 'x', lines: true });
  const failed = [
    "10.1.1.1:5 TLS: Username/Password authentication deferred for username 'alice' ",
    '10.1.1.1:5 TLS Auth Error: Auth Username/Password verification failed for peer',
  ];
  const others = setInterval(() => {
    // The rest of a monitor's work: a list of a thousand clients, and a page of metrics, each second.
    const moved = Math.round(performance.now());
    tell('busy', list(Array.from({ length: CLIENTS }, (_, index) => client(index + 1, { bytesReceived: moved, bytesSent: moved }))));
    for (const piece of expose(fleet, now(), { format: 'text' })) void piece.length;
  }, 1000);
  await delay(2000);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  let told = 0;
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
    for (; told < due; told++) for (const text of failed) tell('vpn', { kind: 'line', line: lineSeen(recognise(text)) });
    await delay(PORTION_MS);
  }
  delays.disable();
  const last = performance.now();
  const count = async (): Promise<number> => {
    let found = 0;
    let after: HistoryQuery['after'];
    do {
      const page = await store.events('auth-failure', { limit: 10_000, after });
      found += page.records.length;
      after = page.next;
    } while (after !== undefined);
    return found;
  };
  let written = 0;
  let behind = 0;
  const newest = async (): Promise<boolean> => (written = await count()) >= told;
  while (!(await newest()) && behind < 10_000) behind = performance.now() - last;
  clearInterval(others);
  happenings.close();
  await recorder.close();
  await store.close();
  return { told, written, behind, longestDelay: delays.max / 1e6, delay99: delays.percentile(99) / 1e6 };
}

async function search({ folder, sessions, rounds }: Extract<HistorySetup, { kind: 'search' }>): Promise<SearchReport> {
  const file = join(folder, 'search.db');
  const start = Date.UTC(2026, 0, 1);
  await SqliteHistory.open(file).close();
  const database = openDatabase(file);
  const every = Math.floor((365 * DAY) / sessions);
  // Two thousand users, ten daemons, sessions of up to a day; the last ones are still there.
  database.exec(`
    WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < ${sessions})
    INSERT INTO session SELECT i, 'vpn' || (i % 10), 'user' || (i * 7919 % 2000), 'user' || (i * 7919 % 2000), NULL, '192.0.2.1:' || (i % 60000),
      '10.8.' || (i % 250) || '.2', NULL, ${start} + i * ${every}, CASE WHEN i > ${sessions - 1000} THEN NULL ELSE ${start} + i * ${every} + i * 104729 % ${DAY} END,
      ${start} + i * ${every}, i * 31, i * 17, 0, 'ping-restart', '2.6.14', 'linux', 'AES-256-GCM' FROM number`);
  database.close();
  const store = SqliteHistory.openToRead(file);
  const slowest: Record<string, number> = {};
  const ask = async (what: string, query: Partial<HistoryQuery>): Promise<void> => {
    const began = performance.now();
    const { records } = await store.sessions({ limit: 100, ...query });
    const took = performance.now() - began;
    if (records.length === 0) throw new Error(`${what}: nothing was found`);
    slowest[what] = Math.max(slowest[what] ?? 0, took);
  };
  const at = (day: number): WallTime => (start + day * DAY) as WallTime;
  for (let round = 0; round < rounds; round++) {
    const user = `user${(round * 997) % 2000}`;
    const daemon = `vpn${round % 10}`;
    const day = 1 + ((round * 37) % 350);
    await ask('by user', { user });
    await ask('by user, all of a year', { user, limit: 1000 });
    await ask('by user and a week', { user, since: at(day), until: at(day + 7) });
    await ask('by daemon', { daemon });
    await ask('by daemon and a day', { daemon, since: at(day), until: at(day + 1) });
    await ask('by time: who was there', { since: at(day), until: at(day) });
    await ask('by time: the last week', { since: at(358) });
    await ask('by time: of the last week the page after the last', { since: at(364.9), until: at(365), limit: 10_000 });
  }
  await store.close();
  return slowest;
}

const setup = JSON.parse(process.argv[2] ?? '') as HistorySetup;
process.stdout.write(JSON.stringify(setup.kind === 'write' ? await write(setup) : await search(setup)));
