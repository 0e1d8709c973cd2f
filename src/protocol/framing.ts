import { TunnelscopeError } from '../base/errors.ts';

/** Packets on TCP: `u16 length | packet`, the length counting the packet alone (facts: wire 1). */

/** The longest packet that a stock peer with tun-mtu 1500 accepts and sends. */
export const DEFAULT_MAX_FRAME = 1768;

const LENGTH_BYTES = 2;

/** A packet with its length in front. Throws BUG for an empty packet or one that no u16 can count. */
export function frame(packet: Buffer): Buffer {
  if (packet.length === 0 || packet.length > 0xffff)
    throw new TunnelscopeError('BUG', `a packet of ${packet.length} bytes cannot be framed`);
  const framed = Buffer.allocUnsafe(LENGTH_BYTES + packet.length);
  framed.writeUInt16BE(packet.length, 0);
  packet.copy(framed, LENGTH_BYTES);
  return framed;
}

/**
 * Cuts a TCP stream into packets. Holds at most one unfinished packet. A length of zero or beyond the maximum breaks it
 * for good: the stream has no place to start again from, so the connection must be closed.
 */
export class Deframer {
  readonly #max: number;
  /** The start of an unfinished frame; undefined until a chunk ends inside one. */
  #held: Buffer | undefined;
  #heldLength = 0;
  #badLength: number | undefined;

  constructor(max: number = DEFAULT_MAX_FRAME) {
    this.#max = max;
  }

  /** Why nothing more can be read, or undefined while the stream is sound. */
  get broken(): string | undefined {
    if (this.#badLength === undefined) return undefined;
    return `bad encapsulated packet length from peer (${this.#badLength}), which must be > 0 and <= ${this.#max}`;
  }

  /** The length that broke the stream. */
  get badLength(): number | undefined {
    return this.#badLength;
  }

  /** The longest packet that is accepted. */
  get maxLength(): number {
    return this.#max;
  }

  /** The packets that `chunk` completes, in order; they may share memory with it. None once broken. */
  push(chunk: Buffer): Buffer[] {
    const packets: Buffer[] = [];
    let at = this.#finishHeld(chunk, packets);
    while (this.#badLength === undefined && chunk.length - at >= LENGTH_BYTES) {
      const length = chunk.readUInt16BE(at);
      if (this.#refuse(length)) return packets;
      if (chunk.length - at - LENGTH_BYTES < length) break;
      packets.push(chunk.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length));
      at += LENGTH_BYTES + length;
    }
    if (this.#badLength === undefined && at < chunk.length) this.#hold(chunk.subarray(at));
    return packets;
  }

  /** Completes the held frame as far as the chunk goes; gives how much of the chunk it used. */
  #finishHeld(chunk: Buffer, packets: Buffer[]): number {
    const held = this.#held;
    if (held === undefined || this.#heldLength === 0 || this.#badLength !== undefined) return 0;
    let used = 0;
    if (this.#heldLength < LENGTH_BYTES) {
      used = chunk.copy(held, this.#heldLength, 0, LENGTH_BYTES - this.#heldLength);
      this.#heldLength += used;
      if (this.#heldLength < LENGTH_BYTES) return used;
    }
    const length = held.readUInt16BE(0);
    if (this.#refuse(length)) return used;
    const copied = chunk.copy(held, this.#heldLength, used, used + LENGTH_BYTES + length - this.#heldLength);
    this.#heldLength += copied;
    if (this.#heldLength === LENGTH_BYTES + length) {
      packets.push(Buffer.from(held.subarray(LENGTH_BYTES, this.#heldLength)));
      this.#heldLength = 0;
    }
    return used + copied;
  }

  #hold(rest: Buffer): void {
    this.#held ??= Buffer.allocUnsafeSlow(LENGTH_BYTES + this.#max);
    this.#heldLength += rest.copy(this.#held, this.#heldLength);
  }

  #refuse(length: number): boolean {
    if (length > 0 && length <= this.#max) return false;
    this.#badLength = length;
    this.#held = undefined;
    this.#heldLength = 0;
    return true;
  }
}
