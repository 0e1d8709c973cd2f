import { fail, ok, type Result } from '../base/result.ts';
import { Secret } from '../base/secret.ts';
import { tokenize } from '../base/tokenize.ts';

/** Where a directive stands: a file, or `[CMD-LINE]`; lines count from 1. */
export interface Source {
  readonly file: string;
  readonly line: number;
}

/** One line with words, or one `<name>` block: the name as its only word, and what stood inside. */
export interface LexedLine {
  readonly source: Source;
  readonly words: readonly string[];
  /** May hold a key, so it does not print. */
  readonly block: Secret | undefined;
}

/** Longest line outside blocks, its end included. Stock reads no more and refuses the file; so do we. */
const MAX_LINE = 255;

/**
 * Yields the lines of a configuration that say something, or what is wrong with one, in stock's words and complete.
 * Goes on after a wrong line; whoever reads a main configuration stops there.
 */
export function* lexText(text: string, file: string): Generator<Result<LexedLine, string>> {
  const lines = (text.startsWith('\ufeff') ? text.slice(1) : text).split('\n');
  const lastIndex = lines.length - 1;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    const source = { file, line: i + 1 };
    if (Buffer.byteLength(line) + (i < lastIndex ? 1 : 0) > MAX_LINE) {
      yield fail(`Options error: In ${file}:${i + 1}: Maximum option line length (256) exceeded, line starts with ${line.slice(0, 256)}`);
      continue;
    }
    // A backslash at the end of a line takes the line end into the word, as in stock.
    const lexed = tokenize(i < lastIndex ? `${line}\n` : line, `${file}:${i + 1}`);
    if (!lexed.ok) {
      yield lexed;
      continue;
    }
    const [first] = lexed.value;
    if (first === undefined) continue;
    if (lexed.value.length > 1 || !(first.startsWith('<') && first.endsWith('>'))) {
      yield ok({ source, words: lexed.value, block: undefined });
      continue;
    }
    const end = endOfBlock(lines, i + 1, first.slice(1, -1));
    if (end === undefined) {
      yield fail(`ERROR: Endtag </${first.slice(1, -1)}> missing (${file}:${i + 1})`);
      return;
    }
    const body = lines.slice(i + 1, end).map((each) => `${each}\n`);
    yield ok({ source, words: [first.slice(1, -1)], block: new Secret(body.join('')) });
    i = end;
  }
}

/** The index of the line that closes a block: blanks before it and anything after it do not matter. */
function endOfBlock(lines: readonly string[], from: number, name: string): number | undefined {
  for (let i = from; i < lines.length; i++) {
    if ((lines[i] ?? '').trimStart().startsWith(`</${name}>`)) return i;
  }
  return undefined;
}
