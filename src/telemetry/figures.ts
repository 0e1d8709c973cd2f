import type { Now } from '../base/units.ts';
import type { FleetOptions } from './options.ts';
import type { CountView, HistogramView } from './views.ts';

/** The kinds of number that the fleet state is made of, each with one way of changing. */

/**
 * A counter that several contributors can supply, and that never goes backwards. It follows the best one that is not silent:
 * `order` has their names, the best first. A contributor that comes later is aligned to what was counted before it, so that
 * a change of contributor neither counts twice what both saw, nor jumps.
 */
export class Tally implements CountView {
  readonly #order: readonly string[];
  readonly #options: Pick<FleetOptions, 'silentAfter'>;
  readonly #contributors = new Map<string, { total: number; raw: number; offset: number }>();
  #value = 0;
  #by: string | undefined;
  #now: Now | undefined;

  constructor(order: readonly string[], options: Pick<FleetOptions, 'silentAfter'>) {
    this.#order = order;
    this.#options = options;
  }

  get value(): number {
    return this.#value;
  }

  get by(): string | undefined {
    return this.#by;
  }

  get now(): Now | undefined {
    return this.#now;
  }

  /** A contributor saw `count` more. */
  add(contributor: string, count: number, now: Now): void {
    const known = this.#contributors.get(contributor);
    this.#take(contributor, (known?.total ?? 0) + count, known?.raw ?? 0, now);
  }

  /** A contributor's own counter stands at `raw`; less than before means that it began anew. */
  set(contributor: string, raw: number, now: Now): void {
    const known = this.#contributors.get(contributor);
    const before = known?.raw ?? 0;
    this.#take(contributor, (known?.total ?? 0) + (raw >= before ? raw - before : raw), raw, now);
  }

  /** A contributor's own counter began anew, even if it is higher again by now. */
  restart(contributor: string): void {
    const known = this.#contributors.get(contributor);
    if (known !== undefined) known.raw = 0;
  }

  #take(contributor: string, total: number, raw: number, now: Now): void {
    let known = this.#contributors.get(contributor);
    if (known === undefined) {
      known = { total: 0, raw: 0, offset: this.#contributors.size === 0 ? 0 : this.#value - total };
      this.#contributors.set(contributor, known);
    }
    known.total = total;
    known.raw = raw;
    if (!this.#mayLead(contributor, now)) return;
    this.#by = contributor;
    this.#now = now;
    this.#value = Math.max(this.#value, known.offset + total);
  }

  #mayLead(contributor: string, now: Now): boolean {
    if (this.#by === undefined || this.#now === undefined || contributor === this.#by) return true;
    if (this.#order.indexOf(contributor) < this.#order.indexOf(this.#by)) return true;
    return now.at - this.#now.at > this.#options.silentAfter;
  }
}

/** How often what was seen. The words are of closed lists, so that it does not grow without bound. */
export class Counter {
  readonly #counts = new Map<string, number>();

  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  add(word: string, count = 1): void {
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + count);
  }
}

/** A distribution over fixed bounds. */
export class Histogram implements HistogramView {
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /** Takes a value; one that is no number, or below zero as clocks that jump make it, is left out. */
  observe(value: number): void {
    if (!(value >= 0)) return;
    const found = this.bounds.findIndex((bound) => value <= bound);
    const at = found < 0 ? this.bounds.length : found;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
    this.count++;
  }
}
