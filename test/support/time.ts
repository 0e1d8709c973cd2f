import type { Instant, Now, WallTime } from '../../src/base/units.ts';

/** The moment `ms` after the start of a test's virtual time, which begins at a fixed date. */
export function at(ms: number, wall = 0x6500_0000 * 1000): Now {
  return { at: ms as Instant, wall: (wall + ms) as WallTime };
}
