import { closeSync, fstatSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isJournal } from './journal.ts';

describe('isJournal', () => {
  it.each([
    ['the stream itself', (own: string) => ({ JOURNAL_STREAM: own }), true],
    ['another stream', () => ({ JOURNAL_STREAM: '8:1' }), false],
    ['no service manager', () => ({}), false],
    ['nonsense', () => ({ JOURNAL_STREAM: 'x' }), false],
  ] as const)('%s', (_what, environment, expected) => {
    const fd = openSync('/dev/null', 'w');
    const { dev, ino } = fstatSync(fd);
    expect(isJournal(fd, environment(`${dev}:${ino}`))).toBe(expected);
    closeSync(fd);
  });

  it('a descriptor that is not open', () => {
    expect(isJournal(9999, { JOURNAL_STREAM: '8:1' })).toBe(false);
  });
});
