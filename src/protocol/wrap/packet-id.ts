import { type Now, unixSeconds } from '../../base/units.ts';

/** The 8-byte id of a wrapped packet, `u32 counter | u32 time`, compared by time and then counter (facts: wire 6.2). */
export interface PacketId {
  /** From 1; 0 is invalid. */
  readonly counter: number;
  /** Unix seconds of the sender's first packet. */
  readonly time: number;
}

/** Bytes of an encoded id. */
export const PACKET_ID_LENGTH = 8;

const MAX_COUNTER = 0xffff_ffff;
const WINDOW = 64;
const WINDOW_MASK = (1n << BigInt(WINDOW)) - 1n;

/** Hands out ids that never repeat: the counter grows with each, the time moves only when the counter has run out. */
export class PacketIdCounter {
  #counter: number;
  #time: number | undefined;

  /** `sentBefore` ids were used by packets that no state was kept for (facts: wire 5.1). */
  constructor(sentBefore = 0) {
    this.#counter = sentBefore;
  }

  next(now: Now): PacketId {
    if (this.#time === undefined) this.#time = unixSeconds(now.wall);
    if (this.#counter === MAX_COUNTER) {
      this.#counter = 0;
      this.#time = Math.max(this.#time + 1, unixSeconds(now.wall));
    }
    this.#counter += 1;
    return { counter: this.#counter, time: this.#time };
  }
}

/** Accepts each id at most once: a later time starts a new sequence, within one time the last 64 counters are told apart. */
export class PacketIdWindow {
  #time = -1;
  #highest = 0;
  /** Bit n is set when `#highest - n` was seen. */
  #seen = 0n;

  /** Marks the id as seen; false when it was, may have been, or is zero. Call it for authentic packets only. */
  accept(id: PacketId): boolean {
    if (id.counter === 0 || id.time < this.#time) return false;
    if (id.time > this.#time) {
      this.#time = id.time;
      this.#highest = id.counter;
      this.#seen = 1n;
      return true;
    }
    return id.counter > this.#highest ? this.#advance(id.counter) : this.#fill(this.#highest - id.counter);
  }

  #advance(counter: number): true {
    const step = counter - this.#highest;
    this.#highest = counter;
    this.#seen = step >= WINDOW ? 1n : ((this.#seen << BigInt(step)) | 1n) & WINDOW_MASK;
    return true;
  }

  #fill(behind: number): boolean {
    if (behind >= WINDOW) return false;
    const bit = 1n << BigInt(behind);
    if ((this.#seen & bit) !== 0n) return false;
    this.#seen |= bit;
    return true;
  }
}

/** Writes an id at `at`. */
export function writePacketId(packet: Buffer, at: number, id: PacketId): void {
  packet.writeUInt32BE(id.counter, at);
  packet.writeUInt32BE(id.time >>> 0, at + 4);
}

/** Reads the id at `at`; the caller has checked the length. */
export function readPacketId(packet: Buffer, at: number): PacketId {
  return { counter: packet.readUInt32BE(at), time: packet.readUInt32BE(at + 4) };
}
