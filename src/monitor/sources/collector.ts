import { reasonOf, TunnelscopeError } from '../../base/errors.ts';
import { after, between, type Duration, type Now } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import { failureFrom } from '../../host/errno.ts';
import type { Fact, SourceFault, SourceKind } from '../../telemetry/facts.ts';

/** Something that tells facts about one daemon from one source, until it is closed. What goes wrong with it stays with it. */
export interface Collector {
  start(): void;
  /** Nothing is told after it. */
  close(): Promise<void>;
}

/** What a collector has to work with. */
export interface CollectorContext {
  readonly clock: Clock;
  tell(source: SourceKind, fact: Fact, now: Now): void;
  /** Something that is worth a line of the monitor's log, and does not end the source. */
  trouble(text: string): void;
}

/** Calls something again and again, the next time only when the last has ended; how long it took does not shift what follows. */
export class Rounds implements Collector {
  readonly #clock: Clock;
  readonly #every: Duration;
  readonly #round: () => Promise<void>;
  #cancel: (() => void) | undefined;
  #closed = false;

  /** `round` must not reject. */
  constructor(clock: Clock, every: Duration, round: () => Promise<void>) {
    this.#clock = clock;
    this.#every = every;
    this.#round = round;
  }

  /** True once it is closed: what a round finds then is not told. */
  get closed(): boolean {
    return this.#closed;
  }

  start(): void {
    const began = this.#clock.now().at;
    void this.#round().then(() => {
      if (this.#closed) return;
      const { at } = this.#clock.now();
      this.#cancel = this.#clock.schedule(after(at, Math.max(0, this.#every - between(began, at)) as Duration), () => this.start());
    });
  }

  /** Does not wait for a round that hangs on a dead disk. */
  close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    return Promise.resolve();
  }
}

const FAULTS: Readonly<Record<string, SourceFault>> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EACCES: 'permission',
  EPERM: 'permission',
};

/** What kind of failure was thrown by the system, or made of one. */
export function faultOfFile(thrown: unknown): SourceFault {
  const cause = thrown instanceof TunnelscopeError && thrown.cause !== undefined ? thrown.cause : thrown;
  if (thrown instanceof TunnelscopeError && thrown.code === 'KEY_MATERIAL') return 'malformed';
  if (thrown instanceof TunnelscopeError && thrown.message.includes('holds more than')) return 'too-long';
  if (thrown instanceof TunnelscopeError && thrown.message.endsWith('it is no file')) return 'foreign';
  return FAULTS[failureFrom(cause).code] ?? 'unreachable';
}

/** What was thrown about a file, without its path: whoever tells it says where it was. */
export function wordsOfFile(thrown: unknown, path: string): string {
  return reasonOf(thrown)
    .replace(/^cannot open /, '')
    .replace(`${path}: `, '');
}
