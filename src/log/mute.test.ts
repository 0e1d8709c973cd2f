import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { categoryOf, FLAG, KIND } from '../messages/kinds.ts';
import { Mute } from './mute.ts';

const TLS = KIND.D_TLS_ERRORS;
const REPLAY = KIND.D_REPLAY_ERRORS;
const PLAIN = KIND.M_INFO;

/** What a log shows of words: the words that get through, `!` for the trigger notice, `(n)` for a count. */
function shown(mute: Mute, words: readonly number[]): string[] {
  const out: string[] = [];
  for (const word of words) {
    const verdict = mute.judge(word);
    if (verdict.closing !== undefined) out.push(`(${verdict.closing.count}/${verdict.closing.limit})`);
    if (verdict.triggered) out.push('!');
    if (verdict.show) out.push(String(categoryOf(word)));
  }
  const last = mute.finish();
  if (last !== undefined) out.push(`(${last.count}/${last.limit})`);
  return out;
}

describe('Mute', () => {
  it.each<[string, number, number[], string[]]>([
    ['0 mutes nothing', 0, [TLS, TLS, TLS], ['3', '3', '3']],
    ['N lets N through', 2, [TLS, TLS, TLS, TLS], ['3', '3', '!', '(2/2)']],
    ['1 lets one through', 1, [TLS, TLS], ['3', '!', '(1/1)']],
    ['a run of N is not a word longer', 3, [TLS, TLS, TLS], ['3', '3', '3']],
    ['another category ends the run and begins its own', 1, [TLS, TLS, REPLAY, REPLAY], ['3', '!', '(1/1)', '6', '!', '(1/1)']],
    ['category 0 is never muted', 1, [PLAIN, PLAIN, PLAIN], ['0', '0', '0']],
    ['but ends a run', 1, [TLS, TLS, PLAIN, TLS], ['3', '!', '(1/1)', '0', '3']],
  ])('%s', (_what, limit, words, expected) => {
    expect(shown(new Mute(limit), words)).toEqual(expected);
  });

  it('leaves exempt messages and the run alone', () => {
    const mute = new Mute(1);
    expect(mute.judge(TLS).show).toBe(true);
    expect(mute.judge(TLS | FLAG.noMute)).toEqual({ show: true, triggered: false, closing: undefined });
    expect(mute.judge(TLS).triggered).toBe(true);
  });

  it('closes the run when the limit changes', () => {
    const mute = new Mute(1);
    for (let i = 0; i < 4; i++) mute.judge(TLS);
    expect(mute.setLimit(5)).toEqual({ count: 3, limit: 1 });
    expect(mute.judge(TLS).show).toBe(true);
    expect(mute.finish()).toBeUndefined();
  });

  it('shows or counts every message, and no more than N of a run', () => {
    const words = fc.array(fc.constantFrom(PLAIN, TLS, REPLAY), { maxLength: 60 });
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 5 }), (sequence, limit) => {
        const out = shown(new Mute(limit), sequence);
        const counted = out.filter((item) => item.startsWith('(')).reduce((sum, item) => sum + Number.parseInt(item.slice(1), 10), 0);
        expect(out.filter((item) => /^\d+$/.test(item)).length + counted).toBe(sequence.length);
        for (let i = 0; i + limit < out.length; i++) {
          const run = out.slice(i, i + limit + 1);
          expect(run.every((item) => item === '3') || run.every((item) => item === '6')).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });
});
