import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeLines, type InputLine, LineDecoder, MAX_LINE_BYTES } from './line-codec.ts';

function decoded(chunks: readonly Buffer[]): string[] {
  const decoder = new LineDecoder();
  const lines: string[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let line = decoder.next(); line !== undefined; line = decoder.next()) lines.push(shown(line));
  }
  return lines;
}

function shown(line: InputLine): string {
  return line.kind === 'line' ? line.bytes.toString('latin1') : '<too long>';
}

/** Every byte in a chunk of its own. */
function bytewise(bytes: Buffer): Buffer[] {
  return [...bytes].map((byte) => Buffer.from([byte]));
}

/** The same rules, said differently: by splitting text. */
function expected(text: string): string[] {
  return text.split('\n').flatMap((raw, index, all) => {
    const clean = raw.replace(/[\x00-\x1f\x7f]/g, '');
    if (clean.length > MAX_LINE_BYTES) return ['<too long>'];
    return index === all.length - 1 ? [] : [clean];
  });
}

describe('LineDecoder', () => {
  it.each<[string, string, string[]]>([
    ['LF', 'pid\nhelp\n', ['pid', 'help']],
    ['CR LF', 'pid\r\n\r\n', ['pid', '']],
    ['CR anywhere is no line end', 'p\rid\rhelp\n', ['pidhelp']],
    ['control characters go', 'p\0i\x1bd\tx\x7f\n', ['pidx']],
    ['high bytes stay', 'k\xc3\xa9\xff\x80\n', ['k\xc3\xa9\xff\x80']],
    ['an unfinished line waits', 'pid\nhel', ['pid']],
    ['the longest line', `${'c'.repeat(1023)}\nx\n`, ['c'.repeat(1023), 'x']],
    ['one byte more', `${'c'.repeat(1024)}\nx\n`, ['<too long>', 'x']],
    ['no tail is left of a long line', `${'c'.repeat(1025)}pid\npid\n`, ['<too long>', 'pid']],
    ['removed characters do not count', `${'\0'.repeat(5000)}${'c'.repeat(1023)}\n`, ['c'.repeat(1023)]],
  ])('%s', (_what, input, lines) => {
    const bytes = Buffer.from(input, 'latin1');
    expect(decoded([bytes])).toEqual(lines);
    expect(decoded(bytewise(bytes))).toEqual(lines);
  });

  it('reports a line without end once, as soon as it is too long', () => {
    const decoder = new LineDecoder();
    const reports: InputLine[] = [];
    for (let i = 0; i < 1024; i++) {
      decoder.push(Buffer.alloc(1024, 'x'));
      for (let line = decoder.next(); line !== undefined; line = decoder.next()) reports.push(line);
      expect(decoder.pending).toBe(0);
    }
    expect(reports).toEqual([{ kind: 'too-long' }]);
  });

  it('forgets on demand', () => {
    const decoder = new LineDecoder();
    decoder.push(Buffer.from('half'));
    decoder.next();
    decoder.push(Buffer.from('pid\n'));
    decoder.clear();
    decoder.push(Buffer.from('help\n'));
    expect(decoder.pending).toBe(5);
    expect(decoder.next()).toEqual({ kind: 'line', bytes: Buffer.from('help') });
  });

  it('does not depend on cuts', () => {
    const byte = fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(10, 10, 13, 0x63));
    const piece = fc.oneof(
      fc.array(byte, { maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
      fc.integer({ min: 1015, max: 1030 }).map((length) => Buffer.alloc(length, 'c')),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const whole = Buffer.concat(pieces);
        const lines = decoded([whole]);
        expect(lines).toEqual(expected(whole.toString('latin1')));
        expect(decoded(pieces)).toEqual(lines);
        expect(decoded(bytewise(whole))).toEqual(lines);
      }),
      { numRuns: 200 },
    );
  });
});

describe('encodeLines', () => {
  it('ends with CR LF and holds no other line end', () => {
    expect(encodeLines(['é'])).toEqual(Buffer.from([0xc3, 0xa9, 13, 10]));
    expect(encodeLines(['a\nb\r\0c']).toString()).toBe('a_b__c\r\n');
    expect(encodeLines(['a', '', 'b\n']).toString()).toBe('a\r\n\r\nb_\r\n');
    expect(encodeLines([])).toHaveLength(0);
    // As many line ends as there should be are not enough: one of them may be somebody else's.
    expect(encodeLines(['a\r\nb', 'c']).toString()).toBe('a__b\r\nc\r\n');
    expect(encodeLines(['\0']).toString()).toBe('_\r\n');
    expect(encodeLines(['a\r', '\nb']).toString()).toBe('a_\r\n_b\r\n');
  });
});
