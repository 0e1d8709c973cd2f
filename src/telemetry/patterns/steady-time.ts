import type { Duration, Now, WallTime } from '../../base/units.ts';

/** A clock that jumps by no more than this is being set right. */
const SLEW_MS = 60_000;
/** A jump that lasts so long was meant. */
const SETTLE_MS = 3_600_000;

/**
 * The time of day without the jumps of the operator's clock: after one it goes on as before for an hour, and follows if the clock stays
 * where it jumped to. So what depends on dates and hours neither begins nor ends by a clock that is wrong for a while.
 */
export class SteadyTime {
  #offset: number | undefined;
  #jumped: { readonly offset: number; readonly at: number } | undefined;

  /** The time of day at this moment. */
  read({ at, wall }: Now): WallTime {
    const offset = wall - at;
    this.#offset ??= offset;
    if (near(offset, this.#offset)) {
      this.#offset = offset;
      this.#jumped = undefined;
    } else if (this.#jumped === undefined || !near(offset, this.#jumped.offset)) {
      this.#jumped = { offset, at };
    } else if (at - this.#jumped.at >= SETTLE_MS) {
      this.#offset = offset;
      this.#jumped = undefined;
    }
    return (at + this.#offset) as WallTime;
  }

  /** The same as both clocks show it. */
  steady(now: Now): Now {
    return { at: now.at, wall: this.read(now) };
  }

  /** How far the operator's clock is ahead of it. */
  ahead(now: Now): Duration {
    return (now.wall - this.read(now)) as Duration;
  }
}

function near(a: number, b: number): boolean {
  return Math.abs(a - b) <= SLEW_MS;
}
