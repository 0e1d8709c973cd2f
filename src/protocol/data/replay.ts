import type { Instant } from '../../base/units.ts';
import { addTo, TALLY } from './counters.ts';

/**
 * The replay window of one data key (facts: wire 16). Ask it after authentication only: a forged id must not move it.
 *
 * Ids start at 1; 0 is never accepted. An id is new when it is higher than all before. A lower one is accepted once, while it lies less than `size` below
 * the highest and no higher id came more than `seconds` ago. What leaves the window unseen is lost.
 */

/** What an authentic packet id turned out to be. Replays must be dropped. */
export type ReplayVerdict = 'new' | 'reordered' | 'replay';

const UNSEEN = Number.NEGATIVE_INFINITY;
/** How often arrival times are looked through: an old gap is written off at most so late. */
const REAP_EVERY = 1000;

/** The window and its tallies. Costs a few compares a packet and never allocates after construction. */
export class ReplayWindow {
  readonly #size: number;
  readonly #patience: number;
  /** When each id of the window came, by id modulo size. */
  readonly #arrivals: Float64Array;
  #highest = 0;
  /** Ids up to here are settled: seen, or lost. */
  #settled = 0;
  #nextReap = UNSEEN;
  readonly #tally: Float64Array;

  /** A size of 0 accepts ascending ids alone, as 1 does. Counts are added to `tally`, which windows may share. */
  constructor(size: number, seconds: number, tally: Float64Array = new Float64Array(3)) {
    this.#tally = tally;
    this.#size = Math.max(1, size);
    this.#patience = seconds * 1000;
    this.#arrivals = new Float64Array(this.#size).fill(UNSEEN);
  }

  /** The highest id accepted so far; 0 before the first. */
  get highest(): number {
    return this.#highest;
  }

  /** Ids that were passed over and can no longer come. Gaps that are still inside the window are not in it. */
  get lost(): number {
    return this.#tally[TALLY.lost] ?? 0;
  }

  /** Ids that came after a higher one, and were accepted. */
  get reordered(): number {
    return this.#tally[TALLY.reordered] ?? 0;
  }

  /** Ids refused: seen before, or too late to tell. */
  get replayed(): number {
    return this.#tally[TALLY.replayed] ?? 0;
  }

  /** Judges the id of an authentic packet, and marks it as seen. */
  accept(id: number, at: Instant): ReplayVerdict {
    if (id > this.#highest) {
      this.#advance(id);
      this.#arrivals[id % this.#size] = at;
      if (at >= this.#nextReap) this.#reap(at);
      return 'new';
    }
    if (at >= this.#nextReap) this.#reap(at);
    const slot = id % this.#size;
    if (id <= this.#settled || this.#arrivals[slot] !== UNSEEN) {
      addTo(this.#tally, TALLY.replayed, 1);
      return 'replay';
    }
    this.#arrivals[slot] = at;
    addTo(this.#tally, TALLY.reordered, 1);
    return 'reordered';
  }

  /** The key is done with: what has not come by now is lost. */
  close(): void {
    this.#settle(this.#highest);
  }

  /** Moves the window up to `id`, whose slot is left for the caller to fill. */
  #advance(id: number): void {
    const floor = id - this.#size;
    if (floor >= this.#highest) {
      this.#settle(this.#highest);
      if (floor > this.#highest) addTo(this.#tally, TALLY.lost, floor - this.#highest);
      this.#arrivals.fill(UNSEEN);
    } else {
      if (floor > this.#settled) this.#settle(floor);
      for (let gap = this.#highest + 1; gap < id; gap++) this.#arrivals[gap % this.#size] = UNSEEN;
    }
    if (floor > this.#settled) this.#settled = floor;
    this.#highest = id;
  }

  /** Writes off what has not come up to `floor`, which is not above the highest. */
  #settle(floor: number): void {
    for (let id = this.#settled + 1; id <= floor; id++) if (this.#arrivals[id % this.#size] === UNSEEN) addTo(this.#tally, TALLY.lost, 1);
    if (floor > this.#settled) this.#settled = floor;
  }

  /** Finds the highest id that came too long ago: nothing below it is waited for. */
  #reap(at: Instant): void {
    this.#nextReap = at + REAP_EVERY;
    const tooOld = at - this.#patience;
    for (let id = this.#highest; id > this.#settled; id--) {
      const arrival = this.#arrivals[id % this.#size] ?? UNSEEN;
      if (arrival !== UNSEEN && arrival < tooOld) {
        this.#settle(id);
        return;
      }
    }
  }
}
