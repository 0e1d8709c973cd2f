/**
 * Reads DER (X.690) as strictly as certificates and CRLs need it: definite lengths in their shortest form, one-byte
 * tags. Callers descend by hand, so hostile nesting costs nothing, and a length never reaches past its container.
 */

/** First bytes of the elements that certificates and CRLs use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  visibleString: 0x1a,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  /** Context-specific and constructed, numbers 0 to 3. */
  context0: 0xa0,
  context1: 0xa1,
  context2: 0xa2,
  context3: 0xa3,
  /** Context-specific and primitive, number 0. */
  contextPrimitive0: 0x80,
  contextPrimitive1: 0x81,
  contextPrimitive2: 0x82,
} as const;

/** One element: its tag, its content, and the element whole with tag and length. Both share memory with the input. */
export interface DerElement {
  readonly tag: number;
  readonly content: Buffer;
  readonly whole: Buffer;
}

const EMPTY = Buffer.alloc(0);

/**
 * Reads elements one after another. A reader that meets something else than it was asked for sets `failed`, for itself
 * and all readers that were entered from the same root, and yields empty values from then on: a parser reads straight
 * through and asks once at the end.
 */
export class DerReader {
  readonly #bytes: Buffer;
  readonly #shared: { failed: boolean };
  #at = 0;

  constructor(bytes: Buffer, shared: { failed: boolean } = { failed: false }) {
    this.#bytes = bytes;
    this.#shared = shared;
  }

  /** True once anything read from the same root was not what it should be. */
  get failed(): boolean {
    return this.#shared.failed;
  }

  /** True when nothing is left to read; always after a failure, so that loops end. */
  get atEnd(): boolean {
    return this.#shared.failed || this.#at >= this.#bytes.length;
  }

  /** The tag of the next element; undefined at the end. */
  peek(): number | undefined {
    return this.atEnd ? undefined : this.#bytes[this.#at];
  }

  /** Marks the whole parse as failed: a value inside made no sense. */
  fail(): void {
    this.#shared.failed = true;
  }

  /** The next element, whatever it is. */
  any(): DerElement {
    const start = this.#at;
    const length = this.#header();
    const end = this.#at + length;
    if (this.#shared.failed || end > this.#bytes.length) {
      this.fail();
      return { tag: 0, content: EMPTY, whole: EMPTY };
    }
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return { tag: this.#bytes.readUInt8(start), content, whole: this.#bytes.subarray(start, end) };
  }

  /** The content of the next element, which must have this tag. */
  take(tag: number): Buffer {
    const element = this.any();
    if (element.tag === tag) return element.content;
    this.fail();
    return EMPTY;
  }

  /** The next element with tag and length; it must have this tag. */
  takeWhole(tag: number): Buffer {
    const element = this.any();
    if (element.tag === tag) return element.whole;
    this.fail();
    return EMPTY;
  }

  /** The content of the next element if it has this tag; otherwise undefined, and nothing is read. */
  optional(tag: number): Buffer | undefined {
    return this.peek() === tag ? this.take(tag) : undefined;
  }

  /** A reader of the content of the next element, which must have this tag. */
  enter(tag: number): DerReader {
    return new DerReader(this.take(tag), this.#shared);
  }

  /** A reader of these bytes (the content of an octet string, say) that fails together with this one. */
  over(bytes: Buffer): DerReader {
    return new DerReader(bytes, this.#shared);
  }

  /** Fails unless everything was read. */
  end(): void {
    if (this.#at < this.#bytes.length) this.fail();
  }

  /** Reads tag and length; leaves `#at` at the content and returns its length. */
  #header(): number {
    const tag = this.#byte();
    if ((tag & 0x1f) === 0x1f) this.fail();
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0 || count > 4) {
      this.fail();
      return 0;
    }
    let length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte();
    const shortest = length >= 0x80 && length >= 256 ** (count - 1);
    if (!shortest) this.fail();
    return length;
  }

  #byte(): number {
    if (this.atEnd) {
      this.fail();
      return 0;
    }
    return this.#bytes.readUInt8(this.#at++);
  }
}

/** An object identifier in dots; undefined when it is malformed. At most 64 bytes are looked at. */
export function oidText(content: Buffer): string | undefined {
  if (content.length === 0 || content.length > 64) return undefined;
  const arcs: bigint[] = [];
  let arc = 0n;
  let inside = false;
  for (const byte of content) {
    if (!inside && byte === 0x80) return undefined;
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    inside = (byte & 0x80) !== 0;
    if (inside) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first, ...others] = arcs;
  if (inside || first === undefined) return undefined;
  const top = first < 40n ? 0n : first < 80n ? 1n : 2n;
  return [top, first - top * 40n, ...others].join('.');
}

/** A signed integer of any size. */
export function integerValue(content: Buffer): bigint {
  if (content.length === 0) return 0n;
  const unsigned = BigInt(`0x${content.toString('hex')}`);
  const negative = content.readUInt8(0) >= 0x80;
  return negative ? unsigned - (1n << BigInt(content.length * 8)) : unsigned;
}

const UTC_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** UTCTime or GeneralizedTime as RFC 5280 allows them, in milliseconds since 1970; undefined when it is no such time. */
export function timeValue(element: DerElement): number | undefined {
  const text = element.content.toString('latin1');
  const short = element.tag === TAG.utcTime ? UTC_TIME.exec(text) : null;
  const fields = short ?? (element.tag === TAG.generalizedTime ? GENERALIZED_TIME.exec(text) : null);
  if (fields === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields.slice(1).map(Number);
  const fullYear = short === null ? year : year < 50 ? 2000 + year : 1900 + year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const same =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour && date.getUTCMinutes() === minute;
  return same ? date.getTime() : undefined;
}

/** The text of a string element; every type that names use. Unknown types are read a byte a character, as OpenSSL does. */
export function stringValue(element: DerElement): string {
  const { tag, content } = element;
  if (tag === TAG.utf8String) return content.toString('utf8');
  if (tag === TAG.bmpString) return wide(content, 2);
  if (tag === TAG.universalString) return wide(content, 4);
  return content.toString('latin1');
}

function wide(content: Buffer, width: 2 | 4): string {
  let text = '';
  for (let at = 0; at + width <= content.length; at += width) {
    const code = content.readUIntBE(at, width);
    text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  }
  return text;
}
