import type { Instant } from './units.ts';

interface Entry<T> {
  readonly at: Instant;
  readonly item: T;
}

/** Replaced entries that may always stay: rebuilding small heaps is not worth it. */
const SLACK = 64;

/**
 * The deadlines of many items, at most one each: setting, clearing and taking cost the logarithm of their number, so that
 * thousands of sessions need no scan. Entries that were replaced stay in the heap until they come up, or until they are
 * most of it.
 */
export class DeadlineQueue<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #deadlines = new Map<T, Instant>();

  /** Sets, moves or (undefined) clears the deadline of an item. */
  set(item: T, at: Instant | undefined): void {
    if (at === undefined) {
      this.#deadlines.delete(item);
      return;
    }
    if (this.#deadlines.get(item) === at) return;
    this.#deadlines.set(item, at);
    this.#push({ at, item });
    if (this.#heap.length > 2 * this.#deadlines.size + SLACK) this.#rebuild();
  }

  /** Entries in memory, replaced ones included: at most twice the items and a few. */
  get entries(): number {
    return this.#heap.length;
  }

  /** The earliest deadline. */
  next(): Instant | undefined {
    this.#dropStale();
    return this.#heap[0]?.at;
  }

  /** Clears and gives the item with the earliest deadline, if that is not after `at`. */
  takeDue(at: Instant): T | undefined {
    this.#dropStale();
    const first = this.#heap[0];
    if (first === undefined || first.at > at) return undefined;
    this.#pop();
    this.#deadlines.delete(first.item);
    return first.item;
  }

  #rebuild(): void {
    this.#heap.length = 0;
    for (const [item, at] of this.#deadlines) this.#push({ at, item });
  }

  #dropStale(): void {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || this.#deadlines.get(first.item) === first.at) return;
      this.#pop();
    }
  }

  #push(entry: Entry<T>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || above.at <= entry.at) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      if (left === undefined) break;
      const useRight = right !== undefined && right.at < left.at;
      const child = useRight ? right : left;
      if (child.at >= last.at) break;
      heap[index] = child;
      index = 2 * index + (useRight ? 2 : 1);
    }
    heap[index] = last;
  }
}
