/**
 * The signals of a daemon. Importing this file installs the listeners: let it be the first import of a program, because
 * until a listener stands SIGUSR1 makes Node open its debugger, and the others end the process (facts: node-engine,
 * pitfall 18). They are never removed; what comes before somebody listens is kept.
 */

/** The signals that have a meaning (SIGPIPE is ignored by Node itself). */
export const SIGNALS = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGTERM'] as const;

/** One of them. */
export type SignalName = (typeof SIGNALS)[number];

/** More of the same kind says nothing new: as the system does, each kind waits at most once. */
export class SignalQueue {
  readonly #waiting = new Set<SignalName>();
  #handler: ((name: SignalName) => void) | undefined;

  /** Hands on, or keeps until there is a handler. */
  receive(name: SignalName): void {
    if (this.#handler === undefined) this.#waiting.add(name);
    else this.#handler(name);
  }

  /** Who gets the signals from now on: first those that wait, in the order in which they came. Undefined: they wait again. */
  deliverTo(handler: ((name: SignalName) => void) | undefined): void {
    this.#handler = handler;
    while (this.#handler !== undefined) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      this.#waiting.delete(first);
      this.#handler(first);
    }
  }
}

/** The signals of this process. */
export const processSignals = new SignalQueue();

for (const name of SIGNALS) process.on(name, () => processSignals.receive(name));
