import { describe, expect, it } from 'vitest';
import { categoryOf, flagLetters, KIND, type KindName, levelOf } from './kinds.ts';

describe('kinds', () => {
  it.each([
    ['M_INFO', '1', 1, 0, 'I'],
    ['M_FATAL', '10', 0, 0, 'F'],
    ['M_NONFATAL', '20', 0, 0, 'N'],
    ['M_WARN', '40', 0, 0, 'W'],
    ['M_FATAL_ERRNO', '110', 0, 0, 'F'],
    ['M_WARN_ERRNO', '140', 0, 0, 'W'],
    ['M_USAGE', 'b000', 0, 0, ''],
    ['M_USAGE_HINT', '1040', 0, 0, 'W'],
    ['M_OPTION_ERRNO', '9100', 0, 0, ''],
    ['M_MUTE_NOTICE', '801', 1, 0, ''],
    ['D_LINK_ERRORS', '1000021', 1, 1, 'N'],
    ['D_ALIGN_ERRORS', 'e000021', 1, 14, 'N'],
    ['D_IMPORT_OPTION_ERRORS', '8008021', 1, 8, 'N'],
    ['D_HANDSHAKE', '14000002', 2, 20, ''],
    ['D_TLS_DEBUG_LOW', '14000003', 3, 20, ''],
    ['D_OSBUF', '2b000003', 3, 43, ''],
    ['D_MANAGEMENT_DEBUG', '46000083', 3, 70, 'D'],
    ['D_SHOW_PARMS', '32000004', 4, 50, ''],
    ['D_PID_DEBUG_MEDIUM', '40000004', 4, 64, ''],
    ['D_LINK_RW', '45000086', 6, 69, 'D'],
    ['D_SHOW_OCC', '4a000087', 7, 74, 'D'],
  ] satisfies [KindName, string, number, number, string][])('%s is %s', (name, hex, level, category, letters) => {
    const word = KIND[name];
    expect([word.toString(16), levelOf(word), categoryOf(word), flagLetters(word)]).toEqual([hex, level, category, letters]);
  });

  it('reads the highest category as a positive number', () => {
    expect(categoryOf(0xff00_0001)).toBe(255);
  });

  it('gives letters in the order F, N, W, D', () => {
    expect(flagLetters(0xf0)).toBe('FNWD');
    expect(flagLetters(0x801)).toBe('');
  });
});
