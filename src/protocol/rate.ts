import { after, type Duration, type Instant } from '../base/units.ts';

/**
 * At most `count` in each period of length `per`, a period beginning with the first taker after the last one's end:
 * what `connect-freq` and `connect-freq-initial` mean. Keeps three numbers, however many come.
 */
export class RateLimiter {
  readonly #count: number;
  readonly #per: Duration;
  #endsAt: Instant | undefined;
  #taken = 0;
  #refused = 0;

  constructor(count: number, per: Duration) {
    this.#count = count;
    this.#per = per;
  }

  /** True when one more is allowed now. */
  take(at: Instant): boolean {
    if (this.#endsAt === undefined || at >= this.#endsAt) {
      this.#endsAt = after(at, this.#per);
      this.#taken = 0;
    }
    if (this.#taken >= this.#count) {
      this.#refused += 1;
      return false;
    }
    this.#taken += 1;
    return true;
  }

  /** Returns a slot: its taker proved to be honest. */
  giveBack(): void {
    if (this.#taken > 0) this.#taken -= 1;
  }

  /** How many were refused since `takeRefused`. */
  get refused(): number {
    return this.#refused;
  }

  /** When the current period ends; undefined before the first taker. */
  get endsAt(): Instant | undefined {
    return this.#endsAt;
  }

  /** How many were refused since the last call, for the log line at the period's end. */
  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }
}
