import type { Instant, Now, WallTime } from '../base/units.ts';

/** Milliseconds that the two clocks may differ before the date's counts: more than one step of it. */
const LARGEST_DRIFT = 2;

/** Time as drivers of machines need it. */
export interface Clock {
  /** This moment on both clocks. */
  now(): Now;
  /** Calls `run` once when `at` has come, and not before; at the next turn when it has passed. The returned function cancels. */
  schedule(at: Instant, run: () => void): () => void;
}

/** The system's monotonic clock in milliseconds: the same on all threads, unlike `performance.now`. */
export function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** Longer waits overflow Node's timers: one that is scheduled for later looks again after this many milliseconds. */
const LONGEST_WAIT = 2 ** 31 - 1;

/** The system's clocks: monotonic for instants, the operator's for dates. */
export class SystemClock implements Clock {
  /** What to add to the monotonic clock for the date: it has the finer steps, the other is the one that is right. */
  #wallOffset = Date.now() - performance.now();

  now(): Now {
    const at = performance.now();
    const wall = Date.now();
    if (Math.abs(wall - (at + this.#wallOffset)) > LARGEST_DRIFT) this.#wallOffset = wall - at;
    return { at: at as Instant, wall: (at + this.#wallOffset) as WallTime };
  }

  schedule(at: Instant, run: () => void): () => void {
    if (at <= performance.now()) {
      // A timer of 0 waits a millisecond; acknowledgements shall not.
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    let handle: NodeJS.Timeout;
    const wait = (): void => {
      const left = Math.ceil(at - performance.now());
      handle = setTimeout(
        () => {
          // Node's timers may come a fraction of a millisecond early.
          if (performance.now() < at) wait();
          else run();
        },
        Math.min(LONGEST_WAIT, Math.max(0, left)),
      );
    };
    wait();
    return () => clearTimeout(handle);
  }
}

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #at: number;
  #wall: number;
  readonly #waiting = new Set<{ readonly at: Instant; readonly run: () => void }>();

  constructor(wall = 1_800_000_000_000, at = 0) {
    this.#wall = wall;
    this.#at = at;
  }

  now(): Now {
    return { at: this.#at as Instant, wall: this.#wall as WallTime };
  }

  schedule(at: Instant, run: () => void): () => void {
    const entry = { at, run };
    this.#waiting.add(entry);
    return () => this.#waiting.delete(entry);
  }

  /** How many are scheduled. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Lets time pass on both clocks, running what falls due at its instant, earliest first. */
  advance(milliseconds: number): void {
    const end = this.#at + milliseconds;
    for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
      this.#waiting.delete(next);
      this.#moveTo(Math.max(this.#at, next.at));
      next.run();
    }
    this.#moveTo(end);
  }

  /** Sets the operator's clock, as an administrator or NTP may; instants are not touched. */
  setWall(wall: WallTime): void {
    this.#wall = wall;
  }

  #moveTo(at: number): void {
    this.#wall += at - this.#at;
    this.#at = at;
  }

  #earliest(end: number): { readonly at: Instant; readonly run: () => void } | undefined {
    const due = [...this.#waiting].filter((entry) => entry.at <= end);
    return due.toSorted((a, b) => a.at - b.at)[0];
  }
}
