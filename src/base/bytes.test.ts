import { describe, expect, it } from 'vitest';
import { keptCopy } from './bytes.ts';

describe('keptCopy', () => {
  it('holds the same bytes, apart from the original', () => {
    const original = Buffer.from('0102ff', 'hex');
    const copy = keptCopy(original);
    original[0] = 9;
    expect(copy.toString('hex')).toBe('0102ff');
  });

  it('keeps no more memory than the bytes', () => {
    const pooled = Buffer.from('01020304', 'hex');
    expect(pooled.buffer.byteLength).toBeGreaterThan(4);
    expect(keptCopy(pooled).buffer.byteLength).toBe(4);
    expect(keptCopy(Buffer.alloc(0)).buffer.byteLength).toBe(0);
  });
});
