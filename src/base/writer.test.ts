import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Writer } from './writer.ts';

describe('Writer', () => {
  it('writes big-endian fields in order', () => {
    const written = new Writer()
      .u8(1)
      .u16(0x0203)
      .u24(0x040506)
      .u32(0x0708090a)
      .bytes(Buffer.from([0xff, 0xfe]))
      .finish();
    expect(written.toString('hex')).toBe('0102030405060708090afffe');
  });

  it('writes the greatest numbers of each width', () => {
    expect(new Writer().u8(0xff).u16(0xffff).u24(0xff_ffff).u32(0xffff_ffff).finish().toString('hex')).toBe('ff'.repeat(10));
  });

  it('is empty when nothing was written', () => {
    expect(new Writer().finish().length).toBe(0);
  });

  it.each([0, 1, 3, 256])('grows from a capacity of %d without losing a byte', (capacity) => {
    const writer = new Writer(capacity);
    for (let i = 0; i < 600; i++) writer.u8(i & 255);
    expect([...writer.finish()]).toEqual(Array.from({ length: 600 }, (_, i) => i & 255));
  });

  it('joins pieces as they stand', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (pieces) => {
        const writer = new Writer(4);
        for (const piece of pieces) writer.bytes(piece);
        expect(writer.finish()).toEqual(Buffer.concat(pieces));
      }),
    );
  });

  it.each([
    ['u8', 256],
    ['u16', 65_536],
    ['u24', 16_777_216],
    ['u32', 4_294_967_296],
    ['u8', -1],
  ] as const)('refuses what %s cannot hold: %d', (width, value) => {
    expect(() => new Writer()[width](value)).toThrow(RangeError);
  });
});
