import { after, type Duration, type Instant, milliseconds, type Now, seconds } from '../base/units.ts';

/** How guessing at the password is slowed down. */
export const GUARD = {
  /** Wrong ones that are answered at once, within the window. */
  free: 3,
  window: seconds(60),
  /** The first delayed answer; each further one waits twice as long as the one before. */
  firstDelay: milliseconds(250),
  longestDelay: seconds(8),
  /** Of all connections together: how many wrong ones in a row, and one more in so many milliseconds. */
  burst: 20,
  interval: milliseconds(100),
} as const;

/**
 * Slows guesses of an interface's password down, over all connections, without ever refusing the right one: answers to
 * wrong ones come later and later, and when there were many, attempts are looked at one in an interval.
 */
export class PasswordGuard {
  /** When wrong ones came, in the window. */
  #recent: Instant[] = [];
  /** When the next attempt may be looked at once the burst is used up. */
  #next = 0;
  #total = 0;

  /** Wrong ones since the start. */
  get total(): number {
    return this.#total;
  }

  /** When an attempt may be looked at; undefined for now. Reserves its turn. */
  turn(now: Now): Instant | undefined {
    this.#forget(now);
    if (this.#recent.length < GUARD.burst) return undefined;
    this.#next = Math.max(this.#next + GUARD.interval, now.at);
    return this.#next > now.at ? (this.#next as Instant) : undefined;
  }

  /** A wrong one: how long its answer waits. */
  failed(now: Now): Duration {
    this.#forget(now);
    this.#total++;
    this.#recent.push(now.at);
    if (this.#recent.length > GUARD.burst) this.#recent.shift();
    const beyond = this.#recent.length - GUARD.free;
    if (beyond <= 0) return milliseconds(0);
    return milliseconds(Math.min(GUARD.firstDelay * 2 ** (beyond - 1), GUARD.longestDelay));
  }

  /** True for the failure that begins a delay: the one to log. */
  get beginsToDelay(): boolean {
    return this.#recent.length === GUARD.free + 1;
  }

  #forget(now: Now): void {
    const first = this.#recent.findIndex((at) => after(at, GUARD.window) > now.at);
    this.#recent = first < 0 ? [] : this.#recent.slice(first);
  }
}
