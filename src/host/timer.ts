import type { Instant } from '../base/units.ts';

/** The one timer of a driver, and the clock it goes by. */
export interface Timer {
  now(): Instant;
  /** Calls `fire` once when `at` has come, and not before; replaces what was armed. */
  arm(at: Instant, fire: () => void): void;
  disarm(): void;
}

/** Longer waits overflow Node's timers: one that is armed for later fires early and is armed again. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** The system's monotonic clock. */
export class SystemTimer implements Timer {
  #handle: NodeJS.Timeout | undefined;

  now(): Instant {
    return performance.now() as Instant;
  }

  arm(at: Instant, fire: () => void): void {
    this.disarm();
    const wait = Math.min(LONGEST_WAIT, Math.max(0, Math.ceil(at - performance.now())));
    this.#handle = setTimeout(() => {
      // Node's timers may come a fraction of a millisecond early.
      if (performance.now() < at) this.arm(at, fire);
      else fire();
    }, wait);
  }

  disarm(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }
}

/** Time that passes only when a test says so. */
export class ManualTimer implements Timer {
  #now: number;
  #armed: { readonly at: Instant; readonly fire: () => void } | undefined;

  constructor(start = 0) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now as Instant;
  }

  /** When the timer would fire. */
  get armedFor(): Instant | undefined {
    return this.#armed?.at;
  }

  arm(at: Instant, fire: () => void): void {
    this.#armed = { at, fire };
  }

  disarm(): void {
    this.#armed = undefined;
  }

  /** Lets time pass, firing at each armed instant on the way. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    while (this.#armed !== undefined && this.#armed.at <= end) {
      const { at, fire } = this.#armed;
      this.#now = Math.max(this.#now, at);
      this.#armed = undefined;
      fire();
    }
    this.#now = end;
  }
}
