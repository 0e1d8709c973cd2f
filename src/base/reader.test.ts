import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reader } from './reader.ts';

function reader(hex: string): Reader {
  return new Reader(Buffer.from(hex, 'hex'));
}

describe('Reader', () => {
  it('reads big-endian fields in order', () => {
    const from = reader('01 0203 040506 0708090a ff fefd'.replaceAll(' ', ''));
    expect([from.u8(), from.u16(), from.u24(), from.u32()]).toEqual([0x01, 0x0203, 0x040506, 0x0708090a]);
    expect(from.remaining).toBe(3);
    expect(from.bytes(1)).toEqual(Buffer.from('ff', 'hex'));
    expect(from.rest()).toEqual(Buffer.from('fefd', 'hex'));
    expect([from.remaining, from.failed]).toEqual([0, false]);
  });

  it('reads numbers without a sign', () => {
    const from = reader('ffffffffffffffffffff');
    expect([from.u8(), from.u16(), from.u24(), from.u32()]).toEqual([0xff, 0xffff, 0xff_ffff, 0xffff_ffff]);
  });

  it('gives views that share memory with the input', () => {
    const input = Buffer.from([1, 2, 3]);
    const view = new Reader(input).bytes(2);
    input[0] = 9;
    expect(view).toEqual(Buffer.from([9, 2]));
  });

  it('reads nothing at the end without failing', () => {
    const from = reader('');
    expect([from.bytes(0).length, from.rest().length, from.failed]).toEqual([0, 0, false]);
  });

  it.each([
    ['u8', '', (from: Reader) => from.u8()],
    ['u16', '01', (from: Reader) => from.u16()],
    ['u24', '0102', (from: Reader) => from.u24()],
    ['u32', '010203', (from: Reader) => from.u32()],
    ['bytes', '010203', (from: Reader) => from.bytes(4).length],
    ['bytes of a negative length', '010203', (from: Reader) => from.bytes(-1).length],
  ] as const)('fails %s past the end, and all that follows', (_name, hex, read) => {
    const from = reader(hex);
    expect(read(from)).toBe(0);
    expect(from.failed).toBe(true);
    expect([from.u8(), from.bytes(1).length, from.rest().length]).toEqual([0, 0, 0]);
  });

  it('never throws and never reads beyond, wherever the input is cut', () => {
    const step = fc.oneof(fc.constantFrom('u8', 'u16', 'u24', 'u32', 'rest'), fc.integer({ min: -3, max: 40 }));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.array(step, { maxLength: 12 }), (input, steps) => {
        const from = new Reader(Buffer.from(input));
        for (const what of steps) {
          if (typeof what === 'number') from.bytes(what);
          else if (what === 'rest') from.rest();
          else from[what]();
          expect(from.remaining).toBeGreaterThanOrEqual(0);
          expect(from.remaining).toBeLessThanOrEqual(input.length);
        }
      }),
    );
  });
});
