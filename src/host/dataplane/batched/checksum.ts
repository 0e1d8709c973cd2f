/**
 * The Internet checksum. Words are summed in little-endian order and stored the same way, which gives the same bytes
 * (RFC 1071); a sum is kept as a number of 16 bits.
 */

const WORD = 0x1_0000;

/** Adds up 16-bit words from `at` on; an odd last byte counts as if a zero followed. */
export function sumOf(data: DataView, at: number, length: number): number {
  const end = at + length;
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = at;
  // Four sums: each addition would wait for the one before.
  for (; i + 16 <= end; i += 16) {
    a += data.getUint32(i, true);
    b += data.getUint32(i + 4, true);
    c += data.getUint32(i + 8, true);
    d += data.getUint32(i + 12, true);
  }
  let sum = a + b + c + d;
  for (; i + 2 <= end; i += 2) sum += data.getUint16(i, true);
  if (i < end) sum += data.getUint8(i);
  return folded(sum);
}

/** Brings a sum down to 16 bits. At most 2^53. */
export function folded(sum: number): number {
  let rest = sum;
  while (rest >= WORD) rest = (rest % WORD) + Math.floor(rest / WORD);
  return rest;
}

/** The sum of the pseudo header of TCP (RFC 9293, RFC 8200) for the IP packet at `at`. */
export function pseudoSum(data: DataView, at: number, family: 4 | 6, protocol: number, length: number): number {
  const addresses = family === 4 ? sumOf(data, at + 12, 8) : sumOf(data, at + 8, 32);
  return folded(addresses + swapped(protocol) + swapped(length));
}

/** What to store for a sum. */
export function complemented(sum: number): number {
  return ~sum & 0xffff;
}

function swapped(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8);
}
