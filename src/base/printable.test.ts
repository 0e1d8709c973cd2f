import { describe, expect, it } from 'vitest';
import { printable } from './printable.ts';

describe('printable', () => {
  it.each([
    ['plain text, with commas and "quotes"', 'plain text, with commas and "quotes"'],
    ['Grüße, 世界 🌍', 'Grüße, 世界 🌍'],
    ['a\nb\r\nc\u2028d\u2029e\u0085f', 'a_b__c_d_e_f'],
    ['\u001b[31mred\u009b2J\u0007', '_[31mred_2J_'],
    ['tab\tnul\u0000del\u007f', 'tab_nul_del_'],
    ['', ''],
  ])('of %j is %j', (text, expected) => {
    expect(printable(text)).toBe(expected);
  });
});
