import { describe, expect, it } from 'vitest';
import { digestLength } from './digest.ts';

describe('digestLength', () => {
  it.each([
    ['SHA1', 20],
    ['sha256', 32],
    ['SHA512', 64],
    ['MD5', 16],
    ['none', undefined],
    ['ROT13', undefined],
    ['', undefined],
  ])('of %s is %s', (name, length) => {
    expect(digestLength(name)).toBe(length);
  });
});
