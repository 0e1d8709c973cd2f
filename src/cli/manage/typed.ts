import { tokenize } from '../../base/tokenize.ts';
import type { Command } from '../../management/command.ts';
import { commandNamed } from '../../management/commands.ts';
import { encodeWord } from '../../management/encode.ts';
import { LIMITS } from '../../management/server-options.ts';

/** What a line means before it is sent. */
export type Typed =
  /** Nothing, or a comment: it has no reply, so it is not sent. */
  | { readonly kind: 'blank' }
  /** `exit`, `quit`. */
  | { readonly kind: 'end' }
  /** It would not be understood, or what follows would be understood as something else; `why` in words. */
  | { readonly kind: 'wrong'; readonly why: string; readonly needsBody: boolean }
  | TypedCommand;

/** A line for the daemon. */
export interface TypedCommand {
  readonly kind: 'command';
  readonly line: string;
  /** The same without what may be a secret. */
  readonly shown: string;
  readonly words: readonly string[];
  /** Its row in the table; undefined for what only the daemon may know. */
  readonly row: Command | undefined;
  /** Lines up to END belong to it. */
  readonly needsBody: boolean;
}

/**
 * Looks at a line from somebody whose connection said `version clientVersion`. A command with a body is compared with the table: a daemon
 * that refuses its first line would take the body for commands (facts: management 8).
 */
export function typedLine(line: string, clientVersion: number): Typed {
  const split = tokenize(line, 'this line');
  if (!split.ok) return { kind: 'wrong', why: split.error.replace(/^Options (?:error|warning): /, ''), needsBody: false };
  const [name, ...words] = split.value;
  if (name === undefined) return { kind: 'blank' };
  if (name === 'exit' || name === 'quit') return { kind: 'end' };
  const row = commandNamed(name, words.length, clientVersion);
  const needsBody = row?.body === true;
  const wrong = needsBody ? misfit(row, words) : undefined;
  if (wrong !== undefined) return { kind: 'wrong', why: wrong, needsBody };
  return { kind: 'command', line, shown: row?.secret === true ? `${name} [...]` : line, words, row, needsBody };
}

/** Words of a command line as one line; a single word with blanks is taken as a whole line. Throws EncodeError. */
export function lineOfWords([name = '', ...words]: readonly string[]): string {
  return words.length === 0 ? name : [name, ...words.map(encodeWord)].join(' ');
}

/** A secret that was left out at the end of the line, so that it can be asked for without being seen. */
export function lacksSecret({ row, words, needsBody }: TypedCommand): boolean {
  return row?.secret === true && !needsBody && row.params.min === 2 && words.length === 1;
}

function misfit(row: Command, words: readonly string[]): string | undefined {
  if (words.length < row.params.min) return `${row.name} is used as: ${row.name} ${row.usage}`;
  return row.mode === 'on-request' ? undefined : row.check?.(words, ANY_DAEMON);
}

/** Checks of parameters do not depend on it. */
const ANY_DAEMON = { title: '', mode: 'server', statusVersion: 1, connected: true } as const;

/** The lines of a body as they are typed, kept up to a limit. */
export class BodyLines {
  readonly #lines: string[] = [];
  #bytes = 0;

  /** What came so far, without END. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** More than any daemon takes: what came beyond was not kept. */
  get tooLong(): boolean {
    return this.#bytes > LIMITS.bodyBytes;
  }

  /** Takes a line; true when it was END. */
  take(line: string): boolean {
    if (line === 'END') return true;
    this.#bytes += Buffer.byteLength(line) + 1;
    if (!this.tooLong) this.#lines.push(line);
    return false;
  }
}
