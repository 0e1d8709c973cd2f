import type { SignalName } from '../host/signals.ts';

/** A signal with where it came from, as the log shows it. */
export interface Cause {
  readonly name: Exclude<SignalName, 'SIGUSR2'>;
  readonly source: 'hard' | 'soft';
  readonly reason: string;
}

/** Why a state was entered: a signal from without by its name, one from within by its reason (facts: management 10). */
export function stateDetail({ name, source, reason }: Cause): string {
  return source === 'hard' ? name : reason;
}

/** Which of several goes first (facts: management 13). */
const ORDER: readonly Cause['name'][] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'];

/** Signals that wait until the one before is carried out: each kind once, the most telling first. */
export class Causes {
  readonly #waiting = new Map<Cause['name'], Cause>();
  #wake: (() => void) | undefined;

  add(cause: Cause): void {
    if (!this.#waiting.has(cause.name)) this.#waiting.set(cause.name, cause);
    if (this.ending) this.#wake?.();
  }

  /** The next to carry out. */
  take(): Cause | undefined {
    const name = ORDER.find((candidate) => this.#waiting.has(candidate));
    const cause = name === undefined ? undefined : this.#waiting.get(name);
    if (name !== undefined) this.#waiting.delete(name);
    return cause;
  }

  /** Forgets one that what happens now covers. */
  drop(name: Cause['name']): void {
    this.#waiting.delete(name);
  }

  /** True when the daemon is to end: what takes time should be given up. */
  get ending(): boolean {
    return this.#waiting.has('SIGINT') || this.#waiting.has('SIGTERM');
  }

  /** Settles with `pause`, or as soon as the daemon is to end; `pause` is given how to be cancelled. */
  async unlessEnding(pause: (resolve: () => void) => () => void): Promise<void> {
    if (this.ending) return;
    await new Promise<void>((resolve) => {
      const cancel = pause(resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
