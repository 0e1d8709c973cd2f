/** What happens later in a simulation: by time, and in the order of planning within one moment. */
export class Agenda {
  readonly #heap: Planned[] = [];
  #count = 0;

  /** How much is planned. */
  get size(): number {
    return this.#heap.length;
  }

  add(at: number, action: () => void): void {
    const planned = { at, order: this.#count++, action };
    let index = this.#heap.push(planned) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = this.#heap[parent];
      if (above === undefined || before(above, planned)) break;
      this.#heap[index] = above;
      index = parent;
    }
    this.#heap[index] = planned;
  }

  /** When the next thing happens. */
  next(): number | undefined {
    return this.#heap[0]?.at;
  }

  /** Takes the next thing, if it is not after `at`. */
  take(at: number): (() => void) | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.at > at) return undefined;
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
    return first.action;
  }

  #sink(planned: Planned): void {
    let index = 0;
    for (;;) {
      const left = this.#heap[2 * index + 1];
      const right = this.#heap[2 * index + 2];
      if (left === undefined) break;
      const child = right !== undefined && before(right, left) ? right : left;
      if (before(planned, child)) break;
      this.#heap[index] = child;
      index = child === right ? 2 * index + 2 : 2 * index + 1;
    }
    this.#heap[index] = planned;
  }
}

interface Planned {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

function before(a: Planned, b: Planned): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
