import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { host, quad, six, subnet } from '../../../test/support/data-packets.ts';
import { formatIp } from '../../base/ip.ts';
import type { Instant } from '../../base/units.ts';
import { RouteTable } from './routes.ts';

function at(seconds: number): Instant {
  return (seconds * 1000) as Instant;
}

function four(text: string): number {
  return quad(text).readInt32BE(0);
}

/** The table as the status would show it. */
function shown(table: RouteTable<string>): string[] {
  return [...table.entries()].map(({ owner, route, cached, lastReference }) => {
    const bits = route.bits === route.network.length * 8 ? '' : `/${route.bits}`;
    return `${formatIp(route.network)}${bits}${cached ? 'C' : ''} ${owner} ${lastReference / 1000}`;
  });
}

/** Routes of alice and bob, as in the recorded status files. */
function table(maxCached?: number): RouteTable<string> {
  const made = new RouteTable<string>(maxCached === undefined ? {} : { maxCached });
  made.replace('alice', [host('10.8.0.2'), host('fd00:8::1000'), subnet('10.66.0.0/24'), subnet('fd00:77::/64')], at(1));
  made.replace('bob', [host('10.8.0.3'), host('fd00:8::1001'), subnet('10.66.0.128/25')], at(2));
  return made;
}

describe('the table of inner routes', () => {
  it.each([
    ['10.8.0.2', 'alice'],
    ['10.8.0.3', 'bob'],
    ['10.8.0.4', undefined],
    ['10.66.0.5', 'alice'],
    ['10.66.0.127', 'alice'],
    ['10.66.0.128', 'bob'],
    ['10.66.1.1', undefined],
    ['255.255.255.255', undefined],
  ])('finds the owner of %s', (address, owner) => {
    expect(table().owner4(four(address))).toBe(owner);
    expect(table().towards4(four(address), at(3))).toBe(owner);
  });

  it.each([
    ['fd00:8::1000', 'alice'],
    ['fd00:8::1001', 'bob'],
    ['fd00:77::5', 'alice'],
    ['fd00:77:0:1::5', undefined],
    ['::1', undefined],
  ])('finds the owner of %s', (address, owner) => {
    const packet = Buffer.concat([Buffer.alloc(7), six(address)]);
    expect(table().owner6(packet, 7)).toBe(owner);
    expect(table().towards6(packet, 7, at(3))).toBe(owner);
  });

  it('shows when something was last sent towards a route, and caches hosts of subnets', () => {
    const routes = table();
    routes.owner4(four('10.8.0.2'));
    routes.owner4(four('10.66.0.5'));
    routes.towards4(four('10.8.0.3'), at(5));
    routes.towards4(four('10.66.0.5'), at(6));
    routes.towards6(six('fd00:77::5'), 0, at(7));
    expect(shown(routes)).toEqual([
      '10.8.0.2 alice 1',
      '10.8.0.3 bob 5',
      '10.66.0.5C alice 6',
      '10.66.0.128/25 bob 2',
      '10.66.0.0/24 alice 6',
      'fd00:8::1000 alice 1',
      'fd00:8::1001 bob 2',
      'fd00:77::5C alice 7',
      'fd00:77::/64 alice 7',
    ]);
  });

  it('forgets a cached host a minute after its last use', () => {
    const routes = table();
    expect(routes.nextExpiry).toBeUndefined();
    routes.towards4(four('10.66.0.5'), at(10));
    routes.towards4(four('10.66.0.6'), at(20));
    expect(routes.nextExpiry).toBe(at(70));
    routes.towards4(four('10.66.0.5'), at(30));
    routes.expire(at(70));
    expect(routes.nextExpiry).toBe(at(80));
    routes.expire(at(80));
    expect(shown(routes).filter((line) => line.includes('C '))).toEqual(['10.66.0.5C alice 30']);
    routes.expire(at(90));
    expect(routes.nextExpiry).toBeUndefined();
    expect(shown(routes)).toHaveLength(7);
  });

  it('caches no more hosts than its bound, and still finds them', () => {
    const routes = table(10);
    for (let i = 1; i < 100; i++) expect(routes.towards4(four(`10.66.0.${i}`), at(3))).toBe('alice');
    expect(shown(routes).filter((line) => line.includes('C '))).toHaveLength(10);
  });

  it('asks a new subnet for hosts that were cached of a wider one', () => {
    const routes = table();
    routes.towards4(four('10.66.0.5'), at(3));
    routes.towards4(four('10.66.0.100'), at(3));
    routes.towards6(six('fd00:77::5'), 0, at(3));
    routes.replace('carol', [subnet('10.66.0.0/28'), subnet('fd00:77::/120')], at(4));
    expect(routes.towards4(four('10.66.0.5'), at(5))).toBe('carol');
    expect(routes.towards6(six('fd00:77::5'), 0, at(5))).toBe('carol');
    expect(shown(routes)).toContain('10.66.0.100C alice 3');
  });

  it('replaces and removes all routes of an owner, cached hosts too', () => {
    const routes = table();
    routes.towards4(four('10.66.0.5'), at(3));
    routes.replace('alice', [host('10.8.0.9')], at(4));
    expect(shown(routes)).toEqual(['10.8.0.3 bob 2', '10.8.0.9 alice 4', '10.66.0.128/25 bob 2', 'fd00:8::1001 bob 2']);
    routes.remove('alice');
    routes.remove('bob');
    expect(shown(routes)).toEqual([]);
    expect(routes.nextExpiry).toBeUndefined();
  });

  it('gives a route to who claims it last, and does not take it from him when the former owner goes', () => {
    const routes = table();
    routes.replace('carol', [host('10.8.0.2'), subnet('10.66.0.0/24')], at(4));
    expect(routes.owner4(four('10.8.0.2'))).toBe('carol');
    routes.remove('alice');
    expect(routes.owner4(four('10.8.0.2'))).toBe('carol');
    expect(routes.owner4(four('10.66.0.9'))).toBe('carol');
  });

  it('takes a route of no bits for everything of its family', () => {
    const routes = new RouteTable<string>();
    routes.replace('exit', [subnet('0.0.0.0/0'), subnet('::/0')], at(0));
    expect(routes.towards4(four('192.0.2.1'), at(1))).toBe('exit');
    expect(routes.towards6(six('2001:db8::1'), 0, at(1))).toBe('exit');
    routes.replace('other', [subnet('0.0.0.0/0')], at(2));
    expect(routes.towards4(four('192.0.2.1'), at(3))).toBe('other');
  });

  it('finds the longest prefix as a plain search does', () => {
    const address = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const route = fc
      .tuple(address, fc.integer({ min: 0, max: 32 }))
      .map(([base, bits]) => ({ base: bits === 0 ? 0 : base & (-1 << (32 - bits)), bits }));
    fc.assert(
      fc.property(fc.array(route, { maxLength: 20 }), fc.array(address, { maxLength: 10 }), (routes, addresses) => {
        const made = new RouteTable<number>();
        for (const [owner, { base, bits }] of routes.entries()) {
          const network = Buffer.alloc(4);
          network.writeInt32BE(base);
          made.replace(owner, [{ family: 4, network, bits }], at(0));
        }
        for (const wanted of [...addresses, ...routes.map(({ base }) => base + (base < 0 ? 1 : 0))]) {
          let best: { owner: number; bits: number } | undefined;
          for (const [owner, { base, bits }] of routes.entries()) {
            const inside = bits === 0 || (wanted & (-1 << (32 - bits))) === base;
            if (inside && (best === undefined || bits >= best.bits)) best = { owner, bits };
          }
          expect(made.owner4(wanted)).toBe(best?.owner);
          expect(made.towards4(wanted, at(1))).toBe(best?.owner);
        }
      }),
    );
  });
});
