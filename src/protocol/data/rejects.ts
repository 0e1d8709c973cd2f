import { after, earliest, type Instant, seconds } from '../../base/units.ts';
import type { Link, RejectReason } from './plane.ts';

/**
 * Packets that were not let through, told at most once a second for each reason: the first at once, then sums. So a
 * flood costs a counter, and the log still shows the first packet of it.
 */

/** What is told of the first packet of a sum. */
export interface RejectDetail {
  readonly detail: string;
  readonly link: Link | undefined;
}

/** One sum, ready to be told. */
export interface RejectSum extends RejectDetail {
  readonly reason: RejectReason;
  readonly count: number;
}

interface Pending {
  count: number;
  first: RejectDetail | undefined;
  /** Not told again before. */
  quietUntil: Instant;
}

const QUIET = seconds(1);

/** The rejects of one peer, or of all packets without a peer. */
export class RejectLog {
  readonly #reasons = new Map<RejectReason, Pending>();

  /**
   * Counts one packet. Gives the sum to tell at once, or undefined when it has to wait: `nextDeadline` says how long.
   * `describe` is called for the first packet of a sum only.
   */
  add(reason: RejectReason, at: Instant, describe: () => RejectDetail): RejectSum | undefined {
    const known = this.#reasons.get(reason);
    if (known === undefined || (known.count === 0 && at >= known.quietUntil)) {
      this.#reasons.set(reason, { count: 0, first: undefined, quietUntil: after(at, QUIET) });
      return { ...describe(), reason, count: 1 };
    }
    known.first ??= describe();
    known.count++;
    return undefined;
  }

  /** When a sum may be told; undefined when there is none. */
  nextDeadline(): Instant | undefined {
    let next: Instant | undefined;
    for (const { count, quietUntil } of this.#reasons.values()) if (count > 0) next = earliest(next, quietUntil);
    return next;
  }

  /** Takes the sums whose quiet time is over; all of them when `at` is undefined. */
  take(at: Instant | undefined): RejectSum[] {
    const sums: RejectSum[] = [];
    for (const [reason, pending] of this.#reasons) {
      if (pending.count === 0 || pending.first === undefined || (at !== undefined && at < pending.quietUntil)) continue;
      sums.push({ ...pending.first, reason, count: pending.count });
      pending.count = 0;
      pending.first = undefined;
      if (at !== undefined) pending.quietUntil = after(at, QUIET);
    }
    return sums;
  }
}
