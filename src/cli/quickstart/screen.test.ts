import { describe, expect, it } from 'vitest';
import { type Output, screenOn } from './screen.ts';

function recording(more: Partial<Output>): Output & { readonly text: () => string } {
  let written = '';
  return {
    ...more,
    write: (text: string) => {
      written += text;
    },
    text: () => written,
  };
}

describe('a screen on a pipe', () => {
  it('writes one plain line a moment', () => {
    const output = recording({});
    const screen = screenOn(output);
    screen.print(['begin', '']);
    screen.show(['a', 'table'], 'one line');
    screen.show(['a', 'table'], 'another');
    expect(output.text()).toBe('begin\n\none line\nanother\n');
  });
});

describe('a screen on a terminal', () => {
  it('puts each frame in the place of the one before, and leaves what was printed', () => {
    const output = recording({ isTTY: true, columns: 40, rows: 10 });
    const screen = screenOn(output);
    screen.print(['begin']);
    screen.show(['first', 'frame'], '');
    screen.show(['second'], '');
    screen.print(['end']);
    expect(output.text()).toBe('begin\nfirst\nframe\n\x1b[2A\x1b[Jsecond\n\x1b[1A\x1b[Jend\n');
  });

  it('never writes more than it could erase', () => {
    const output = recording({ isTTY: true, columns: 5, rows: 3 });
    screenOn(output).show(['123456', '2', '3', '4'], '');
    expect(output.text()).toBe('1234\n2\n');
  });

  it('takes a usual size where the terminal knows none', () => {
    const output = recording({ isTTY: true, columns: 0, rows: 0 });
    screenOn(output).show(['x'.repeat(100)], '');
    expect(output.text()).toBe(`${'x'.repeat(79)}\n`);
  });
});
