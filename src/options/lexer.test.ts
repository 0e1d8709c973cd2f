import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lexText } from './lexer.ts';
import { renderLine } from './render.ts';

const lines = (text: string) =>
  [...lexText(text, 'x')].map((each) => (each.ok ? [each.value.source.line, ...each.value.words] : each.error));

describe('lexText', () => {
  it('yields what says something, with its line', () => {
    expect(lines('\n# a\nverb 3\n\n;b\n  mute 1\n')).toEqual([
      [3, 'verb', '3'],
      [6, 'mute', '1'],
    ]);
  });

  it('goes on after a wrong line', () => {
    expect(lines('a "b\nc\n')).toEqual(['Options error: No closing quotation (") in x:1', [2, 'c']]);
  });

  it('takes an escaped line end into the word, as stock does', () => {
    expect(lines('echo a\\\nb\n')).toEqual([
      [1, 'echo', 'a\n'],
      [2, 'b'],
    ]);
  });

  it('limits lines to 254 bytes and their end, but not those in blocks', () => {
    expect(lines(`echo ${'x'.repeat(249)}\n`)[0]).toHaveLength(3);
    expect(lines(`echo ${'x'.repeat(250)}\n`)[0]).toMatch(
      /^Options error: In x:1: Maximum option line length \(256\) exceeded, line starts with echo xxx/,
    );
    expect(lines(`echo ${'é'.repeat(125)}\n`)[0]).toMatch(/Maximum option line length/);
    expect(lines(`<ca>\n${'x'.repeat(5000)}\n</ca>\nverb 1\n`)).toEqual([
      [1, 'ca'],
      [4, 'verb', '1'],
    ]);
  });

  it('names a block that does not end', () => {
    expect(lines('verb 1\n<ca>\nx\n</cas\n')).toEqual([[1, 'verb', '1'], 'ERROR: Endtag </ca> missing (x:2)']);
  });

  it('reads back what was rendered', () => {
    const word = fc.string({ maxLength: 12 }).filter((text) => !/[\0\n]/.test(text));
    const row = fc.tuple(fc.constantFrom('verb', 'push', 'echo'), fc.array(word, { maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(row, { maxLength: 10 }), (rows) => {
        const text = rows.map(([name, values]) => renderLine(name, values)).join('\n');
        expect(lines(text)).toEqual(rows.map(([name, values], i) => [i + 1, name, ...values]));
      }),
    );
  });
});
