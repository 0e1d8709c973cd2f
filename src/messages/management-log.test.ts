import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { flagLetters } from './kinds.ts';
import { recognise } from './recogniser.ts';

const FOLDER = new URL('../../test/golden/management/', import.meta.url);

/** `>LOG:` lines and lines of the log history, from every transcript. */
const LINES = readdirSync(FOLDER)
  .flatMap((name) => readFileSync(new URL(name, FOLDER), 'utf8').split('\n'))
  .flatMap((line) => {
    const [, flags, text] = /^S: (?:>LOG:)?\d{10},([IFNWD]*),(.*)$/.exec(line) ?? [];
    return flags === undefined || text === undefined ? [] : [{ flags, text }];
  });

describe('log lines of management transcripts of stock OpenVPN', () => {
  it('has them', () => {
    expect(LINES.length).toBeGreaterThan(200);
  });

  it('are recognised, with the letters that were sent', () => {
    const wrong = LINES.filter(({ flags, text }) => {
      const { row } = recognise(text);
      return row === undefined || flagLetters(row.word) !== flags;
    });
    expect(wrong).toEqual([]);
  });
});
