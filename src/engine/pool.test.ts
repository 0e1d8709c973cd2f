import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp, parseIp } from '../base/ip.ts';
import { AddressPool, type Lease } from './pool.ts';
import type { AddressRange } from './settings.ts';

function range(first: string, last: string): AddressRange {
  const parse = (text: string): Buffer => {
    const ip = parseIp(text);
    if (ip === undefined) throw new Error(`no address: ${text}`);
    return ip.bytes;
  };
  return { first: parse(first), last: parse(last), bits: 24 };
}

function four(lease: Lease | undefined): string | undefined {
  return lease?.address4 === undefined ? undefined : formatIp(lease.address4);
}

function six(lease: Lease | undefined): string | undefined {
  return lease?.address6 === undefined ? undefined : formatIp(lease.address6);
}

const THREE = range('10.8.0.2', '10.8.0.4');

describe('a pool', () => {
  it('lends fresh addresses in order, until there are none', () => {
    const pool = new AddressPool(THREE, undefined, true);
    expect(['a', 'b', 'c', 'd'].map((name) => four(pool.acquire(name)))).toEqual(['10.8.0.2', '10.8.0.3', '10.8.0.4', undefined]);
    expect(pool.size).toBe(3);
  });

  it('gives a name back what it had', () => {
    const pool = new AddressPool(THREE, undefined, true);
    const [a, b] = [pool.acquire('a'), pool.acquire('b')];
    if (a === undefined || b === undefined) throw new Error('no leases');
    pool.release(a);
    pool.release(b);
    expect(four(pool.acquire('b'))).toBe('10.8.0.3');
    expect(four(pool.acquire('a'))).toBe('10.8.0.2');
  });

  it('gives another while the name still has its own', () => {
    const pool = new AddressPool(THREE, undefined, true);
    expect(four(pool.acquire('a'))).toBe('10.8.0.2');
    expect(four(pool.acquire('a'))).toBe('10.8.0.3');
  });

  it('takes fresh ones before those of others, then the one that was given back longest ago', () => {
    const pool = new AddressPool(THREE, undefined, true);
    const leases = ['a', 'b'].map((name) => pool.acquire(name));
    for (const lease of leases.toReversed()) if (lease !== undefined) pool.release(lease);
    expect(four(pool.acquire('c'))).toBe('10.8.0.4');
    expect(four(pool.acquire('d'))).toBe('10.8.0.3');
    expect(four(pool.acquire('b'))).toBe('10.8.0.2');
  });

  it('pays no heed to names where several may have the same', () => {
    const pool = new AddressPool(THREE, undefined, false);
    const lease = pool.acquire('a');
    if (lease !== undefined) pool.release(lease);
    expect(four(pool.acquire('a'))).toBe('10.8.0.3');
  });

  it('keeps IPv4 and IPv6 at the same distance from the start, and has as many as the smaller range', () => {
    const pool = new AddressPool(THREE, range('fd00::1000', 'fd00::1fff'), true);
    pool.acquire('a');
    const lease = pool.acquire('b');
    expect([four(lease), six(lease)]).toEqual(['10.8.0.3', 'fd00::1001']);
    expect(pool.size).toBe(3);
  });

  it('without a range lends nothing; with a vast one it is bounded', () => {
    expect(new AddressPool(undefined, undefined, true).acquire('a')).toBeUndefined();
    expect(new AddressPool(undefined, range('fd00::', 'fd00::ffff:ffff:ffff:ffff'), true).size).toBe(65_536);
  });

  it('releases once', () => {
    const pool = new AddressPool(range('10.8.0.2', '10.8.0.2'), undefined, true);
    const lease = pool.acquire('a');
    if (lease === undefined) throw new Error('no lease');
    pool.release(lease);
    pool.acquire('b');
    pool.release(lease);
    pool.release(lease);
    expect(pool.acquire('c')).toBeDefined();
    expect(pool.acquire('d')).toBeUndefined();
  });
});

describe('what a pool remembers', () => {
  it('is written in the order of addresses and read back', () => {
    const first = new AddressPool(THREE, undefined, true);
    for (const name of ['x', 'y']) first.acquire(name);
    const entries = first.entries();
    expect(entries).toEqual([
      { commonName: 'x', address4: '10.8.0.2', address6: '' },
      { commonName: 'y', address4: '10.8.0.3', address6: '' },
    ]);
    const second = new AddressPool(THREE, undefined, true);
    expect(second.load(entries)).toEqual([]);
    expect(four(second.acquire('y'))).toBe('10.8.0.3');
    expect(four(second.acquire('new'))).toBe('10.8.0.4');
  });

  it('leaves out lines that do not fit', () => {
    const pool = new AddressPool(THREE, undefined, true);
    const line = (commonName: string, address4: string): { commonName: string; address4: string; address6: string } => ({
      commonName,
      address4,
      address6: '',
    });
    const wrong = [line('a', '10.9.0.2'), line('b', 'nonsense'), line('c', ''), line('d', '10.8.0.5')];
    const twice = [line('e', '10.8.0.3'), line('f', '10.8.0.3')];
    expect(pool.load([...wrong, ...twice])).toEqual([...wrong, line('f', '10.8.0.3')]);
  });
});

describe('whatever is borrowed and given back', () => {
  it('no address has two borrowers', () => {
    const step = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), give: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, sticky) => {
        const pool = new AddressPool(range('10.8.0.2', '10.8.0.5'), undefined, sticky);
        const held: { name: string; lease: Lease }[] = [];
        for (const { name, give } of steps) {
          const index = held.findIndex((each) => each.name === name);
          const mine = held[index];
          if (give && mine !== undefined) {
            pool.release(mine.lease);
            held.splice(index, 1);
          } else {
            const lease = pool.acquire(name);
            if (lease === undefined) expect(held.length).toBe(4);
            else held.push({ name, lease });
          }
          const addresses = held.map(({ lease }) => four(lease));
          expect(new Set(addresses).size).toBe(addresses.length);
        }
      }),
    );
  });
});
