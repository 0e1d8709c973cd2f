import type { Cause } from '../causes.ts';

/** Which of several goes first (facts: management 13). */
const ORDER: readonly Cause['name'][] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'];

/** Thrown where something was waited for and a signal came first. */
export class Interrupted extends Error {}

/** Signals that a client has yet to act on, and waiting that they cut short. */
export class Interrupts {
  readonly #waiting = new Map<Cause['name'], Cause>();
  readonly #listeners = new Set<() => void>();

  add(cause: Cause): void {
    if (!this.#waiting.has(cause.name)) this.#waiting.set(cause.name, cause);
    for (const listener of this.#listeners) listener();
  }

  /** The one that counts, if one waits. */
  get first(): Cause | undefined {
    return ORDER.map((name) => this.#waiting.get(name)).find((cause) => cause !== undefined);
  }

  /** True when the process is to end. */
  get ending(): boolean {
    return this.#waiting.has('SIGINT') || this.#waiting.has('SIGTERM');
  }

  /** Takes the one that counts. */
  take(): Cause | undefined {
    const cause = this.first;
    if (cause !== undefined) this.#waiting.delete(cause.name);
    return cause;
  }

  /** Forgets those that a restart covers. */
  drop(name: Cause['name']): void {
    this.#waiting.delete(name);
  }

  /** Settles as `work` does; rejects with `Interrupted` as soon as a signal that counts comes, and calls `giveUp` then. */
  async unless<T>(work: Promise<T>, giveUp: () => void = () => {}, which: 'any' | 'ending' = 'any'): Promise<T> {
    const counts = (): boolean => (which === 'any' ? this.first !== undefined : this.ending);
    let listener = (): void => {};
    const interrupted = new Promise<never>((_, reject) => {
      listener = () => {
        if (!counts()) return;
        giveUp();
        reject(new Interrupted());
      };
      this.#listeners.add(listener);
      listener();
    });
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      this.#listeners.delete(listener);
      // Whoever gave up hears no more of it.
      work.catch(() => undefined);
    }
  }
}
