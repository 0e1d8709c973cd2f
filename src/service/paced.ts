import type { Machine } from '../base/machine.ts';
import { type Duration, type Instant, milliseconds, type Now } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import type { PolledMachine } from './machine-driver.ts';

/** Long work that is done a few milliseconds at a time, so that packets and other clients have their turn between. */

/** How long one piece of it may take, but for the step in which time runs out. */
const SLICE: Duration = milliseconds(4);

/** Runs steps to their end and hands over what they come to: before it returns when a slice is enough, and later otherwise. */
export function runPaced<T>(steps: Generator<unknown, T, void>, clock: Clock, use: (result: T) => void): void {
  const end = clock.now().at + SLICE;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return use(step.value);
    const { at } = clock.now();
    if (at < end) continue;
    clock.schedule(at, () => runPaced(steps, clock, use));
    return;
  }
}

/**
 * A machine that stops giving outputs when a slice is used up, and asks to be polled again at the next turn. What it hears meanwhile
 * reaches the machine at once; what comes of it waits.
 */
export class PacedMachine<Out, M extends PolledMachine<Out>> implements PolledMachine<Out>, Machine {
  readonly machine: M;
  readonly #clock: Clock;
  readonly #again: () => void;
  #until: number | undefined;
  #resting = false;
  #hurried = false;

  /** `again` must poll it. */
  constructor(machine: M, clock: Clock, again: () => void) {
    this.machine = machine;
    this.#clock = clock;
    this.#again = again;
  }

  nextDeadline(): Instant | undefined {
    return this.machine.nextDeadline();
  }

  handleDeadline(now: Now): void {
    this.machine.handleDeadline(now);
  }

  /** Gives everything without a pause from now on: for the end. */
  hurry(): void {
    this.#hurried = true;
    this.#resting = false;
  }

  poll(): Out | undefined {
    if (this.#resting) return undefined;
    if (!this.#hurried) {
      const { at } = this.#clock.now();
      this.#until ??= at + SLICE;
      if (at >= this.#until) return this.#rest(at);
    }
    const output = this.machine.poll();
    if (output === undefined) this.#until = undefined;
    return output;
  }

  #rest(at: Instant): undefined {
    this.#resting = true;
    this.#until = undefined;
    this.#clock.schedule(at, () => {
      if (this.#hurried) return;
      this.#resting = false;
      this.#again();
    });
    return undefined;
  }
}
