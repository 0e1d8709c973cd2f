import { describe, expect, it } from 'vitest';
import { after, between, earliest, type Instant, milliseconds, seconds, unixSeconds, type WallTime } from './units.ts';

const at = (ms: number): Instant => ms as Instant;

describe('units', () => {
  it('counts durations in milliseconds', () => {
    expect([seconds(2), seconds(0.5), milliseconds(3)]).toEqual([2000, 500, 3]);
  });

  it('goes from instant to instant by a duration', () => {
    expect(after(at(100), seconds(1))).toBe(1100);
    expect(between(at(100), at(1100))).toBe(1000);
    expect(between(at(1100), at(100))).toBe(-1000);
  });

  it.each([
    [0, 0],
    [999.9, 0],
    [1000, 1],
    [1_795_352_445_575.305, 1_795_352_445],
  ])('%d ms since 1970 are %d whole seconds', (ms, whole) => {
    expect(unixSeconds(ms as WallTime)).toBe(whole);
  });

  it.each([
    [undefined, undefined, undefined],
    [at(5), undefined, at(5)],
    [undefined, at(5), at(5)],
    [at(5), at(6), at(5)],
    [at(6), at(5), at(5)],
    [at(0), undefined, at(0)],
  ])('the earlier of %s and %s is %s', (a, b, first) => {
    expect(earliest(a, b)).toBe(first);
  });
});
