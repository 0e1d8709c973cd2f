/** The engine is asked about a peer's new address on another thread: so long its answer may take. */
const PATIENCE_MS = 100;
/** A peer that changes its address with each packet must not keep the others waiting: after a hold, so many times as long without. */
const FREE_AFTER = 9;

/**
 * Keeps the TUN device unread for the moment in which the engine decides about a float: what a peer sent from its new
 * address is mostly answered at once, and the answer shall not go to where the peer is no longer. Times are milliseconds
 * of a clock that runs.
 */
export class FloatHold {
  #since = 0;
  #until = 0;

  /** The engine was asked. */
  begin(at: number): void {
    if (at < this.#until + FREE_AFTER * (this.#until - this.#since)) return;
    this.#since = at;
    this.#until = at + PATIENCE_MS;
  }

  /** It answered. */
  end(at: number): void {
    this.#until = Math.min(this.#until, at);
  }

  /** How long the device stays unread; 0 when it may be read. */
  left(at: number): number {
    return Math.max(0, this.#until - at);
  }
}
