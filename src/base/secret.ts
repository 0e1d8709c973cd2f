import { inspect } from 'node:util';

/**
 * A password, token or key on its way to the one place that needs it. Printing, logging, inspecting or serialising it
 * shows `[secret]`; only `reveal()` gives the value.
 */
export class Secret<T extends string | Buffer = string> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  /** The value itself. Every call is a place to review. */
  reveal(): T {
    return this.#value;
  }

  /** `[secret]`. */
  toString(): string {
    return '[secret]';
  }

  /** `[secret]`. */
  toJSON(): string {
    return '[secret]';
  }

  /** `[secret]`. */
  [inspect.custom](): string {
    return '[secret]';
  }
}
