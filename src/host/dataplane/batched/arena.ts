/** Beyond this many kept views all are made anew: a bound, seldom met. */
const MAX_VIEWS = 8192;

/** Turns a Buffer into the number of its address. */
export type AddressOf = (buffer: Buffer) => number;

/**
 * The worker's one piece of memory, pinned: what system calls and ciphers read and write by address. Parts of it are
 * taken once, at the start. Views for JavaScript are kept, since traffic asks for the same ones again and again.
 */
export class Arena {
  readonly bytes: Buffer;
  /** The whole as 32-bit words, in the machine's order: for C structures. */
  readonly words: Uint32Array;
  readonly data: DataView;
  /** The address of its first byte. */
  readonly base: number;
  readonly #views = new Map<number, Buffer>();
  #taken = 0;

  constructor(size: number, addressOf: AddressOf) {
    this.bytes = Buffer.alloc(size);
    this.words = new Uint32Array(this.bytes.buffer, 0, size >> 2);
    this.data = new DataView(this.bytes.buffer);
    this.base = addressOf(this.bytes);
    pinned.add(this);
  }

  /** Takes a part for good; its offset. `align` is a power of two. Throws RangeError when the arena is used up. */
  take(size: number, align = 64): number {
    const at = (this.#taken + align - 1) & ~(align - 1);
    if (at + size > this.bytes.length) throw new RangeError(`the arena has no ${size} bytes left`);
    this.#taken = at + size;
    return at;
  }

  /** Whether a Buffer lies in it. */
  holds(buffer: Buffer): boolean {
    return buffer.buffer === this.bytes.buffer;
  }

  /** A part as a Buffer. */
  view(offset: number, length: number): Buffer {
    const kept = this.#views.get(offset);
    if (kept !== undefined && kept.length === length) return kept;
    if (this.#views.size >= MAX_VIEWS) this.#views.clear();
    const made = this.bytes.subarray(offset, offset + length);
    this.#views.set(offset, made);
    return made;
  }

  /** Writes an address, as a C structure has it. `at` is a multiple of 8. */
  setPointer(at: number, pointer: number): void {
    this.words[at >> 2] = pointer % 0x1_0000_0000;
    this.words[(at >> 2) + 1] = Math.floor(pointer / 0x1_0000_0000);
  }

  /** A 32-bit word. `at` is a multiple of 4. */
  word(at: number): number {
    return this.words[at >> 2] ?? 0;
  }

  setWord(at: number, value: number): void {
    this.words[at >> 2] = value;
  }
}

/** An arena that nobody mentions any more is still what the kernel and the ciphers write to. */
const pinned = new Set<Arena>();
