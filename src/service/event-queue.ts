/**
 * Things that happen, for whoever iterates: kept up to a limit while nobody takes them, the oldest dropped first and counted.
 * One iterator at a time takes each thing once; `end` finishes the iteration after what is left.
 */
export class EventQueue<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many were dropped because nobody took them in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Adds one, and drops the oldest when there are too many. */
  push(item: T): void {
    if (this.#ended) return;
    this.#items.push(item);
    if (this.#items.length > this.#limit) {
      this.#items.shift();
      this.#dropped++;
    }
    this.#wake?.();
  }

  /** Nothing more will come. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Takes them as they come, until the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      const [item] = this.#items.splice(0, 1);
      if (item !== undefined) yield item;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
