import type { Command } from './command.ts';
import { type InputLine, MAX_LINE_BYTES } from './line-codec.ts';
import { LIMITS } from './server-options.ts';

/** What a line did to a body: it goes on, it is complete, or it ended and cannot be used, with words unless they were said before. */
export type BodyOutcome =
  | { readonly kind: 'more' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'unusable'; readonly why: string | undefined };

const END = Buffer.from('END');
const MORE: BodyOutcome = { kind: 'more' };

/** The lines that belong to a command, up to END; also those of a refused one, so that they are not run as commands. */
export class Body {
  readonly command: Command;
  readonly words: readonly string[];
  /** The header as it came. */
  readonly line: Buffer;
  readonly #lines: string[] = [];
  #bytes = 0;
  #unusable: { readonly why: string | undefined } | undefined;

  /** `refused` when the header got an error already. */
  constructor(command: Command, words: readonly string[], line: Buffer, refused: boolean) {
    this.command = command;
    this.words = words;
    this.line = line;
    if (refused) this.#unusable = { why: undefined };
  }

  /** What was collected. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Takes the next line. */
  take(line: InputLine): BodyOutcome {
    if (line.kind === 'too-long') return this.#spoil(`line too long (${MAX_LINE_BYTES} bytes max)`);
    if (line.bytes.equals(END)) return this.#unusable === undefined ? { kind: 'complete' } : { kind: 'unusable', ...this.#unusable };
    if (this.#unusable !== undefined) return MORE;
    this.#bytes += line.bytes.length + 1;
    if (this.#bytes > LIMITS.bodyBytes) return this.#spoil(`too many lines before END (${LIMITS.bodyBytes} bytes max)`);
    this.#lines.push(line.bytes.toString('utf8'));
    return MORE;
  }

  #spoil(why: string): BodyOutcome {
    this.#unusable ??= { why };
    this.#lines.length = 0;
    return MORE;
  }
}
