/** The lines of the management interface, both directions (facts: management 3, 4). */

/** A line of input: its bytes without line end and control characters, or word that one was too long and dropped. */
export type InputLine = { readonly kind: 'line'; readonly bytes: Buffer } | { readonly kind: 'too-long' };

/** The longest line taken, in bytes without its line end. */
export const MAX_LINE_BYTES = 1023;

const LF = 0x0a;
const DEL = 0x7f;
const FIRST_PRINTABLE = 0x20;

/**
 * Cuts input into lines. LF ends a line; every other control character, CR included, is left out, as in stock. A line
 * that is too long is reported when it becomes so and dropped up to its LF, where stock would lose it or run its tail.
 * Input is kept as it came until its lines are asked for.
 */
export class LineDecoder {
  readonly #line = Buffer.allocUnsafe(MAX_LINE_BYTES);
  #length = 0;
  #dropping = false;
  #chunks: Buffer[] = [];
  /** Where the first chunk goes on. */
  #offset = 0;
  #pending = 0;

  /** Bytes that have not been looked at. */
  get pending(): number {
    return this.#pending;
  }

  /** Takes the next bytes; they must not change afterwards. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#pending += chunk.length;
  }

  /** The next line; undefined until it has ended. */
  next(): InputLine | undefined {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      while (this.#offset < chunk.length) {
        const line = this.#byte(chunk.readUInt8(this.#offset++));
        this.#pending--;
        if (line !== undefined) return line;
      }
      this.#chunks.shift();
      this.#offset = 0;
    }
    return undefined;
  }

  /** Forgets what has not been looked at, and a line that has begun. */
  clear(): void {
    this.#chunks = [];
    this.#offset = 0;
    this.#pending = 0;
    this.#length = 0;
    this.#dropping = false;
  }

  #byte(byte: number): InputLine | undefined {
    if (byte === LF) {
      const line = this.#dropping ? undefined : Buffer.from(this.#line.subarray(0, this.#length));
      this.#length = 0;
      this.#dropping = false;
      return line === undefined ? undefined : { kind: 'line', bytes: line };
    }
    if (byte < FIRST_PRINTABLE || byte === DEL || this.#dropping) return undefined;
    if (this.#length === MAX_LINE_BYTES) {
      this.#dropping = true;
      return { kind: 'too-long' };
    }
    this.#line[this.#length++] = byte;
    return undefined;
  }
}

/** Lines of output, each with its CR LF. */
export function encodeLines(lines: readonly string[]): Buffer {
  return Buffer.from(joinLines(lines));
}

/** The same as text. */
export function joinLines(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  const text = `${lines.join('\r\n')}\r\n`;
  // Looking once at all of them is several times cheaper than at one after the other, and hardly ever finds anything.
  const clean = count(text, '\n') === lines.length && count(text, '\r') === lines.length && !text.includes('\0');
  return clean ? text : lines.map((line) => `${oneLine(line)}\r\n`).join('');
}

function count(text: string, what: string): number {
  let found = 0;
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + 1)) found++;
  return found;
}

/** Text made fit for a line: what would end it early becomes `_`. */
export function oneLine(text: string): string {
  return /[\r\n\0]/.test(text) ? text.replace(/[\r\n\0]/g, '_') : text;
}
