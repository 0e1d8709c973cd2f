import { TunnelscopeError } from '../../base/errors.ts';
import { after, between, type Duration, earliest, type Instant, milliseconds } from '../../base/units.ts';
import type { ControlOpcode } from '../opcodes.ts';

/** A message of the reliable channel: retransmissions repeat it unchanged, in a new wrap and with newer acknowledgements. */
export interface ReliableMessage {
  readonly id: number;
  readonly opcode: ControlOpcode;
  readonly payload: Buffer;
}

/** How a send window begins. */
export interface SendWindowStart {
  /** 0, or 1 when the reset was sent before there was state (facts: wire 5.1). */
  readonly firstId: number;
  /** How long a message waits for its acknowledgement the first time; doubled with every retransmission, up to a limit. */
  readonly timeout: Duration;
}

interface Outstanding {
  readonly message: ReliableMessage;
  readonly sentAt: Instant;
  timeout: Duration;
  dueAt: Instant;
  /** Acknowledgements of later messages since it was last sent. */
  overtaken: number;
  retransmitted: boolean;
}

/** An id may be sent only while it is less than this ahead of the lowest unacknowledged one. */
const WINDOW = 6;

/**
 * Without an end to doubling, the 60 s of a handshake give each message five chances, and at 20 % loss one client in some
 * hundreds does not get in; with it there are nine.
 */
const LONGEST_TIMEOUT = milliseconds(8000);

/** So many later messages acknowledged mean that this one was lost. */
const FAST_RETRANSMIT_AFTER = 3;

/**
 * The sending half of one key id's reliable channel (facts: wire 4). `add` while `hasRoom` and send what it gives;
 * hand in every acknowledgement; send what `takeDue` gives after acknowledgements and at `nextDeadline`.
 */
export class SendWindow {
  #nextId: number;
  readonly #timeout: Duration;
  /** In the order of their ids. */
  readonly #outstanding: Outstanding[] = [];
  #retransmits = 0;
  #roundTrip: Duration | undefined;

  constructor(start: SendWindowStart) {
    this.#nextId = start.firstId;
    this.#timeout = start.timeout;
  }

  /** Whether one more message may be sent. */
  get hasRoom(): boolean {
    return this.#nextId - (this.#outstanding[0]?.message.id ?? this.#nextId) < WINDOW;
  }

  /** What the next message will be known by. */
  get nextId(): number {
    return this.#nextId;
  }

  /** True when everything sent is acknowledged. */
  get empty(): boolean {
    return this.#outstanding.length === 0;
  }

  /** Messages sent again, ever. */
  get retransmits(): number {
    return this.#retransmits;
  }

  /** The newest round trip in milliseconds, of a message that was sent once; undefined before the first. */
  get roundTrip(): Duration | undefined {
    return this.#roundTrip;
  }

  /** The next message, to be sent now. Throws BUG without room. */
  add(opcode: ControlOpcode, payload: Buffer, at: Instant): ReliableMessage {
    if (!this.hasRoom) throw new TunnelscopeError('BUG', 'the send window is full');
    const message = { id: this.#nextId++, opcode, payload };
    const { next, dueAt } = this.#backOff(this.#timeout, at);
    this.#outstanding.push({ message, sentAt: at, timeout: next, dueAt, overtaken: 0, retransmitted: false });
    return message;
  }

  /** Takes acknowledgements in; those of unknown, unsent and already acknowledged messages change nothing. */
  acknowledge(ids: readonly number[], at: Instant): void {
    for (const id of ids) {
      const index = this.#outstanding.findIndex(({ message }) => message.id === id);
      const acked = this.#outstanding[index];
      if (acked === undefined) continue;
      this.#outstanding.splice(index, 1);
      if (!acked.retransmitted) this.#roundTrip = between(acked.sentAt, at);
      for (const earlier of this.#outstanding.slice(0, index)) {
        earlier.overtaken += 1;
        if (earlier.overtaken >= FAST_RETRANSMIT_AFTER && earlier.dueAt > at) earlier.dueAt = at;
      }
    }
  }

  /** The messages to send again now, lowest id first. */
  takeDue(at: Instant): ReliableMessage[] {
    const due = this.#outstanding.filter(({ dueAt }) => dueAt <= at);
    for (const entry of due) {
      const { next, dueAt } = this.#backOff(entry.timeout, at);
      entry.timeout = next;
      entry.dueAt = dueAt;
      entry.overtaken = 0;
      entry.retransmitted = true;
      this.#retransmits += 1;
    }
    return due.map(({ message }) => message);
  }

  /** When the next message is due; undefined when all is acknowledged. */
  nextDeadline(): Instant | undefined {
    let first: Instant | undefined;
    for (const { dueAt } of this.#outstanding) first = earliest(first, dueAt);
    return first;
  }

  #backOff(timeout: Duration, at: Instant): { readonly next: Duration; readonly dueAt: Instant } {
    return { next: milliseconds(Math.max(timeout, Math.min(timeout * 2, LONGEST_TIMEOUT))), dueAt: after(at, timeout) };
  }
}
