import { describe, expect, it } from 'vitest';
import { type Random, randomBelow, SeededRandom } from './random.ts';

describe('SeededRandom', () => {
  it('replays from its seed', () => {
    expect(new SeededRandom(7).bytes(64)).toEqual(new SeededRandom(7).bytes(64));
    expect(new SeededRandom(7).bytes(64)).not.toEqual(new SeededRandom(8).bytes(64));
  });

  it('follows xorshift32', () => {
    // The first outputs for the state 1, worked out by hand from the shifts 13, 17, 5.
    const random = new SeededRandom(1);
    expect([random.unit(), random.unit()].map((unit) => unit * 0x1_0000_0000)).toEqual([270_369, 67_634_689]);
  });

  it('works from the seed 0, at which xorshift stands still', () => {
    expect(new Set(new SeededRandom(0).bytes(64)).size).toBeGreaterThan(16);
  });

  it('reaches every byte, none much more often than others', () => {
    const counts = Array.from({ length: 256 }, () => 0);
    for (const byte of new SeededRandom(42).bytes(25_600)) counts[byte] = (counts[byte] ?? 0) + 1;
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeLessThan(200);
  });

  it('stays below 1', () => {
    const random = new SeededRandom(3);
    for (let i = 0; i < 1000; i++) {
      const unit = random.unit();
      expect(unit >= 0 && unit < 1).toBe(true);
    }
  });
});

describe('randomBelow', () => {
  const giving = (hex: string): Random => ({ bytes: (count) => Buffer.from(hex, 'hex').subarray(0, count) });

  it.each([
    ['00000000', 10, 0],
    ['00000009', 10, 9],
    ['0000000a', 10, 0],
    ['ffffffff', 10, 5],
    ['ffffffff', 1, 0],
    ['ffffffff', 0x1_0000_0000, 0xffff_ffff],
  ])('of %s below %d is %d', (hex, below, expected) => {
    expect(randomBelow(giving(hex), below)).toBe(expected);
  });
});
