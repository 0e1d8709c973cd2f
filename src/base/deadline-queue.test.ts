import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeadlineQueue } from './deadline-queue.ts';
import type { Instant } from './units.ts';

const at = (n: number): Instant => n as Instant;

describe('DeadlineQueue', () => {
  it('gives items in the order of their deadlines, and none early', () => {
    const queue = new DeadlineQueue<string>();
    queue.set('b', at(20));
    queue.set('a', at(10));
    expect(queue.next()).toBe(10);
    expect(queue.takeDue(at(9))).toBeUndefined();
    expect(queue.takeDue(at(30))).toBe('a');
    expect(queue.takeDue(at(30))).toBe('b');
    expect(queue.takeDue(at(30))).toBeUndefined();
  });

  it('moves and clears deadlines', () => {
    const queue = new DeadlineQueue<string>();
    queue.set('a', at(10));
    queue.set('a', at(30));
    queue.set('b', at(20));
    queue.set('c', at(5));
    queue.set('c', undefined);
    expect(queue.next()).toBe(20);
    expect(queue.takeDue(at(25))).toBe('b');
    expect(queue.takeDue(at(25))).toBeUndefined();
  });

  it('stays small when deadlines are moved without end', () => {
    const queue = new DeadlineQueue<number>();
    for (let n = 0; n < 10_000; n++) queue.set(n % 10, at(1_000_000 - n));
    expect(queue.entries).toBeLessThan(100);
    expect(queue.next()).toBe(1_000_000 - 9999);
  });

  it('agrees with sorting, whatever is set and cleared', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(8), fc.option(fc.nat(50), { nil: undefined }))), (steps) => {
        const queue = new DeadlineQueue<number>();
        const model = new Map<number, number>();
        for (const [item, when] of steps) {
          queue.set(item, when === undefined ? undefined : at(when));
          if (when === undefined) model.delete(item);
          else model.set(item, when);
        }
        const taken: number[] = [];
        for (;;) {
          const next = queue.next();
          const item = queue.takeDue(at(100));
          if (item === undefined) break;
          expect(next).toBe(model.get(item));
          taken.push(item);
        }
        expect([...taken].sort()).toEqual([...model.keys()].sort());
        const times = taken.map((item) => model.get(item) ?? -1);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
    );
  });
});
