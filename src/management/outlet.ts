import { encodeLines, joinLines, oneLine } from './line-codec.ts';

/** How many bytes are handed to the host at a time, and may be with it unsent. */
const PIECE_BYTES = 128 * 1024;
const LINE_END_BYTES = 2;

/** A part of a line that is too long to be made at once: no line end follows it. */
export class LinePart {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** Whole lines, each with its CR LF, by somebody who has seen to it that there are no other control characters in them. */
export class WholeLines {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a reply is made of: lines, one by one or many at once, and parts of long ones. */
export type ReplyLine = string | LinePart | WholeLines;

/**
 * What waits to be sent to one client. A long reply is made while it is sent, piece by piece; what comes meanwhile
 * waits behind it, so that a reply's lines stay together.
 */
export class Outlet {
  #chunks: Buffer[] = [];
  #behind: Buffer[] = [];
  #reply: Iterator<ReplyLine> | undefined;
  #waiting = 0;
  #unsent = 0;

  /** Bytes that a slow reader keeps in memory: made and not sent. */
  get backlog(): number {
    return this.#waiting + this.#unsent;
  }

  /** True while a reply is still being made. */
  get replying(): boolean {
    return this.#reply !== undefined;
  }

  /** True when everything is with the host. */
  get empty(): boolean {
    return this.#waiting === 0 && this.#reply === undefined;
  }

  /** Queues bytes that came unasked: behind a reply in the making. */
  notify(bytes: Buffer): void {
    (this.#reply === undefined ? this.#chunks : this.#behind).push(bytes);
    this.#waiting += bytes.length;
  }

  /** Queues a reply. Short ones are made at once. */
  reply(lines: Iterable<ReplyLine>): void {
    if (isList(lines)) this.#push(encodeLines(lines));
    else this.#reply = lines[Symbol.iterator]();
  }

  /** Queues bytes as they are, like the password prompt, which has no line end. */
  raw(text: string): void {
    this.#push(Buffer.from(text));
  }

  /** Forgets what waits, so that a last line can be sent; what the host has is beyond recall. */
  clear(): void {
    this.#chunks = [];
    this.#behind = [];
    this.#reply = undefined;
    this.#waiting = 0;
  }

  /** Makes no more of a long reply; what came meanwhile follows what is made. */
  endReply(): void {
    this.#reply = undefined;
    this.#chunks.push(...this.#behind);
    this.#behind = [];
  }

  /** The next bytes for the host; undefined when there are none, or, unless `all` is asked for, the host still has enough. */
  take(all = false): Buffer | undefined {
    if (!all && this.#unsent >= PIECE_BYTES) return undefined;
    this.#refill();
    if (this.#chunks.length === 0) return undefined;
    const taken: Buffer[] = [];
    let size = 0;
    let count = 0;
    for (const chunk of this.#chunks) {
      if (count > 0 && size + chunk.length > PIECE_BYTES) break;
      taken.push(chunk);
      size += chunk.length;
      count++;
    }
    this.#chunks = this.#chunks.slice(count);
    this.#waiting -= size;
    this.#unsent += size;
    return taken.length === 1 ? taken[0] : Buffer.concat(taken, size);
  }

  /** The host has sent so many bytes. */
  handleSent(bytes: number): void {
    this.#unsent = Math.max(0, this.#unsent - bytes);
  }

  #push(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#waiting += bytes.length;
  }

  /** Makes the next piece of the reply once its last one is taken. */
  #refill(): void {
    if (this.#reply === undefined || this.#chunks.length > 0) return;
    let text = '';
    let lines: string[] = [];
    let ended = false;
    for (let size = 0; size < PIECE_BYTES; ) {
      const next = this.#reply.next();
      if (next.done === true) {
        ended = true;
        break;
      }
      const { value } = next;
      if (typeof value === 'string') {
        lines.push(value);
        size += value.length + LINE_END_BYTES;
      } else {
        text += joinLines(lines) + (value instanceof WholeLines ? value.text : oneLine(value.text));
        lines = [];
        size += value.text.length;
      }
    }
    this.#push(Buffer.from(text + joinLines(lines)));
    if (ended) this.endReply();
  }
}

function isList(lines: Iterable<ReplyLine>): lines is readonly string[] {
  return Array.isArray(lines);
}
