/** The last so many of something: pushing is O(1) and the oldest makes room. */
export class Ring<T> {
  #items: T[] = [];
  /** Where the oldest stands once the ring is full. */
  #oldest = 0;
  #capacity: number;

  /** `capacity` is at least 1. */
  constructor(capacity: number) {
    this.#capacity = Math.max(1, capacity);
  }

  /** How many it holds now. */
  get size(): number {
    return this.#items.length;
  }

  /** How many it holds at most. */
  get capacity(): number {
    return this.#capacity;
  }

  push(item: T): void {
    if (this.#items.length < this.#capacity) {
      this.#items.push(item);
      return;
    }
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.#capacity;
  }

  /** The newest `count`, oldest first; all of them without `count`. */
  last(count: number = this.#items.length): T[] {
    const all = [...this.#items.slice(this.#oldest), ...this.#items.slice(0, this.#oldest)];
    return count >= all.length ? all : all.slice(all.length - Math.max(0, count));
  }

  /** Changes the capacity, keeping the newest. */
  resize(capacity: number): void {
    this.#capacity = Math.max(1, capacity);
    this.#items = this.last(this.#capacity);
    this.#oldest = 0;
  }
}
