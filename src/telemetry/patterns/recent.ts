import type { Duration, Instant, Now } from '../../base/units.ts';

/** How finely a window moves. */
const SLICES = 20;

interface Entry {
  /** How often it came in each slice of the window; the slice that a number of them stands for changes as time passes. */
  readonly slices: Uint32Array;
  newest: number;
  count: number;
}

/**
 * How often what came in the last so-and-so many minutes, by words that anybody may make up: of no more than `most` words, of which the one
 * that came longest ago makes room.
 */
export class Recent {
  readonly #slice: number;
  readonly #most: number;
  /** In the order in which they came last. */
  readonly #entries = new Map<string, Entry>();

  constructor(window: Duration, most: number) {
    this.#slice = window / SLICES;
    this.#most = most;
  }

  add(word: string, { at }: Pick<Now, 'at'>): void {
    const entry = this.#entries.get(word) ?? { slices: new Uint32Array(SLICES), newest: this.#number(at), count: 0 };
    this.#pass(entry, at);
    const index = entry.newest % SLICES;
    entry.slices[index] = (entry.slices[index] ?? 0) + 1;
    entry.count++;
    this.#entries.delete(word);
    this.#entries.set(word, entry);
    if (this.#entries.size > this.#most) for (const oldest of this.#entries.keys()) return void this.#entries.delete(oldest);
  }

  /** Lets go of what is over. */
  advance({ at }: Pick<Now, 'at'>): void {
    for (const [word, entry] of this.#entries) {
      this.#pass(entry, at);
      if (entry.count === 0) this.#entries.delete(word);
    }
  }

  /** Those that came most often, up to so many. */
  top(most: number): readonly (readonly [word: string, count: number])[] {
    return [...this.#entries]
      .map(([word, { count }]) => [word, count] as const)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, most);
  }

  #number(at: Instant): number {
    return Math.floor(at / this.#slice);
  }

  #pass(entry: Entry, at: Instant): void {
    const now = this.#number(at);
    for (let number = Math.max(entry.newest + 1, now - SLICES + 1); number <= now; number++) {
      const index = number % SLICES;
      entry.count -= entry.slices[index] ?? 0;
      entry.slices[index] = 0;
    }
    entry.newest = Math.max(entry.newest, now);
  }
}
