import { printable } from '../base/printable.ts';

/** Names and values, in the order of their setting; undefined for a name that is set below and not here. */
type Layer = ReadonlyMap<string, string | undefined>;

/** Many layers make looking slow: with more, a copy begins anew with one. */
const MAX_LAYERS = 6;

/**
 * The environment of a client's scripts and `>CLIENT:ENV` blocks: names and values, where setting a name again moves it
 * to the end. OpenVPN prints the newest first (facts: management 16).
 *
 * Copies are made for each event of each client, and little of them is ever changed: what two have in common lies below
 * both, in layers that change no more.
 */
export class EnvList {
  /** The oldest first. */
  #below: readonly Layer[] = [];
  #own = new Map<string, string | undefined>();

  constructor(entries: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of entries) this.set(name, value);
  }

  /** Sets or replaces; undefined removes. Control characters in the value become `_`. */
  set(name: string, value: string | number | undefined): this {
    this.#own.delete(name);
    if (value !== undefined) this.#own.set(name, printable(String(value)));
    else if (this.#below.length > 0) this.#own.set(name, undefined);
    return this;
  }

  /** The value of a name; undefined when it is not set. */
  get(name: string): string | undefined {
    if (this.#own.has(name)) return this.#own.get(name);
    return this.#below.findLast((layer) => layer.has(name))?.get(name);
  }

  /** A copy that can be changed apart. */
  clone(): EnvList {
    if (this.#own.size > 0) {
      this.#below = this.#below.length < MAX_LAYERS ? [...this.#below, this.#own] : [new Map(this.newestFirst().reverse())];
      this.#own = new Map();
    }
    const copy = new EnvList();
    copy.#below = this.#below;
    return copy;
  }

  /** Newest first: the order of ENV blocks. */
  newestFirst(): [string, string][] {
    const found = new Map<string, string | undefined>();
    for (const layer of [this.#own, ...this.#below.toReversed()]) {
      for (const [name, value] of [...layer].reverse()) if (!found.has(name)) found.set(name, value);
    }
    return [...found].filter((entry): entry is [string, string] => entry[1] !== undefined);
  }

  /** For a child process. */
  toObject(): Record<string, string> {
    return Object.fromEntries(this.newestFirst());
  }
}
