import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PARAMETER_LENGTH, MAX_PARAMETERS, quoteWord, tokenize } from './tokenize.ts';

/** What stock 2.6.14 makes of these lines, seen through `echo`. */
const LINES: [line: string, words: string[]][] = [
  ['verb 3', ['verb', '3']],
  ['  verb\t\v\f3 \r', ['verb', '3']],
  ['', []],
  [' \t ', []],
  ['# verb 3', []],
  ['; verb 3', []],
  ['\\# verb', []],
  ['echo \\; x', ['echo']],
  ['echo a "b c" d\\\\e', ['echo', 'a', 'b c', 'd\\e']],
  ["echo 'a\\\\b' c;d #e", ['echo', 'a\\\\b', 'c;d']],
  ['echo a"b c"d', ['echo', 'a"b', 'c"d']],
  ['echo "a"b', ['echo', 'a', 'b']],
  ['echo "a"#c', ['echo', 'a']],
  ['echo "" x', ['echo', '', 'x']],
  ["''", ['']],
  ['\\"echo\\" x', ['"echo"', 'x']],
  ['echo "a\\"b\\\\c\\ d"', ['echo', 'a"b\\c d']],
  ['verb\\ 3', ['verb 3']],
  ['echo \\  x', ['echo', 'x']],
  ['echo a \\', ['echo', 'a']],
  ['echo a\0b c', ['echo', 'a']],
  ['echo "it\'s" \'say "x"\'', ['echo', "it's", 'say "x"']],
];

const ERRORS: [line: string, error: RegExp][] = [
  ['echo "a b', /^Options error: No closing quotation \("\) in x\.conf:7$/],
  ['verb 3 "', /^Options error: No closing quotation \("\) in x\.conf:7$/],
  ["echo 'a b", /^Options error: No closing single quotation \('\) in x\.conf:7$/],
  ['echo "a\\', /^Options error: No closing quotation \("\) in x\.conf:7$/],
  ['echo \\a', /^Options warning: Bad backslash \('\\'\) usage in x\.conf:7: remember that .* such as "c:\\\\openvpn\\\\static\.key"$/],
  ["echo \\' x", /^Options warning: Bad backslash/],
  ['echo "a\\\'b"', /^Options warning: Bad backslash/],
  ['echo a\\#', /^Options warning: Bad backslash/],
  ['echo a\\', /^Options error: Residual parse state \(2\) in x\.conf:7$/],
  ['echo a\\\\\\', /^Options error: Residual parse state \(2\) in x\.conf:7$/],
];

describe('tokenize', () => {
  it.each(LINES)('splits %j', (line, words) => {
    expect(tokenize(line, 'x.conf:7')).toEqual({ ok: true, value: words });
  });

  it.each(ERRORS)('refuses %j in stock words', (line, error) => {
    const result = tokenize(line, 'x.conf:7');
    expect(result.ok ? '' : result.error).toMatch(error);
  });

  it('drops words after the sixteenth, wrong ones too', () => {
    const line = Array.from({ length: MAX_PARAMETERS }, (_, i) => `w${i}`).join(' ');
    const result = tokenize(`${line} more \\z "open`, 'TCP:0');
    expect(result).toEqual({ ok: true, value: line.split(' ') });
  });

  it('refuses a word of more than 256 characters and shows its first 255', () => {
    expect(tokenize(`a ${'x'.repeat(MAX_PARAMETER_LENGTH)}`, 'TCP:0').ok).toBe(true);
    expect(tokenize(`a ${'x'.repeat(MAX_PARAMETER_LENGTH + 1)}`, 'TCP:0')).toEqual({
      ok: false,
      error: `Options error: Parameter at TCP:0 is too long (256 chars max): ${'x'.repeat(255)}`,
    });
  });
});

describe('quoteWord', () => {
  it('leaves a plain word bare and quotes what needs it', () => {
    expect(['10.8.0.1', 'a b', '', 'say "x"', 'c:\\x', '#1', "it's"].map(quoteWord)).toEqual([
      '10.8.0.1',
      '"a b"',
      '""',
      '"say \\"x\\""',
      '"c:\\\\x"',
      '"#1"',
      '"it\'s"',
    ]);
  });

  const word = fc.string({ maxLength: 40 }).map((text) => text.replaceAll('\0', ''));

  it('is undone by tokenize', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: MAX_PARAMETERS }), (words) => {
        expect(tokenize(words.map(quoteWord).join(' '), 'x:1')).toEqual({ ok: true, value: words });
      }),
    );
  });

  it('any text gives words or an error, never an exception', () => {
    const awkward = fc.string({ unit: fc.constantFrom('a', ' ', '"', "'", '\\', '#', ';', '\t', '\0', 'é'), maxLength: 60 });
    fc.assert(
      fc.property(fc.oneof(awkward, fc.string({ unit: 'binary', maxLength: 400 })), (line) => {
        const result = tokenize(line, 'x:1');
        if (result.ok) {
          expect(result.value.length).toBeLessThanOrEqual(MAX_PARAMETERS);
          expect(result.value.every((each) => each.length <= MAX_PARAMETER_LENGTH + 1)).toBe(true);
        } else {
          expect(result.error).toMatch(/^Options (error|warning): /);
        }
      }),
    );
  });
});
