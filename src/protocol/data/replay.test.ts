import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instant } from '../../base/units.ts';
import { ReplayWindow } from './replay.ts';

function at(milliseconds: number): Instant {
  return milliseconds as Instant;
}

function run(window: ReplayWindow, ids: readonly number[], when = at(0)): string {
  const letter = { new: 'n', reordered: 'o', replay: 'x' } as const;
  return ids.map((id) => letter[window.accept(id, when)]).join('');
}

describe('the replay window', () => {
  it.each([
    ['ascending', [1, 2, 3], 'nnn', 0],
    ['a duplicate', [1, 1, 2, 2], 'nxnx', 0],
    ['zero', [0, 1, 0], 'xnx', 0],
    ['a late one, once', [1, 3, 2, 2, 1], 'nnoxx', 0],
    ['a first packet that is not 1', [5, 1, 4, 2, 3, 3], 'noooox'.slice(0, 6), 0],
    ['63 behind is inside, 64 is not', [100, 37, 36], 'nox', 36],
    ['a jump past the window', [1, 1000, 937, 936, 2], 'nnoxx', 935],
    ['a jump of exactly the window', [1, 2, 66, 2, 3], 'nnnxo', 0],
    ['one more than the window', [1, 2, 67, 3, 4], 'nnnxo', 1],
    ['the highest id of all', [4294967295, 4294967232, 4294967231], 'nox', 4294967231],
  ])('judges %s', (_what, ids, verdicts, lost) => {
    const window = new ReplayWindow(64, 15);
    expect(run(window, ids)).toBe(verdicts);
    expect(window.lost).toBe(lost);
    expect(window.highest).toBe(Math.max(...ids));
    expect(window.reordered).toBe(verdicts.split('o').length - 1);
    expect(window.replayed).toBe(verdicts.split('x').length - 1);
  });

  it('waits 15 seconds for a gap, then writes it off', () => {
    const window = new ReplayWindow(64, 15);
    expect(run(window, [1, 5], at(0))).toBe('nn');
    expect(run(window, [4, 6], at(14_900))).toBe('on');
    expect(window.lost).toBe(0);
    expect(run(window, [3], at(16_000))).toBe('x');
    expect(window.lost).toBe(2);
    expect(run(window, [7], at(16_000))).toBe('n');
  });

  it('does not write off a gap whose later packets are all young', () => {
    const window = new ReplayWindow(64, 15);
    run(window, [1], at(0));
    run(window, [3], at(100_000));
    expect(run(window, [2], at(101_000))).toBe('o');
  });

  it('at the end counts what is still missing', () => {
    const window = new ReplayWindow(64, 15);
    run(window, [2, 5]);
    expect(window.lost).toBe(0);
    window.close();
    expect(window.lost).toBe(3);
    expect(run(window, [1, 3, 6])).toBe('xxn');
  });

  it('with a size of 0 takes ascending ids alone', () => {
    const window = new ReplayWindow(0, 15);
    expect(run(window, [1, 3, 2, 4])).toBe('nnxn');
    expect(window.lost).toBe(1);
  });

  it('accepts no id twice, counts each once, and loses what never came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 200 }), fc.integer({ min: 1, max: 80 }), (ids, size) => {
        const window = new ReplayWindow(size, 15);
        const accepted = new Set<number>();
        for (const id of ids) {
          const inside = id > window.highest - size;
          const expected = id > window.highest ? 'new' : inside && !accepted.has(id) ? 'reordered' : 'replay';
          expect(window.accept(id, at(0))).toBe(expected);
          if (expected !== 'replay') accepted.add(id);
        }
        const settled = Math.max(0, window.highest - size);
        const missing = Array.from({ length: settled }, (_, i) => i + 1).filter((id) => !accepted.has(id));
        expect(window.lost).toBe(missing.length);
      }),
    );
  });
});
