import type { ControlOpcode } from '../opcodes.ts';

/** What a message carries, whatever its id. */
export interface ReceivedMessage {
  readonly opcode: ControlOpcode;
  readonly payload: Buffer;
}

/**
 * What became of a message: `new` and `repeat` are acknowledged, `outside` is dropped without acknowledgement, so that
 * the peer sends it again when there is room (facts: wire 4).
 */
export type Acceptance = 'new' | 'repeat' | 'outside';

/** Ids from the next expected on that are kept. */
const WINDOW = 12;

/** The receiving half of one key id's reliable channel: takes messages in any order, gives each once and in order. */
export class ReceiveWindow {
  #next: number;
  readonly #waiting = new Map<number, ReceivedMessage>();

  /** `firstId` is 1 where the reset with id 0 was answered before there was state (facts: wire 5.1). */
  constructor(firstId = 0) {
    this.#next = firstId;
  }

  /** Takes in a message. Its payload is kept until `take` gives it. */
  accept(id: number, message: ReceivedMessage): Acceptance {
    if (id < this.#next || this.#waiting.has(id)) return 'repeat';
    if (id >= this.#next + WINDOW) return 'outside';
    this.#waiting.set(id, message);
    return 'new';
  }

  /** The next message in order; undefined until it has come. */
  take(): ReceivedMessage | undefined {
    const message = this.#waiting.get(this.#next);
    if (message === undefined) return undefined;
    this.#waiting.delete(this.#next);
    this.#next += 1;
    return message;
  }
}
