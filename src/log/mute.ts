import { categoryOf, FLAG } from '../messages/kinds.ts';

/** What mute says of a message. `closing` is written before it; `triggered` is written in place of the first one dropped. */
export interface MuteVerdict {
  readonly show: boolean;
  readonly triggered: boolean;
  readonly closing: MuteSummary | undefined;
}

/** How many messages were dropped after how many were shown. */
export interface MuteSummary {
  readonly count: number;
  readonly limit: number;
}

const SHOW: MuteVerdict = { show: true, triggered: false, closing: undefined };
const DROP: MuteVerdict = { show: false, triggered: false, closing: undefined };
const DROP_FIRST: MuteVerdict = { show: false, triggered: true, closing: undefined };

/**
 * `mute N` as it is meant (facts: logging 8): of consecutive messages of one category the first N are shown, the rest
 * counted. Category 0 is never muted, but ends a run as any other category does.
 */
export class Mute {
  #limit: number;
  #category = 0;
  #seen = 0;

  /** `limit` 0 mutes nothing. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The N of `mute N`. */
  get limit(): number {
    return this.#limit;
  }

  /** Changes the limit; gives the count of the run that ends with it. */
  setLimit(limit: number): MuteSummary | undefined {
    const closing = this.finish();
    this.#limit = limit;
    return closing;
  }

  /** Judges the next message by its word. */
  judge(word: number): MuteVerdict {
    if (this.#limit === 0 || (word & FLAG.noMute) !== 0) return SHOW;
    const category = categoryOf(word);
    if (category !== 0 && category === this.#category) {
      this.#seen++;
      if (this.#seen <= this.#limit) return SHOW;
      return this.#seen === this.#limit + 1 ? DROP_FIRST : DROP;
    }
    const closing = this.finish();
    this.#category = category;
    this.#seen = 1;
    return closing === undefined ? SHOW : { show: true, triggered: false, closing };
  }

  /** Ends the run; gives what was dropped of it. For the end of the process. */
  finish(): MuteSummary | undefined {
    const count = this.#seen - this.#limit;
    const dropped = this.#limit > 0 && this.#category !== 0 && count > 0;
    this.#category = 0;
    this.#seen = 0;
    return dropped ? { count, limit: this.#limit } : undefined;
  }
}
