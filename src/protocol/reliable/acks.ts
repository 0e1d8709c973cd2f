/** Acknowledged ids that are repeated to fill up packets, in case the packets that carried them were lost. */
const REMEMBERED = 8;

/** More ids than this are not queued: the peer repeats their messages and is acknowledged then. */
const MAX_PENDING = 16;

/** The acknowledgements that one key id owes its peer (facts: wire 3, 4). */
export class AckQueue {
  readonly #pending: number[] = [];
  /** Sent ones, newest first. */
  #sent: number[] = [];

  /** True while something is owed: when no packet goes out soon, an ACK_V1 must. */
  get pending(): boolean {
    return this.#pending.length > 0;
  }

  /** Owes an acknowledgement for a message that was accepted or repeated. */
  add(id: number): void {
    if (this.#pending.length < MAX_PENDING && !this.#pending.includes(id)) this.#pending.push(id);
  }

  /** Ids for the next packet, newest first: what is owed, as far as `max` reaches, filled up with repeats of what was sent. */
  take(max: number): number[] {
    const owed = this.#pending.splice(0, max).reverse();
    this.#sent = [...owed, ...this.#sent.filter((id) => !owed.includes(id))].slice(0, REMEMBERED);
    return this.#sent.slice(0, max);
  }
}
