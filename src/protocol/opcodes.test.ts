import { describe, expect, it } from 'vitest';
import { isControlOpcode, isDataOpcode, keyIdOf, mayCome, nextKeyId, OP, OPCODES, opcodeName, opcodeOf, opKey } from './opcodes.ts';

describe('opcodes', () => {
  it('have the numbers of the protocol', () => {
    expect(OP).toEqual({
      softReset: 3,
      control: 4,
      ack: 5,
      dataV1: 6,
      hardResetClient: 7,
      hardResetServer: 8,
      dataV2: 9,
      hardResetClientV3: 10,
      controlWkc: 11,
    });
  });

  it('share the first byte with the key id', () => {
    expect(opKey(OP.hardResetClient, 0)).toBe(0x38);
    expect(opKey(OP.control, 7)).toBe(0x27);
    expect([opcodeOf(0x4d), keyIdOf(0x4d)]).toEqual([9, 5]);
    for (let byte = 0; byte < 256; byte++) expect(opcodeOf(byte) * 8 + keyIdOf(byte)).toBe(byte);
  });

  it('are control, data or unknown, never two of these', () => {
    const kinds = Array.from({ length: 32 }, (_, code) => (isControlOpcode(code) ? 'c' : isDataOpcode(code) ? 'd' : '-'));
    expect(kinds.join('')).toBe(`---cccdccdcc${'-'.repeat(20)}`);
    for (const { code } of Object.values(OPCODES)) expect(isControlOpcode(code)).toBe(!isDataOpcode(code));
  });

  it('have names in the log', () => {
    expect(opcodeName(9)).toBe('P_DATA_V2');
    expect(opcodeName(1)).toBeUndefined();
    expect(opcodeName(31)).toBeUndefined();
  });

  it('may come from one end or from both', () => {
    const clientOnly = [OP.hardResetClient, OP.hardResetClientV3, OP.controlWkc];
    for (const code of clientOnly) expect([mayCome(code, 'client'), mayCome(code, 'server')]).toEqual([true, false]);
    expect([mayCome(OP.hardResetServer, 'client'), mayCome(OP.hardResetServer, 'server')]).toEqual([false, true]);
    expect([mayCome(OP.control, 'client'), mayCome(OP.control, 'server'), mayCome(2, 'client')]).toEqual([true, true, false]);
  });
});

describe('nextKeyId', () => {
  it('never comes back to 0', () => {
    expect([0, 1, 6, 7].map(nextKeyId)).toEqual([1, 2, 7, 1]);
  });
});
