import { describe, expect, it } from 'vitest';
import type { Instant, WallTime } from '../base/units.ts';
import { ManualClock, SystemClock } from './clock.ts';

describe('SystemClock', () => {
  it('runs at its instant and not before, and not when cancelled', async () => {
    const clock = new SystemClock();
    const due = (clock.now().at + 5) as Instant;
    const ranAt = await new Promise<number>((resolve) => {
      const cancel = clock.schedule((clock.now().at + 1) as Instant, () => resolve(0));
      cancel();
      clock.schedule(due, () => resolve(clock.now().at));
    });
    expect(ranAt).toBeGreaterThanOrEqual(due);
  });

  it('shows the operator the date', () => {
    expect(Math.abs(new SystemClock().now().wall - Date.now())).toBeLessThan(1000);
  });
});

describe('ManualClock', () => {
  it('runs what falls due, earliest first, each at its own time on both clocks', () => {
    const clock = new ManualClock(1000, 0);
    const ran: string[] = [];
    const note = (name: string) => () => ran.push(`${name} ${clock.now().at} ${clock.now().wall}`);
    clock.schedule(20 as Instant, note('b'));
    clock.schedule(10 as Instant, () => {
      note('a')();
      clock.schedule(15 as Instant, note('between'));
    });
    clock.schedule(31 as Instant, note('later'));
    const cancel = clock.schedule(12 as Instant, note('cancelled'));
    cancel();
    clock.advance(30);
    expect(ran).toEqual(['a 10 1010', 'between 15 1015', 'b 20 1020']);
    expect(clock.now()).toEqual({ at: 30, wall: 1030 });
    expect(clock.pending).toBe(1);
  });

  it('keeps instants when the date is set', () => {
    const clock = new ManualClock(1000, 0);
    clock.setWall(5000 as WallTime);
    clock.advance(1);
    expect(clock.now()).toEqual({ at: 1, wall: 5001 });
  });
});
