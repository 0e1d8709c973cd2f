import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from './differences.ts';

describe('DIFFERENCES', () => {
  it('names each difference once, under its area', () => {
    const ids = DIFFERENCES.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    for (const { id, area } of DIFFERENCES) expect(id).toMatch(new RegExp(`^${area}\\.[a-z0-9-]+$`));
  });

  it('has a test for each that exists', () => {
    const missing = DIFFERENCES.filter(({ test }) => !existsSync(new URL(`../../${test}`, import.meta.url)));
    expect(missing).toEqual([]);
  });

  it('says what, what instead, and why, in sentences', () => {
    const texts = DIFFERENCES.flatMap(({ stock, ours, why }) => [stock, ours, why]);
    expect(texts.filter((text) => !/^[A-Z0-9`][\s\S]+\.$/.test(text))).toEqual([]);
  });
});
