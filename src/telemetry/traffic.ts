import type { Now } from '../base/units.ts';
import { Tally } from './figures.ts';
import type { FleetOptions } from './options.ts';

/** Who can say how many bytes a daemon moved, the best first: its clients one by one, its own byte count, its statistics, `load-stats`. */
const BYTES_BY = ['clients', 'bytecount', 'statistics', 'load-stats'] as const;

/** One of them. */
export type BytesBy = (typeof BYTES_BY)[number];

/** Those that count since the start of the daemon's process. */
const OF_PROCESS: readonly BytesBy[] = ['bytecount', 'statistics', 'load-stats'];

/** The bytes that a daemon moved, in both directions. */
export class Traffic {
  readonly received: Tally;
  readonly sent: Tally;

  constructor(options: Pick<FleetOptions, 'silentAfter'>) {
    this.received = new Tally(BYTES_BY, options);
    this.sent = new Tally(BYTES_BY, options);
  }

  /** One of them says how many it was, since that began to count. */
  set(by: BytesBy, received: number, sent: number, now: Now): void {
    this.received.set(by, received, now);
    this.sent.set(by, sent, now);
  }

  /** The daemon is another process. */
  restart(): void {
    for (const tally of [this.received, this.sent]) for (const by of OF_PROCESS) tally.restart(by);
  }
}
