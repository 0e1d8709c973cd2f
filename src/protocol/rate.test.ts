import { describe, expect, it } from 'vitest';
import { at } from '../../test/support/time.ts';
import { seconds } from '../base/units.ts';
import { RateLimiter } from './rate.ts';

function taken(limiter: RateLimiter, ms: number, times: number): boolean[] {
  return Array.from({ length: times }, () => limiter.take(at(ms).at));
}

describe('RateLimiter', () => {
  it('allows so many in a period and refuses the rest', () => {
    const limiter = new RateLimiter(2, seconds(10));
    expect(limiter.endsAt).toBeUndefined();
    expect(taken(limiter, 5000, 3)).toEqual([true, true, false]);
    expect(limiter.endsAt).toBe(at(15_000).at);
    expect(taken(limiter, 14_999, 1)).toEqual([false]);
    expect(taken(limiter, 15_000, 3)).toEqual([true, true, false]);
  });

  it('begins its next period with the first taker after the last one', () => {
    const limiter = new RateLimiter(1, seconds(10));
    taken(limiter, 0, 1);
    taken(limiter, 17_000, 1);
    expect(limiter.endsAt).toBe(at(27_000).at);
  });

  it('takes a slot back, and never more than were taken', () => {
    const limiter = new RateLimiter(1, seconds(10));
    limiter.giveBack();
    expect(taken(limiter, 0, 2)).toEqual([true, false]);
    limiter.giveBack();
    limiter.giveBack();
    expect(taken(limiter, 1, 2)).toEqual([true, false]);
  });

  it('counts what it refused until that is asked for', () => {
    const limiter = new RateLimiter(1, seconds(10));
    taken(limiter, 0, 4);
    taken(limiter, 20_000, 3);
    expect(limiter.refused).toBe(5);
    expect(limiter.takeRefused()).toBe(5);
    expect([limiter.refused, limiter.takeRefused()]).toEqual([0, 0]);
  });

  it('allows nothing with a count of 0', () => {
    expect(taken(new RateLimiter(0, seconds(1)), 0, 2)).toEqual([false, false]);
  });
});
