import { printable } from '../base/printable.ts';

/**
 * The environment of a client's scripts and `>CLIENT:ENV` blocks: names and values, where setting a name again moves it
 * to the end. OpenVPN prints the newest first (facts: management 16).
 */
export class EnvList {
  readonly #values = new Map<string, string>();

  constructor(entries: Iterable<readonly [string, string]> = []) {
    for (const [name, value] of entries) this.set(name, value);
  }

  /** Sets or replaces; undefined removes. Control characters in the value become `_`. */
  set(name: string, value: string | number | undefined): this {
    this.#values.delete(name);
    if (value !== undefined) this.#values.set(name, printable(String(value)));
    return this;
  }

  /** The value of a name; undefined when it is not set. */
  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** A copy that can be changed apart. */
  clone(): EnvList {
    const copy = new EnvList();
    for (const [name, value] of this.#values) copy.#values.set(name, value);
    return copy;
  }

  /** Newest first: the order of ENV blocks. */
  newestFirst(): [string, string][] {
    return [...this.#values].reverse();
  }

  /** For a child process. */
  toObject(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }
}
