/** What a management client sends: words quoted so that nothing in them can be another word or command. */

/** The longest line that stock reads, and the longest word (facts: management 3). */
const MAX_LINE_BYTES = 1023;
const MAX_WORD_CHARACTERS = 256;

/** Control characters are dropped by the other end or end the line: a word with one would arrive as another. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const CONTROL = /[\x00-\x1f\x7f]/;

const PLAIN = /^[A-Za-z0-9_.:,/=+@%-]+$/;

/** Why words cannot be said to the other end. */
export class EncodeError extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'EncodeError';
  }
}

/** One word as it has to be typed. Throws EncodeError for what no quoting can carry. */
export function encodeWord(word: string): string {
  if (CONTROL.test(word)) throw new EncodeError('a parameter holds control characters');
  if (Buffer.byteLength(word) > MAX_WORD_CHARACTERS) throw new EncodeError(`a parameter is longer than ${MAX_WORD_CHARACTERS} bytes`);
  return PLAIN.test(word) ? word : `"${word.replace(/[\\"]/g, '\\$&')}"`;
}

/** A command with its parameters and, for those that take them, its lines up to END. Throws EncodeError. */
export function encodeCommand(name: string, words: readonly (string | number)[] = [], body?: readonly string[]): Buffer {
  if (!/^[a-z0-9-]+$/.test(name)) throw new EncodeError('a command is lower case letters, digits and dashes');
  const header = [name, ...words.map((word) => encodeWord(String(word)))].join(' ');
  return encodeRelayed(Buffer.from(header), body);
}

/** A line that somebody else made, of any bytes, with its lines up to END when it has them. Throws EncodeError. */
export function encodeRelayed(line: Buffer, body?: readonly string[]): Buffer {
  if (body?.includes('END') === true) throw new EncodeError('a line of a body is END');
  const lines = [line, ...(body === undefined ? [] : [...body, 'END'].map((text) => Buffer.from(text)))];
  for (const each of lines) {
    if (CONTROL.test(each.toString('latin1'))) throw new EncodeError('a line holds control characters');
    if (each.length > MAX_LINE_BYTES) throw new EncodeError(`a line is longer than ${MAX_LINE_BYTES} bytes`);
  }
  return Buffer.concat(lines.flatMap((each) => [each, LINE_END]));
}

const LINE_END = Buffer.from('\n');
