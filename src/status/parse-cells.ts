/** The fields of one line of status output, as places in the text that it was read from: nothing is cut out before it is asked for. */

const ZERO = 0x30;
const NINE = 0x39;
/** More digits than that are no exact number. */
const MAX_DIGITS = 16;

/** No line of ours or of stock's has more fields; what comes beyond them is not told apart. */
export const MAX_FIELDS = 600;

/**
 * A line cut at its separators, and its fields laid into columns. There are as many columns as fields, unless names hold separators
 * of their own: then `widen` says which columns have more than one.
 */
export class Cells {
  #text = '';
  /** Field `i` begins at `#starts[i]` and ends before the separator in front of `#starts[i + 1]`. */
  readonly #starts = new Uint32Array(MAX_FIELDS + 2);
  #count = 0;
  readonly #before = new Map<number, string>();
  #widened: readonly (readonly [column: number, extra: number])[] = [];

  /** How many fields the line has. */
  get count(): number {
    return this.#count;
  }

  /** Cuts `text` between two places at every `separator`. Every field is a column then. */
  cut(text: string, from: number, to: number, separator: number): void {
    this.#text = text;
    this.#widened = [];
    const starts = this.#starts;
    starts[0] = from;
    let count = 1;
    for (let at = from; at < to && count <= MAX_FIELDS; at++) {
      if (text.charCodeAt(at) === separator) starts[count++] = at + 1;
    }
    starts[count] = to + 1;
    this.#count = count;
  }

  /** Lays more than one field into some columns, in ascending order: so many more than one. */
  widen(columns: readonly (readonly [column: number, extra: number])[]): void {
    this.#widened = columns;
  }

  /** The text of a column; undefined of one that the line does not have, and of -1. */
  text(column: number): string | undefined {
    const field = this.#fieldOf(column);
    if (field < 0 || field >= this.#count) return undefined;
    const end = this.#widened.length === 0 ? field + 1 : this.#fieldOf(column + 1);
    return this.#text.slice(this.#starts[field], (this.#starts[end] ?? 0) - 1);
  }

  /** The same of a column in which rows are often alike: the text of the row before is used again where it is the same. */
  repeated(column: number): string | undefined {
    const before = this.#before.get(column);
    if (before !== undefined && this.is(column, before)) return before;
    const text = this.text(column);
    if (text !== undefined) this.#before.set(column, text);
    return text;
  }

  /** True when the column's text is this one. */
  is(column: number, text: string): boolean {
    const field = this.#fieldOf(column);
    if (field < 0 || field >= this.#count || this.#widened.length > 0) return false;
    const from = this.#starts[field] ?? 0;
    return (this.#starts[field + 1] ?? 0) - 1 - from === text.length && this.#text.startsWith(text, from);
  }

  /** The column as a number; undefined where there is something else, or nothing. */
  number(column: number): number | undefined {
    const field = this.#fieldOf(column);
    if (field < 0 || field >= this.#count) return undefined;
    const from = this.#starts[field] ?? 0;
    const to = (this.#starts[field + 1] ?? 0) - 1;
    if (to <= from || to - from > MAX_DIGITS) return undefined;
    let value = 0;
    for (let at = from; at < to; at++) {
      const code = this.#text.charCodeAt(at);
      if (code < ZERO || code > NINE) return undefined;
      value = value * 10 + (code - ZERO);
    }
    return value;
  }

  /** The text from a field on to the end of the line. */
  rest(field: number): string {
    return this.#text.slice(this.#starts[Math.min(field, this.#count)], (this.#starts[this.#count] ?? 0) - 1);
  }

  #fieldOf(column: number): number {
    let field = column;
    if (this.#widened.length > 0) for (const [wide, extra] of this.#widened) if (column > wide) field += extra;
    return field;
  }
}
