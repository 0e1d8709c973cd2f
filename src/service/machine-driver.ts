import type { Machine } from '../base/machine.ts';
import type { Instant, Now } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';

/** A machine that gives what it wants done one by one. */
export interface PolledMachine<Out> extends Machine {
  poll(): Out | undefined;
}

/**
 * Drives one sans-IO machine with one real timer: lets it hear what happened, carries out all it then wants, and wakes it at its
 * next deadline. Outputs are carried out in order and never inside one another, also when carrying one out makes the machine
 * hear more.
 */
export class MachineDriver<Out, M extends PolledMachine<Out>> {
  readonly machine: M;
  readonly #clock: Clock;
  readonly #carryOut: (output: Out, now: Now) => void;
  readonly #onWait: ((milliseconds: number) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #armedFor: Instant | undefined;
  #busy = false;
  #stopped = false;

  /** `onWait` hears how long there is nothing to do for the machine unless it is told something. */
  constructor(machine: M, clock: Clock, carryOut: (output: Out, now: Now) => void, onWait?: (milliseconds: number) => void) {
    this.machine = machine;
    this.#clock = clock;
    this.#carryOut = carryOut;
    this.#onWait = onWait;
  }

  /** Tells the machine something, or asks it; then everything is carried out that it wants. */
  run<T>(action: (machine: M, now: Now) => T): T {
    const now = this.#clock.now();
    const result = action(this.machine, now);
    this.#settle(now);
    return result;
  }

  /** No more deadlines and outputs. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #settle(now: Now): void {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    try {
      for (let output = this.machine.poll(); output !== undefined; output = this.machine.poll()) {
        this.#carryOut(output, now);
        if (this.#stopped) return;
      }
    } finally {
      this.#busy = false;
    }
    this.#arm(now);
  }

  /** A timer that is due earlier stays: most events move the deadline back, and a wake too early is harmless. */
  #arm(now: Now): void {
    const deadline = this.machine.nextDeadline();
    if (deadline !== undefined) this.#onWait?.(Math.max(0, deadline - now.at));
    if (deadline === undefined || (this.#armedFor !== undefined && this.#armedFor <= deadline)) return;
    this.#cancelTimer?.();
    this.#armedFor = deadline;
    this.#cancelTimer = this.#clock.schedule(deadline, this.#wake);
  }

  readonly #wake = (): void => {
    this.#cancelTimer = undefined;
    this.#armedFor = undefined;
    this.run((machine, now) => machine.handleDeadline(now));
  };
}
