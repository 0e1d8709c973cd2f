import { beforeEach, describe, expect, it } from 'vitest';
import type { Now, WallTime } from '../../base/units.ts';
import { ManualClock } from '../../host/clock.ts';
import { Notes } from '../../messages/notes.ts';
import { Fleet, type SeenClient } from '../../telemetry/index.ts';
import { client, list } from '../../telemetry/testing.ts';
import { Happenings } from '../happenings.ts';
import { MemoryHistory } from './memory.ts';
import { Names } from './names.ts';
import { Recorder } from './recorder.ts';
import type { SessionRecord } from './records.ts';
import type { HistoryChange } from './store.ts';

const START = 1_795_352_568_000;

let store: MemoryHistory;
let clock: ManualClock;
let fleet: Fleet;
let happenings: Happenings;
let recorder: Recorder;
let said: string[];
let keep: number;

/** A monitor begins, on the store as it is. */
async function begin(names = new Names(undefined), daemons = ['vpn']): Promise<void> {
  fleet = new Fleet();
  fleet.setDaemons(daemons);
  happenings = new Happenings(fleet);
  const now = (): Now => {
    const moment = clock.now();
    fleet.advance(moment);
    return moment;
  };
  const retention = ({ wall }: Now) => ({ before: (wall - keep) as WallTime, maxBytes: Infinity });
  said = [];
  const notes = new Notes(3, ({ row, args }) => void said.push(`${row.id} ${JSON.stringify(args)}`));
  recorder = new Recorder({ store, names, fleet, clock, now, notes, retention }, await store.begin());
  happenings.listen(recorder);
}

beforeEach(async () => {
  clock = new ManualClock(START);
  store = new MemoryHistory();
  keep = 86_400_000;
  await begin();
});

const up = (): void => tell({ kind: 'source-up', where: '/run/vpn.sock' });
const tell = (fact: Parameters<Fleet['handle']>[0]['fact'], daemon = 'vpn'): void =>
  fleet.handle({ daemon, source: 'management', now: clock.now(), fact });
/** Alice since the start, with what she moved. */
const alice = (changes: Partial<SeenClient> = {}): SeenClient =>
  client(1, { commonName: 'alice', since: { wall: START as WallTime }, ...changes });
const sessions = async (): Promise<readonly SessionRecord[]> => (await store.sessions({ limit: 100 })).records;
/** Lets time pass step by step, and what waits for the database happen. */
async function pass(seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 10; step++) {
    clock.advance(100);
    await Promise.resolve().then(() => undefined);
  }
}
const ends = async (): Promise<unknown[]> =>
  (await sessions()).map(({ id, ended, reason, received }) => [id, ended === undefined ? undefined : ended - START, reason, received]);

describe('what is recorded', () => {
  it('is each session: who, from where, when, how much, and how it ended', async () => {
    up();
    tell(list([alice({ bytesReceived: 7, username: 'Alice' })]));
    await pass(5);
    expect(await sessions()).toMatchObject([
      {
        id: 1,
        daemon: 'vpn',
        commonName: 'alice',
        username: 'Alice',
        address: '10.99.0.2:1',
        started: START,
        ended: undefined,
        received: 7,
      },
    ]);
    tell(list([]));
    await pass(3);
    expect(await ends()).toEqual([[1, 5000, 'unknown', 7]]);
  });

  it('is what a session has moved while it lasts', async () => {
    up();
    tell(list([alice()]));
    await pass(1);
    tell(list([alice({ bytesReceived: 50 })]));
    await pass(20);
    expect(await ends()).toEqual([[1, undefined, undefined, 0]]);
    await pass(20);
    expect(await ends()).toEqual([[1, undefined, undefined, 50]]);
    expect(await store.traffic({ limit: 9 })).toMatchObject([{ user: 'alice', received: 50 }]);
  });

  it('is not ended before it began when the clock is set back', async () => {
    up();
    tell(list([alice({ since: { wall: (START + 1000) as WallTime } })]));
    clock.setWall((START - 3_600_000) as WallTime);
    tell(list([]));
    await pass(1);
    expect(await ends()).toEqual([[1, 1000, 'unknown', 0]]);
  });

  it('is a session that came back as the same', async () => {
    up();
    for (const clients of [[alice()], [], [alice({ bytesReceived: 9 })]]) {
      tell(list(clients));
      await pass(5);
    }
    expect(await ends()).toEqual([[1, undefined, undefined, 0]]);
    tell(list([]));
    await pass(1);
    expect(await ends()).toEqual([[1, 15_000, 'unknown', 9]]);
  });

  it('is who was not let in, every state, sources, alerts and commands', async () => {
    up();
    tell({ kind: 'state', state: { time: START as WallTime, name: 'CONNECTED', detail: 'SUCCESS' } });
    tell({ kind: 'source-down', where: '/run/vpn.sock', fault: 'refused', text: 'Connection refused' });
    tell({ kind: 'source-down', where: '/run/vpn.sock', fault: 'refused', text: 'Connection refused' });
    happenings.failure({
      daemon: 'vpn',
      what: 'login',
      reason: 'token',
      username: 'bob',
      commonName: 'b',
      address: '192.0.2.1:5',
      now: clock.now(),
    });
    const labels = new Map([
      ['daemon', 'vpn'],
      ['severity', 'critical'],
    ]);
    const annotations = new Map([['summary', 'vpn is down']]);
    happenings.alert({
      rule: 'Down',
      state: 'firing',
      labels,
      annotations,
      since: START as WallTime,
      ended: undefined,
      value: 1,
      fingerprint: 'f',
    });
    happenings.audit('vpn', { now: clock.now(), client: 1, from: 'x', role: 'read', line: 'kill bob', refused: 'not allowed' });
    await pass(1);
    const all = await Promise.all((['auth-failure', 'state', 'alert', 'audit'] as const).map((kind) => store.events(kind, { limit: 9 })));
    expect(
      all.map(({ records }) =>
        records.map(({ what, level, status, detail, user, address }) => [what, level, status, detail, user, address]),
      ),
    ).toEqual([
      [['token', undefined, 'login', undefined, 'bob', '192.0.2.1:5']],
      [
        ['source-down', undefined, undefined, 'management: /run/vpn.sock: Connection refused', undefined, undefined],
        ['CONNECTED', undefined, undefined, 'SUCCESS', undefined, undefined],
        ['source-up', undefined, undefined, 'management: /run/vpn.sock', undefined, undefined],
      ],
      [['Down', 'critical', 'firing', 'vpn is down', undefined, undefined]],
      [['kill bob', 'read', 'refused', 'not allowed', undefined, 'x']],
    ]);
  });

  it('names nobody where names are hashed, and is found by the hash', async () => {
    const names = new Names(Buffer.from('key'));
    await begin(names);
    up();
    tell(list([alice({ username: 'Alice' })]));
    happenings.audit('vpn', {
      now: clock.now(),
      client: 1,
      from: '192.0.2.9:5',
      role: 'operate',
      line: 'client-kill 5 alice',
      refused: undefined,
    });
    happenings.failure({
      daemon: 'vpn',
      what: 'login',
      reason: 'token',
      username: 'Alice',
      commonName: 'b',
      address: '[fd00::1]:5',
      now: clock.now(),
    });
    await pass(1);
    const kept = JSON.stringify([
      await sessions(),
      await store.events('audit', { limit: 9 }),
      await store.events('auth-failure', { limit: 9 }),
    ]);
    expect(kept).not.toMatch(/alice|10\.99|192\.0|fd00/i);
    expect((await store.sessions({ limit: 9, user: names.of('Alice') })).records).toHaveLength(1);
    expect((await store.events('audit', { limit: 9 })).records[0]?.what).toBe(`client-kill 5 ${names.of('alice')}`);
    // HMAC-SHA256 of `Alice` with the key `key`, its first 16 digits.
    expect(names.of('Alice')).toBe('008f6a57e64b3bc2');
  });
});

describe('a recorder after another', () => {
  it('goes on with who is still there, and ends who is not at what was last known', async () => {
    up();
    tell(list([alice({ bytesReceived: 5 }), client(2, { since: { wall: START as WallTime }, bytesReceived: 3 })]));
    await pass(1);
    // SIGKILL: nothing is said any more.
    await begin();
    await pass(600);
    expect(await ends()).toEqual([
      [2, undefined, undefined, 3],
      [1, undefined, undefined, 5],
    ]);
    up();
    tell(list([alice({ bytesReceived: 11 }), client(3, { since: { wall: (START + 9) as WallTime } })]));
    await pass(1);
    expect(await ends()).toEqual([
      [4, undefined, undefined, 0],
      [2, 0, 'unknown', 3],
      [1, undefined, undefined, 11],
    ]);
    expect((await store.traffic({ limit: 9, user: 'alice' })).map(({ received }) => received)).toEqual([11]);
    tell(list([]));
    await pass(1);
    expect((await ends())[2]).toEqual([1, 602_000, 'unknown', 11]);
  });

  it('does not take another session of the same client for it', async () => {
    up();
    tell(list([alice()]));
    await pass(1);
    await begin();
    up();
    tell(list([alice({ since: { wall: (START + 60_000) as WallTime } })]));
    await pass(1);
    expect((await ends()).map((each) => [each].flat()[2])).toEqual([undefined, 'unknown']);
  });

  it('ends those of daemons that are watched no more, and of those that never tell', async () => {
    up();
    tell(list([alice()]));
    await pass(1);
    await begin(undefined, ['other']);
    await pass(1);
    expect(await ends()).toEqual([[1, 0, 'unknown', 0]]);
    const [session] = await sessions();
    if (session === undefined) throw new Error('no session');
    await store.write([{ kind: 'session-begun', session: { ...session, id: 9, ended: undefined, daemon: 'other' } }]);
    await begin(undefined, ['other']);
    tell({ kind: 'source-up', where: '/var/log/vpn.log', lines: true }, 'other');
    await pass(290);
    expect((await sessions()).filter(({ ended }) => ended === undefined)).toHaveLength(1);
    await pass(20);
    expect((await sessions()).filter(({ ended }) => ended === undefined)).toHaveLength(0);
  });
});

describe('a recorder whose database', () => {
  it('cannot be written keeps what happens, and says once that it failed and once that it works', async () => {
    let broken = true;
    const write = store.write.bind(store);
    store.write = (changes: readonly HistoryChange[]) => (broken ? Promise.reject(new Error('disk full')) : write(changes));
    up();
    tell(list([alice()]));
    await pass(10);
    expect(said).toEqual(['monitor.history-failed {"reason":"disk full"}']);
    broken = false;
    await pass(3);
    expect([(await sessions()).length, said[1]]).toEqual([1, 'monitor.history-works {"count":0}']);
    expect((await store.events('state', { limit: 9 })).records).toHaveLength(1);
  });

  it('cannot be written for long does not grow without bound, and says how much was lost', async () => {
    const write = store.write.bind(store);
    store.write = () => Promise.reject(new Error('disk full'));
    const failure = { daemon: 'vpn', what: 'login', reason: 'token', username: 'b', commonName: 'b', address: 'x' } as const;
    for (let count = 0; count < 100_050; count++) happenings.failure({ ...failure, now: clock.now() });
    await pass(1);
    store.write = write;
    await pass(10);
    expect(said.at(-1)).toBe('monitor.history-works {"count":50}');
    expect((await store.events('auth-failure', { limit: 200_000 })).records).toHaveLength(100_000);
  });

  it('was damaged gets those who are there now', async () => {
    up();
    tell(list([alice()]));
    await pass(1);
    await store.erase('alice');
    recorder.restart();
    await pass(1);
    expect(await ends()).toEqual([[1, undefined, undefined, 0]]);
  });

  it('is too large or has old records forgets', async () => {
    keep = 100_000;
    up();
    await pass(1);
    expect((await store.events('state', { limit: 9 })).records).toHaveLength(1);
    await pass(200);
    expect((await store.events('state', { limit: 9 })).records).toHaveLength(0);
  });

  it('is closed has all that happened', async () => {
    up();
    tell(list([alice()]));
    tell(list([alice({ bytesReceived: 44 })]));
    await recorder.close();
    expect(await ends()).toEqual([[1, undefined, undefined, 44]]);
    expect(clock.pending).toBe(0);
  });
});
