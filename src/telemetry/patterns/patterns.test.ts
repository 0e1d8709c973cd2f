import { describe, expect, it } from 'vitest';
import { seconds } from '../../base/units.ts';
import { at, client, list, Rig, START, wall } from '../testing.ts';
import { Recent } from './recent.ts';
import { SteadyTime } from './steady-time.ts';
import { placeOf, Users } from './users.ts';
import { Usual } from './usual.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

describe('what came recently', () => {
  it('counts within its window, and no longer', () => {
    const recent = new Recent(seconds(300), 10);
    for (const second of [0, 10, 200]) recent.add('a', at(second));
    expect(recent.top(5)).toEqual([['a', 3]]);
    recent.advance(at(316));
    expect(recent.top(5)).toEqual([['a', 1]]);
    recent.advance(at(516));
    expect(recent.top(5)).toEqual([]);
  });

  it('remembers no more words than it may, the latest', () => {
    const recent = new Recent(seconds(300), 3);
    for (const word of ['a', 'b', 'a', 'c', 'd']) recent.add(word, at(1));
    expect(recent.top(5)).toEqual([
      ['a', 2],
      ['c', 1],
      ['d', 1],
    ]);
    expect(recent.top(1)).toEqual([['a', 2]]);
  });
});

describe('users', () => {
  it('are unusual from networks that are new, unless they are new themselves', () => {
    const users = new Users(10);
    expect(users.connected('alice', '10.0.0.0/24', wall(0))).toEqual([]);
    expect(users.connected('alice', '10.0.1.0/24', wall(1))).toEqual(['new-network']);
    expect(users.connected('alice', '10.0.0.0/24', wall(2))).toEqual([]);
  });

  it('are unusual at hours that are new, once a week was seen', () => {
    const users = new Users(10);
    const network = '10.0.0.0/24';
    for (let day = 0; day < 7; day++) expect(users.connected('alice', network, wall(day * DAY))).toEqual([]);
    expect(users.connected('alice', network, wall(7 * DAY + HOUR))).toEqual([]);
    expect(users.connected('alice', network, wall(7 * DAY + 8 * HOUR))).toEqual(['odd-hour']);
    expect(users.connected('alice', network, wall(8 * DAY + 8 * HOUR))).toEqual([]);
  });

  it('are no more than so many', () => {
    const users = new Users(2);
    for (const name of ['a', 'b', 'a', 'c']) users.connected(name, 'n', wall(0));
    expect(users.snapshot().map(({ name }) => name)).toEqual(['a', 'c']);
  });

  it.each([
    ['10.99.1.2', '10.99.1.0/24'],
    ['2001:db8:1:2::3', '2001:db8:1::/48'],
    ['no address', 'no address'],
  ])('come from %s in %s', (ip, network) => expect(placeOf(ip)).toBe(network));
});

describe('the usual traffic of an hour', () => {
  it('is learnt from whole hours of three days', () => {
    const usual = new Usual();
    // To the next hour, and then some days of 100 bytes a second.
    const begin = HOUR - (START % HOUR);
    for (let second = begin - 60; second <= begin + 4 * DAY + HOUR; second += 60) usual.look((second + 1000) * 100, at(second));
    expect(usual.at({ wall: wall(begin + 2 * HOUR + 5) })).toBeCloseTo(100);
    expect(usual.snapshot()).toHaveLength(24);
  });

  it('is not known from hours that were seen in part', () => {
    const usual = new Usual();
    for (let second = 0; second < 5 * DAY; second += 600) usual.look(second * 100, at(second));
    expect(usual.snapshot()).toEqual([]);
  });
});

describe('the time without jumps', () => {
  it('goes on over a jump, and follows one that stays', () => {
    const time = new SteadyTime();
    const jumped = (second: number, by: number) => ({ at: at(second).at, wall: wall(second + by) });
    expect(time.read(at(0))).toBe(wall(0));
    expect(time.read(jumped(10, HOUR))).toBe(wall(10));
    expect(time.read(jumped(20, 2))).toBe(wall(22));
    expect(time.read(jumped(30, -HOUR))).toBe(wall(32));
    expect(time.read(jumped(30 + HOUR, -HOUR))).toBe(wall(30));
  });
});

describe('patterns of a fleet', () => {
  it('find who fails to log in, by address and by the name of the certificate', () => {
    const rig = new Rig();
    rig.up('management', 0, true);
    for (const second of [1, 2]) {
      rig.line('management', second, '10.99.0.9:4001 VERIFY OK: depth=0, CN=mallory', 'I');
      rig.line('management', second, '10.99.0.9:4001 TLS Auth Error: Auth Username/Password verification failed for peer', 'N');
    }
    expect([...rig.fleet.patterns.recentFailures()]).toEqual([
      { daemon: 'vpn', by: 'address', who: '10.99.0.9', count: 2 },
      { daemon: 'vpn', by: 'user', who: 'mallory', count: 2 },
    ]);
    rig.fleet.advance(at(400));
    expect([...rig.fleet.patterns.recentFailures()]).toEqual([]);
  });

  it('count starts by the process, and by the log where that is not known', () => {
    const rig = new Rig();
    rig.up('log', 0, true);
    rig.line('log', 1, 'OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [AEAD]');
    expect([...rig.fleet.patterns.restarts()]).toEqual([{ daemon: 'vpn', count: 1 }]);
    rig.tell('management', 2, { kind: 'identity', pid: 10 });
    rig.line('log', 3, 'OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [AEAD]');
    rig.tell('management', 4, { kind: 'identity', pid: 11 });
    expect([...rig.fleet.patterns.restarts()]).toEqual([{ daemon: 'vpn', count: 2 }]);
  });

  it('show names as hashes where the series of users do', () => {
    const rig = new Rig({ series: { mode: 'off', top: 1, max: 1, hashKey: Buffer.from('key') } });
    rig.up('management', 0, true);
    rig.tell('management', 1, list([]));
    rig.tell('management', 2, list([client(4000, { commonName: 'alice' }), client(4001, { commonName: 'alice' })]));
    expect([...rig.fleet.patterns.concurrent()]).toEqual([{ daemon: 'vpn', user: expect.stringMatching(/^[0-9a-f]{16}$/), count: 2 }]);
  });
});
