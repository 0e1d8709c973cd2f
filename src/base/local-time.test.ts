import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { formatLocalTime, LocalTimes, microsecondsOf } from './local-time.ts';
import type { WallTime } from './units.ts';

const MOMENT = 1_795_352_443_000 as WallTime;

describe('formatLocalTime', () => {
  beforeEach(() => vi.stubEnv('TZ', 'UTC'));
  afterEach(() => vi.unstubAllEnvs());

  it('prints what stock printed for the same second', () => {
    expect(formatLocalTime(MOMENT)).toBe('2026-11-22 13:00:43');
  });

  it('follows the time zone', () => {
    vi.stubEnv('TZ', 'Asia/Tokyo');
    expect(formatLocalTime(MOMENT)).toBe('2026-11-22 22:00:43');
  });

  it('pads every part', () => {
    expect(formatLocalTime(Date.UTC(2027, 0, 2, 3, 4, 5) as WallTime)).toBe('2027-01-02 03:04:05');
  });
});

describe('microsecondsOf', () => {
  it.each([
    [1_795_352_443_555.812, 555_812],
    [1_795_352_741_520.579, 520_579],
    [1_795_352_443_000, 0],
    [1_795_352_443_999.998, 999_998],
    [1_795_352_443_009, 9000],
  ])('%d has %d', (wall, micros) => {
    expect(microsecondsOf(wall as WallTime)).toBe(micros);
  });
});

describe('LocalTimes', () => {
  it.each(['UTC', 'America/St_Johns', 'Asia/Kathmandu', 'Africa/Monrovia'])('says the same as formatLocalTime in %s', (zone) => {
    vi.stubEnv('TZ', zone);
    const times = new LocalTimes();
    const walls = Array.from({ length: 6000 }, (_, index) => (index * 7_919_123 * 37 + (index % 1000)) as WallTime);
    for (const wall of [...walls, Number.NaN as WallTime]) expect(times.format(wall)).toBe(formatLocalTime(wall));
    vi.unstubAllEnvs();
  });
});
