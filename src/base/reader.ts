/**
 * Reads big-endian fields off a buffer that a peer may have cut anywhere. A read past the end, or of a negative length that a
 * peer's numbers came to, sets `failed` and yields zeros, so a decoder reads straight through and asks once at the end.
 */
export class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #failed = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** True once any read went past the end or asked for less than nothing. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  #take(count: number): number {
    if (this.#failed || count < 0 || count > this.remaining) {
      this.#failed = true;
      return -1;
    }
    const at = this.#at;
    this.#at += count;
    return at;
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#bytes.readUInt8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#bytes.readUInt16BE(at);
  }

  u24(): number {
    const at = this.#take(3);
    return at < 0 ? 0 : this.#bytes.readUIntBE(at, 3);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#bytes.readUInt32BE(at);
  }

  /** A view of the next `count` bytes, sharing memory with the input. */
  bytes(count: number): Buffer {
    const at = this.#take(count);
    return at < 0 ? Buffer.alloc(0) : this.#bytes.subarray(at, at + count);
  }

  /** A view of all that is left. */
  rest(): Buffer {
    return this.bytes(this.remaining);
  }
}
