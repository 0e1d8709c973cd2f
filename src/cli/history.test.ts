import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WallTime } from '../base/units.ts';
import { Names } from '../monitor/history/names.ts';
import type { NewEvent, SessionRecord } from '../monitor/history/records.ts';
import { sessionRecord } from '../monitor/history/testing.ts';
import { SqliteHistory } from '../monitor/history/sqlite.ts';
import { history } from './history.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 12) as WallTime;

let folder: string;
let file: string;
const before = (ms: number): WallTime => (NOW - ms) as WallTime;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tunnelscope-history-'));
  file = join(folder, 'history.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function run(...words: readonly string[]): Promise<string> {
  const printed: string[] = [];
  expect(await history([file, ...words], (text) => printed.push(text), NOW)).toBe(0);
  return printed.join('');
}

/** One that is over. */
function session(id: number, changes: Partial<SessionRecord> = {}): SessionRecord {
  const over = { ended: before(DAY), updated: before(DAY), received: 1500, sent: 20, lost: 0, reason: 'ping-restart' };
  return sessionRecord(id, before(2 * DAY), { ...over, ...changes });
}

async function fill(names = new Names(undefined)): Promise<void> {
  const store = SqliteHistory.open(file);
  const none = { address: undefined, user: undefined, level: undefined, status: undefined, detail: undefined };
  const event = (changes: Partial<NewEvent>): NewEvent => ({
    kind: 'state',
    time: before(DAY),
    daemon: 'vpn',
    what: 'CONNECTED',
    ...none,
    ...changes,
  });
  const sessions = [
    session(1),
    session(2, { commonName: 'bob', started: before(40 * DAY), ended: before(30 * DAY), updated: before(30 * DAY) }),
    session(3, { started: before(3_723_000), ended: undefined, reason: undefined, updated: NOW, username: '=cmd,"x"\u001b[31m' }),
  ];
  const events = [
    event({}),
    event({ kind: 'auth-failure', what: 'credentials', status: 'login', user: 'mallory', address: '192.0.2.9:1' }),
    event({ kind: 'audit', what: 'kill alice', level: 'operate', status: 'taken', address: 'unix' }),
    event({ kind: 'alert', what: 'OpenVPNDown', level: 'critical', status: 'firing', detail: 'vpn is down' }),
  ];
  await store.write([
    ...sessions.map((each) => ({ kind: 'session-begun' as const, session: names.session(each) })),
    ...events.map((each) => ({ kind: 'event' as const, event: names.event(each) })),
  ]);
  await store.close();
}

describe('tunnelscope history', () => {
  it('shows sessions, also those that are there, and nothing that steers a terminal', async () => {
    await fill();
    const [head, there, over, old, ...rest] = (await run()).trimEnd().split('\n');
    expect(head?.split(/  +/)).toEqual([
      ...'BEGAN LASTED DAEMON NAME USER FROM INSIDE RECEIVED SENT LOST'.split(' '),
      'ENDED BY',
      'CLIENT',
      'CIPHER',
    ]);
    expect(there).toMatch(
      / 01:02:03 +vpn +alice +=cmd,"x"_\[31m +192\.0\.2\.7:50000 +10\.8\.0\.2 +1\.5 kB +20 B +0 +\(is there\) +2\.6\.14 linux/,
    );
    expect(over).toMatch(/1d 00:00:00 .* ping-restart/);
    expect([old?.includes('bob'), rest]).toEqual([true, []]);
  });

  it('finds by user and time', async () => {
    await fill();
    const ids = async (...words: readonly string[]): Promise<unknown[]> =>
      (await run('--json', ...words))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { id: number }).id);
    expect(await ids('--user', 'alice', '--since', '7d')).toEqual([3, 1]);
    expect(await ids('--user', 'bob', '--since', '7d')).toEqual([]);
    expect(await ids('--since', '2026-10-20', '--until', '2026-11-01')).toEqual([2]);
    expect(await ids('--daemon', 'other')).toEqual([]);
    expect(await run('--limit', '1')).toMatch(/\(the latest 1; --limit N shows more\)\n$/);
  });

  it('writes CSV that spreadsheets take for text, and a line for each kind of record', async () => {
    await fill();
    const [head, there] = (await run('--csv')).split('\n');
    expect(head).toBe(
      'id,started,ended,seconds,daemon,common_name,username,address,virtual4,virtual6,received,sent,lost,reason,version,platform,cipher',
    );
    expect(there).toBe(
      '3,2026-11-22T10:57:57.000Z,,,vpn,alice,"\'=cmd,""x""\u001b[31m",192.0.2.7:50000,10.8.0.2,,1500,20,0,,2.6.14,linux,AES-256-GCM',
    );
    expect(await run('--traffic', '--csv')).toBe(
      'day,user,daemon,received,sent\n2026-11-22,"\'=cmd,""x""\u001b[31m",vpn,1500,20\n2026-11-21,alice,vpn,1500,20\n2026-10-23,bob,vpn,1500,20\n',
    );
    const when = '2026-11-21T12:00:00.000Z';
    expect(await run('--auth-failures', '--csv')).toBe(
      `time,daemon,user,address,step,reason\n${when},vpn,mallory,192.0.2.9:1,login,credentials\n`,
    );
    expect(await run('--states', '--csv')).toBe(`time,daemon,state,remote,detail\n${when},vpn,CONNECTED,,\n`);
    expect(await run('--alerts', '--csv')).toBe(
      `time,daemon,rule,severity,state,user,summary\n${when},vpn,OpenVPNDown,critical,firing,,vpn is down\n`,
    );
    expect(await run('--audit', '--csv')).toBe(`time,daemon,from,role,outcome,command,why\n${when},vpn,unix,operate,taken,kill alice,\n`);
  });

  it('forgets a person', async () => {
    await fill();
    // A session with the name of the certificate is theirs as well.
    expect(await run('--erase', 'alice')).toBe('3 records erased or changed\n');
    expect((await run('--csv')).split('\n').filter((line) => line !== '')).toHaveLength(2);
    expect(await run('--audit', '--csv')).toContain('kill [erased]');
  });

  it('takes the configuration of the monitor, and finds hashed names by it', async () => {
    writeFileSync(join(folder, 'key'), 'key\n');
    await fill(new Names(Buffer.from('key')));
    expect(await run('--user', 'alice', '--csv')).not.toContain('192.0.2.7');
    writeFileSync(
      join(folder, 'monitor.yaml'),
      'daemons: [{ name: vpn, status-file: s }]\nhistory: { file: history.db, hash-key-file: key }\n',
    );
    const printed: string[] = [];
    await history([join(folder, 'monitor.yaml'), '--user', 'alice', '--csv'], (text) => printed.push(text), NOW);
    expect(printed.join('').split('\n')).toHaveLength(4);
    expect((await run('--user', 'alice', '--csv', '--hash-key-file', join(folder, 'key'))).split('\n')).toHaveLength(4);
    expect((await run('--user', 'alice', '--csv')).split('\n')).toHaveLength(2);
  });

  it.each([
    [['--csv', '--json'], 'not both'],
    [['--traffic', '--states'], 'give one of --traffic'],
    [['--since', 'yesterday'], 'is neither a date'],
    [['--limit', '0'], '--limit'],
    [['--erase', ''], 'give a name'],
    [['--nothing'], 'nothing'],
    [['second'], 'give one FILE'],
    [[], 'there is no database at'],
  ])('refuses %j', async (words, text) => {
    if (words.length > 0) await fill();
    await expect(history([file, ...words], () => undefined, NOW)).rejects.toThrow(text);
  });
});
