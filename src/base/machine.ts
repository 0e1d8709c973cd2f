import { earliest, type Instant, type Now } from './units.ts';

/**
 * What every sans-IO machine offers its driver beside its own `handle*`, commands and `poll*`: one deadline, and one
 * call when it has passed. Drive a machine so: hand it what happened, poll until it has nothing more, then sleep until
 * the next deadline or the next happening.
 */
export interface Machine {
  /** When `handleDeadline` wants to be called next; undefined when nothing is pending. */
  nextDeadline(): Instant | undefined;
  /** Lets everything act whose time has come. Calling it early is harmless. */
  handleDeadline(now: Now): void;
}

/** The timers of one machine: a name each, at most one deadline a name. */
export class TimerTable<Name extends string> {
  readonly #deadlines = new Map<Name, Instant>();

  /** Arms or re-arms a timer. */
  set(name: Name, at: Instant): void {
    this.#deadlines.set(name, at);
  }

  /** Disarms a timer; harmless when it is not armed. */
  clear(name: Name): void {
    this.#deadlines.delete(name);
  }

  /** Disarms all. */
  clearAll(): void {
    this.#deadlines.clear();
  }

  /** When the timer fires, if armed. */
  get(name: Name): Instant | undefined {
    return this.#deadlines.get(name);
  }

  /** The earliest deadline. */
  next(): Instant | undefined {
    let first: Instant | undefined;
    for (const at of this.#deadlines.values()) first = earliest(first, at);
    return first;
  }

  /** Disarms and names the earliest timer that is due, or undefined. Call until it gives undefined. */
  takeDue(at: Instant): Name | undefined {
    let due: Name | undefined;
    let dueAt: Instant | undefined;
    for (const [name, deadline] of this.#deadlines) {
      if (deadline <= at && (dueAt === undefined || deadline < dueAt)) {
        due = name;
        dueAt = deadline;
      }
    }
    if (due !== undefined) this.#deadlines.delete(due);
    return due;
  }
}
