import { keptCopy } from './bytes.ts';

/**
 * IP addresses as bytes: 4 for IPv4, 16 for IPv6, network order. Text is read as strictly as `inet_pton` does and
 * written as `inet_ntop` does, so that what we print is what stock OpenVPN prints.
 */

/** An address that was read from text. */
export interface ParsedIp {
  readonly family: 4 | 6;
  /** 4 or 16 bytes. */
  readonly bytes: Buffer;
}

/** An address with a prefix length, host bits as written. */
export interface ParsedPrefix extends ParsedIp {
  readonly bits: number;
}

/** Reads `10.8.0.1` or `fd00::1` (also `::ffff:10.8.0.1`); undefined for anything else, zones and names included. */
export function parseIp(text: string): ParsedIp | undefined {
  const four = parseIp4(text);
  if (four !== undefined) return { family: 4, bytes: four };
  const six = parseIp6(text);
  return six === undefined ? undefined : { family: 6, bytes: six };
}

/** Reads `10.8.0.0/24` or `fd00::/64`; a bare address counts as a host. Host bits are kept. */
export function parsePrefix(text: string): ParsedPrefix | undefined {
  const slash = text.indexOf('/');
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (ip === undefined) return undefined;
  const width = ip.bytes.length * 8;
  if (slash < 0) return { ...ip, bits: width };
  const digits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > width) return undefined;
  return { ...ip, bits: Number(digits) };
}

/** Writes 4 bytes as a dotted quad and 16 as IPv6, the longest run of zero groups shortened. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${byteAt(bytes, 0)}.${byteAt(bytes, 1)}.${byteAt(bytes, 2)}.${byteAt(bytes, 3)}`;
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((byteAt(bytes, i) << 8) | byteAt(bytes, i + 1));
  const run = longestZeroRun(groups);
  const dotted = run.start === 0 && (run.length === 6 || (run.length === 5 && groups[5] === 0xffff));
  const texts = groups.map((group) => group.toString(16));
  if (dotted) texts.splice(6, 2, bytes.subarray(12).join('.'));
  if (run.length < 2) return texts.join(':');
  return `${texts.slice(0, run.start).join(':')}::${texts.slice(run.start + run.length).join(':')}`;
}

/** The prefix length of a netmask; undefined when its ones are not all in front. */
export function maskBits(mask: Uint8Array): number | undefined {
  let bits = 0;
  while (bits < mask.length * 8 && bitAt(mask, bits)) bits++;
  for (let i = bits; i < mask.length * 8; i++) if (bitAt(mask, i)) return undefined;
  return bits;
}

/** The netmask of a prefix length, 4 or 16 bytes. `bits` must lie within the family's width. */
export function bitsMask(bits: number, family: 4 | 6 = 4): Buffer {
  const mask = Buffer.alloc(family === 4 ? 4 : 16);
  for (let i = 0; i < bits; i++) mask[i >> 3] = byteAt(mask, i >> 3) | (0x80 >> (i & 7));
  return mask;
}

/** The address with its host bits cleared, in a buffer of its own. */
export function networkOf(bytes: Uint8Array, bits: number): Buffer {
  const mask = bitsMask(bits, familyOf(bytes));
  return Buffer.from(bytes.map((byte, i) => byte & byteAt(mask, i)));
}

/** The address with its host bits set (IPv4: the broadcast address), in a buffer of its own. */
export function lastOf(bytes: Uint8Array, bits: number): Buffer {
  const mask = bitsMask(bits, familyOf(bytes));
  return Buffer.from(bytes.map((byte, i) => byte | (byteAt(mask, i) ^ 0xff)));
}

/** True when the address has the same first `bits` bits as the network, and is of its family. */
export function containsIp(network: Uint8Array, bits: number, address: Uint8Array): boolean {
  return network.length === address.length && compareIp(networkOf(network, bits), networkOf(address, bits)) === 0;
}

/** The address `n` further on (negative: back), in a buffer of its own. Wraps at the end of the family's range. */
export function addToIp(bytes: Uint8Array, n: number | bigint): Buffer {
  const range = 1n << BigInt(bytes.length * 8);
  const sum = (toNumber(bytes) + BigInt(n)) % range;
  return keptCopy(Buffer.from((sum < 0n ? sum + range : sum).toString(16).padStart(bytes.length * 2, '0'), 'hex'));
}

/** How many steps lead from the first address to the second; negative when the second comes earlier. */
export function ipDistance(from: Uint8Array, to: Uint8Array): bigint {
  return toNumber(to) - toNumber(from);
}

/** Negative, zero or positive as `a` comes before, equals or comes after `b`; IPv4 comes before IPv6. */
export function compareIp(a: Uint8Array, b: Uint8Array): number {
  return a.length === b.length ? Buffer.compare(a, b) : a.length - b.length;
}

function familyOf(bytes: Uint8Array): 4 | 6 {
  return bytes.length === 4 ? 4 : 6;
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function bitAt(bytes: Uint8Array, index: number): boolean {
  return (byteAt(bytes, index >> 3) & (0x80 >> (index & 7))) !== 0;
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

/** `inet_pton` takes no leading zeros: they read as octal elsewhere. */
function parseIp4(text: string): Buffer | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return Buffer.from(parts.map(Number));
}

function parseIp6(text: string): Buffer | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const tailIndex = halves.length - 1;
  const groups = halves.map((half, i) => parseGroups(half, i === tailIndex));
  const [head, tail] = groups;
  if (head === undefined || (groups.length === 2 && tail === undefined)) return undefined;
  if (tail === undefined) return head.length === 16 ? Buffer.from(head) : undefined;
  const gap = 16 - head.length - tail.length;
  return gap < 2 ? undefined : Buffer.from([...head, ...Buffer.alloc(gap), ...tail]);
}

/** The bytes of groups joined by colons; the last part of the address may be a dotted quad. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const bytes: number[] = [];
  for (const [i, part] of parts.entries()) {
    const quad = last && i === parts.length - 1 && part.includes('.') ? parseIp4(part) : undefined;
    if (quad !== undefined) bytes.push(...quad);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255);
    else return undefined;
  }
  return bytes;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: -1, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
