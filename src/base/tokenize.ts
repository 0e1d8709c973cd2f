import { fail, ok, type Result } from './result.ts';

/**
 * OpenVPN's word splitter, which config lines, pushed options and management commands share (facts: management 3).
 * Blanks separate; `"` and `'` quote from the start of a word to the next such quote, which ends the word; a backslash
 * outside single quotes takes the next character as it is, but only before a backslash, a double quote or a blank; `#`
 * or `;` where a word would begin starts a comment.
 */

/** How many words a line may have; stock drops the rest, and so do we. */
export const MAX_PARAMETERS = 16;

/** How long a word may be, in characters. */
export const MAX_PARAMETER_LENGTH = 256;

const BACKSLASH_ADVICE =
  'remember that backslashes are treated as shell-escapes and if you need to pass backslash characters as part of a Windows filename, ' +
  'you should use double backslashes such as "c:\\\\openvpn\\\\static.key"';

type State = 'between' | 'plain' | 'quoted' | 'single-quoted';

/**
 * Splits one line, its end taken off, into at most 16 words; a blank line or comment gives none. `where` is how an
 * error names the place: `server.conf:12`, `TCP:0`. The error is stock's text, `Options error: ` included.
 */
export function tokenize(line: string, where: string): Result<string[], string> {
  const words: string[] = [];
  let word = '';
  let state: State = 'between';
  let escaped = false;
  const nul = line.indexOf('\0');
  for (const character of nul < 0 ? line : line.slice(0, nul)) {
    if (!escaped && character === '\\' && state !== 'single-quoted') {
      escaped = true;
      continue;
    }
    const took: State | 'comment' = step(state, character, escaped);
    if (took === 'comment') return ok(words);
    if (took !== 'between' && (state !== 'between' || took === 'plain')) {
      if (escaped && !isEscapable(character)) return fail(`Options warning: Bad backslash ('\\') usage in ${where}: ${BACKSLASH_ADVICE}`);
      if (word.length >= MAX_PARAMETER_LENGTH) {
        return fail(
          `Options error: Parameter at ${where} is too long (${MAX_PARAMETER_LENGTH} chars max): ${word.slice(0, MAX_PARAMETER_LENGTH - 1)}`,
        );
      }
      word += character;
    } else if (took === 'between' && state !== 'between') {
      words.push(word);
      word = '';
      if (words.length === MAX_PARAMETERS) return ok(words);
    }
    state = took;
    escaped = false;
  }
  if (state === 'quoted') return fail(`Options error: No closing quotation (") in ${where}`);
  if (state === 'single-quoted') return fail(`Options error: No closing single quotation (') in ${where}`);
  if (state === 'plain' && escaped) return fail(`Options error: Residual parse state (2) in ${where}`);
  if (state === 'plain') words.push(word);
  return ok(words);
}

/** Where a character leads. From `between`, a quote opens a word without being part of it. */
function step(state: State, character: string, escaped: boolean): State | 'comment' {
  switch (state) {
    case 'between':
      if (isBlank(character)) return 'between';
      if (character === '#' || character === ';') return 'comment';
      if (character === '"' && !escaped) return 'quoted';
      if (character === "'" && !escaped) return 'single-quoted';
      return 'plain';
    case 'plain':
      return isBlank(character) && !escaped ? 'between' : 'plain';
    case 'quoted':
      return character === '"' && !escaped ? 'between' : 'quoted';
    case 'single-quoted':
      return character === "'" ? 'between' : 'single-quoted';
  }
}

/** What C calls a space. */
function isBlank(character: string): boolean {
  return character === ' ' || (character >= '\t' && character <= '\r');
}

function isEscapable(character: string): boolean {
  return character === '\\' || character === '"' || isBlank(character);
}

/** Writes a word so that `tokenize` reads it back: bare when it can be, otherwise in double quotes. */
export function quoteWord(word: string): string {
  if (word !== '' && !/[\s"'\\#;]/.test(word)) return word;
  return `"${word.replace(/["\\]/g, '\\$&')}"`;
}
