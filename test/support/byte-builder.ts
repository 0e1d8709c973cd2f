/**
 * Builds expected bytes without the code under test: a list of pieces, joined as they stand. Hex may hold blanks.
 *
 *   bytes('38 1122334455667788', u32(1), text('PUSH_REQUEST'), '00')
 */
export function bytes(...pieces: readonly (string | readonly number[] | Uint8Array)[]): Buffer {
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? hex(piece) : Buffer.from(piece))));
}

/** A big-endian number of two bytes. */
export function u16(value: number): number[] {
  return [(value >> 8) & 255, value & 255];
}

/** A big-endian number of four bytes. */
export function u32(value: number): number[] {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256);
}

/** The bytes of a text. */
export function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** A text as key method 2 carries it: length with NUL, bytes, NUL. */
export function counted(value: string): number[] {
  const content = [...text(value), 0];
  return [...u16(content.length), ...content];
}

/** `count` times the same byte. */
export function filled(value: number, count: number): number[] {
  return Array.from({ length: count }, () => value);
}

function hex(digits: string): Buffer {
  const packed = digits.replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(packed)) throw new Error(`not hex: ${digits}`);
  return Buffer.from(packed, 'hex');
}
