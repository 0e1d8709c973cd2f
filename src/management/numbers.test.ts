import { describe, expect, it } from 'vitest';
import { atoi, unsignedNumber, wholeNumber } from './numbers.ts';

describe('numbers as C reads them', () => {
  it.each<[string, number, number | undefined, number | undefined]>([
    ['7', 7, 7, 7],
    ['7x', 7, undefined, 7],
    [' 7', 7, undefined, 7],
    ['+7', 7, undefined, 7],
    ['-1', -1, -1, Number.MAX_SAFE_INTEGER],
    ['', 0, undefined, undefined],
    ['abc', 0, undefined, undefined],
    ['99999999999999999999', 2_147_483_647, undefined, Number.MAX_SAFE_INTEGER],
    ['-99999999999', -2_147_483_648, undefined, Number.MAX_SAFE_INTEGER],
  ])('%j', (text, asAtoi, asWhole, asUnsigned) => {
    expect(atoi(text)).toBe(asAtoi);
    expect(wholeNumber(text)).toBe(asWhole);
    expect(unsignedNumber(text)).toBe(asUnsigned);
  });
});
