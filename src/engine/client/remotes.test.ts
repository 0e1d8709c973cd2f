import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../base/random.ts';
import { seconds } from '../../base/units.ts';
import type { Profile, RetrySettings } from './configuration.ts';
import { Remotes } from './remotes.ts';

const RETRY: RetrySettings = { first: seconds(1), longest: seconds(300), maxRounds: undefined, resolve: undefined };

function profile(host: string): Profile {
  return {
    host,
    port: 1194,
    transport: 'udp',
    family: undefined,
    local: undefined,
    connectTimeout: seconds(120),
    exitNotify: false,
    wrap: { kind: 'none' },
    tunMtu: 1500,
    mssFix: undefined,
    proxy: undefined,
  };
}

function remotes(hosts: string, retry: Partial<RetrySettings> = {}): Remotes {
  return new Remotes([...hosts].map(profile), { ...RETRY, ...retry }, undefined);
}

function tried(from: Remotes, count: number): string {
  return Array.from({ length: count }, () => from.next()?.profile.host ?? '-').join('');
}

describe('the servers of a client', () => {
  it('are tried in turn', () => {
    expect(tried(remotes('abc'), 7)).toBe('abcabca');
  });

  it('are each tried at all addresses before the next', () => {
    const list = remotes('ab');
    const seen = Array.from({ length: 5 }, () => {
      const target = list.next();
      list.resolved(target?.profile.host === 'a' ? 3 : 1);
      return `${target?.profile.host}${target?.addressIndex}`;
    });
    expect(seen).toEqual(['a0', 'a1', 'a2', 'b0', 'a0']);
  });

  it('come first again once a session stood, and lose that by failing', () => {
    const list = remotes('abc');
    expect(tried(list, 2)).toBe('ab');
    list.succeeded();
    expect(tried(list, 2)).toBe('bc');
  });

  it.each([
    ['remote', 'ab'],
    ['no', 'aa'],
  ] as const)('follow what a server says of where to go: %s', (advance, expected) => {
    const list = remotes('ab');
    const first = tried(list, 1);
    list.resolved(2);
    list.redirect(advance);
    expect(first + tried(list, 1)).toBe(expected);
  });

  it('go on at the next address where the server says so', () => {
    const list = remotes('ab');
    list.next();
    list.resolved(2);
    list.redirect('addr');
    expect(list.next()).toMatchObject({ index: 0, addressIndex: 1 });
  });

  it('can be skipped', () => {
    const list = remotes('abc');
    list.next();
    expect([list.skip()?.profile.host, list.skip()?.profile.host, list.skip()?.profile.host]).toEqual(['b', 'c', 'a']);
  });

  it('come to an end after connect-retry-max rounds, counted from the last session', () => {
    expect(tried(remotes('ab', { maxRounds: 1 }), 4)).toBe('ab--');
    const list = remotes('ab', { maxRounds: 1 });
    expect(tried(list, 2)).toBe('ab');
    list.succeeded();
    expect(tried(list, 3)).toBe('ba-');
  });

  it('are each there once in random order', () => {
    const list = new Remotes([...'abcdef'].map(profile), RETRY, new SeededRandom(3));
    const order = tried(list, 6);
    expect([...order].toSorted().join('')).toBe('abcdef');
    expect(order).not.toBe('abcdef');
  });

  /** Pauses as stock's: after four rounds each doubles, up to the second value of connect-retry (facts: management 12). */
  it.each([
    ['one', 'a', [1, 1, 1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]],
    ['two', 'ab', [1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 4, 4, 8]],
  ])('are waited for longer with each round of failures: %s', (_, hosts, expected) => {
    const list = remotes(hosts);
    const pauses = expected.map(() => {
      list.next();
      return list.pause(undefined, false) / 1000;
    });
    expect(pauses).toEqual(expected);
  });

  it('are waited for as long as the server asked, within the limit, and ten seconds after a login that failed', () => {
    const list = remotes('a', { longest: seconds(30) });
    list.next();
    expect(list.pause(seconds(7), false)).toBe(seconds(7));
    expect(list.pause(seconds(700), false)).toBe(seconds(30));
    expect(list.pause(undefined, true)).toBe(seconds(10));
  });
});
