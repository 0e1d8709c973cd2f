import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimerTable } from './machine.ts';
import type { Instant } from './units.ts';

const at = (ms: number): Instant => ms as Instant;

describe('TimerTable', () => {
  it('is idle at first', () => {
    const timers = new TimerTable<'a'>();
    expect([timers.next(), timers.get('a'), timers.takeDue(at(1e12))]).toEqual([undefined, undefined, undefined]);
  });

  it('knows the earliest deadline', () => {
    const timers = new TimerTable<'a' | 'b'>();
    timers.set('a', at(20));
    timers.set('b', at(10));
    expect([timers.next(), timers.get('a')]).toEqual([10, 20]);
  });

  it('takes what is due, once, the earliest first', () => {
    const timers = new TimerTable<'a' | 'b' | 'c'>();
    timers.set('a', at(20));
    timers.set('b', at(10));
    timers.set('c', at(21));
    expect(timers.takeDue(at(9))).toBeUndefined();
    expect([timers.takeDue(at(20)), timers.takeDue(at(20)), timers.takeDue(at(20))]).toEqual(['b', 'a', undefined]);
    expect(timers.next()).toBe(21);
  });

  it('arms again over the old deadline', () => {
    const timers = new TimerTable<'a'>();
    timers.set('a', at(10));
    timers.set('a', at(30));
    expect([timers.takeDue(at(10)), timers.takeDue(at(30))]).toEqual([undefined, 'a']);
  });

  it('disarms one or all', () => {
    const timers = new TimerTable<'a' | 'b'>();
    timers.set('a', at(1));
    timers.set('b', at(2));
    timers.clear('a');
    timers.clear('a');
    expect(timers.next()).toBe(2);
    timers.clearAll();
    expect(timers.next()).toBeUndefined();
  });

  it('fires every timer at or after its time and in order, however it is driven', () => {
    const armed = fc.uniqueArray(fc.tuple(fc.nat(20), fc.nat(100)), { selector: ([name]) => name });
    fc.assert(
      fc.property(armed, (deadlines) => {
        const timers = new TimerTable<string>();
        for (const [name, deadline] of deadlines) timers.set(String(name), at(deadline));
        const fired: number[] = [];
        for (let next = timers.next(); next !== undefined; next = timers.next()) {
          const name = timers.takeDue(next);
          expect(name).toBeDefined();
          fired.push(next);
        }
        expect(fired).toEqual(deadlines.map(([, deadline]) => deadline).toSorted((a, b) => a - b));
      }),
    );
  });
});
