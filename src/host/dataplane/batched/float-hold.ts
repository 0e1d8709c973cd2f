/** The engine is asked about a peer's new address on another thread: so long its answer may take. */
const PATIENCE_MS = 20;
/** A peer that changes its address with each packet must not keep the others waiting. */
const AT_MOST_EVERY_MS = 200;

/**
 * Keeps the TUN device unread for the moment in which the engine decides about a float: what a peer sent from its new
 * address is mostly answered at once, and the answer shall not go to where the peer is no longer.
 */
export class FloatHold {
  #until = Number.NEGATIVE_INFINITY;
  #next = Number.NEGATIVE_INFINITY;

  /** The engine was asked. `at` is in milliseconds of a clock that runs. */
  begin(at: number): void {
    if (at < this.#next) return;
    this.#until = at + PATIENCE_MS;
    this.#next = at + AT_MOST_EVERY_MS;
  }

  /** It answered. */
  end(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** How long the device stays unread; 0 when it may be read. */
  left(at: number): number {
    return Math.max(0, this.#until - at);
  }
}
