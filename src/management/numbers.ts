/** Numbers of management commands, read as stock reads them with C's atoi and scanf (facts: management 3). */

const INT_MAX = 2_147_483_647;

/** C's atoi: leading blanks, a sign, digits; the rest is ignored and no digits are 0. */
export function atoi(text: string): number {
  const digits = /^\s*([+-]?\d+)/.exec(text)?.[1];
  return digits === undefined ? 0 : Math.max(-INT_MAX - 1, Math.min(INT_MAX, Number(digits)));
}

/** A whole number and nothing else; undefined otherwise. */
export function wholeNumber(text: string): number | undefined {
  return /^-?\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** scanf's %lu: `7x` is 7 and negative ones wrap round to what no id ever is; undefined without digits. */
export function unsignedNumber(text: string): number | undefined {
  const [, sign, digits] = /^\s*([+-]?)(\d+)/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return sign === '-' && Number(digits) !== 0 ? Number.MAX_SAFE_INTEGER : Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}
