import { Reader } from '../../base/reader.ts';
import { type ControlOpcode, OP } from '../opcodes.ts';

/** An extension in the payload of a server's reset, and its flag that the wrapped key is wanted once more (facts: wire 6.5). */
const FLAGS_TYPE = 1;
const SEND_KEY_AGAIN = 1;

/** The message that carries the key once more: the first after the reset. */
const FIRST_MESSAGE = 1;

/**
 * The wrapped key of a tls-crypt-v2 client, which the server reads out of the client's first packet, and out of its first message too
 * where the server kept nothing of that packet: then nothing goes out without it before that message is acknowledged.
 */
export class WrappedKey {
  readonly bytes: Buffer;
  #wantedAgain = false;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** What the server's reset carries: `u16 type | u16 length | value` each. What makes no sense asks for nothing. */
  handleReset(payload: Buffer): void {
    const reader = new Reader(payload);
    while (reader.remaining > 0) {
      const type = reader.u16();
      const value = reader.bytes(reader.u16());
      if (reader.failed) return;
      if (type === FLAGS_TYPE && value.length === 2) this.#wantedAgain = (value.readUInt16BE(0) & SEND_KEY_AGAIN) !== 0;
    }
  }

  /** The server has acknowledged these messages. */
  handleAcks(acks: readonly number[]): void {
    if (acks.includes(FIRST_MESSAGE)) this.#wantedAgain = false;
  }

  /** Acknowledgements wait for the message that carries the key. */
  get holdsAcks(): boolean {
    return this.#wantedAgain;
  }

  /** The opcode of a packet that carries the key; undefined for all others. */
  carrier(opcode: ControlOpcode, messageId: number | undefined): ControlOpcode | undefined {
    if (opcode === OP.hardResetClientV3) return opcode;
    return opcode === OP.control && this.#isFirst(messageId) ? OP.controlWkc : undefined;
  }

  /** Bytes that it takes of a packet. */
  room(messageId: number): number {
    return this.#isFirst(messageId) ? this.bytes.length : 0;
  }

  #isFirst(messageId: number | undefined): boolean {
    return this.#wantedAgain && messageId === FIRST_MESSAGE;
  }
}
