import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ring } from './ring.ts';

describe('Ring', () => {
  it('keeps the newest and gives them oldest first', () => {
    const ring = new Ring<number>(3);
    for (const n of [1, 2, 3, 4, 5]) ring.push(n);
    expect(ring.last()).toEqual([3, 4, 5]);
    expect(ring.last(2)).toEqual([4, 5]);
    expect(ring.last(0)).toEqual([]);
    expect(ring.last(99)).toEqual([3, 4, 5]);
    expect(ring.size).toBe(3);
  });

  it('holds one at least', () => {
    const ring = new Ring<string>(0);
    ring.push('a');
    ring.push('b');
    expect(ring.last()).toEqual(['b']);
  });

  it('keeps the newest when it shrinks and everything when it grows', () => {
    const ring = new Ring<number>(3);
    for (const n of [1, 2, 3, 4]) ring.push(n);
    ring.resize(2);
    expect(ring.last()).toEqual([3, 4]);
    ring.resize(4);
    for (const n of [5, 6, 7]) ring.push(n);
    expect(ring.last()).toEqual([4, 5, 6, 7]);
  });

  it('is the tail of everything pushed, whatever the capacity', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), fc.integer({ min: 1, max: 10 }), fc.nat(50), (items, capacity, count) => {
        const ring = new Ring<number>(capacity);
        for (const item of items) ring.push(item);
        const tail = items.slice(-capacity);
        expect(ring.last(count)).toEqual(count === 0 ? [] : tail.slice(-count));
      }),
      { numRuns: 200 },
    );
  });
});
