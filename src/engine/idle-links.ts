import { earliest, type Instant } from '../base/units.ts';
import type { Link } from '../protocol/data/plane.ts';

/** TCP connections of which nothing came yet that makes a client: each is kept for a while only. */
export class IdleLinks {
  readonly #waiting = new Map<string, { readonly link: Link; readonly until: Instant }>();

  /** Waits for it no longer than until then. */
  add(link: Link, until: Instant): void {
    this.#waiting.set(link.key, { link, until });
  }

  /** It has a client, or is closed. */
  delete(link: Link): void {
    this.#waiting.delete(link.key);
  }

  nextDeadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const { until } of this.#waiting.values()) first = earliest(first, until);
    return first;
  }

  /** Those whose time is over; they wait no more. */
  takeDue(at: Instant): Link[] {
    const due = [...this.#waiting.values()].filter(({ until }) => until <= at).map(({ link }) => link);
    for (const link of due) this.delete(link);
    return due;
  }
}
