import { TunnelscopeError } from '../base/errors.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A moment that an option was given, in milliseconds since 1970: `2026-11-22`, `2026-11-22 13:00`, `2026-11-22T13:00:00Z`, or how long
 * ago: `30m`, `2h`, `7d`. Throws CLI.
 */
export function momentFrom(option: string, word: string, now: number): number {
  const ago = /^(\d{1,9})([smhd])$/.exec(word);
  if (ago !== null) return now - Number(ago[1]) * (UNITS[ago[2] ?? ''] ?? 0);
  const time = /^\d{4}-\d\d-\d\d/.test(word) ? Date.parse(word.length === 10 ? `${word}T00:00:00` : word.replace(' ', 'T')) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new TunnelscopeError(
    'CLI',
    `--${option} ${JSON.stringify(word.slice(0, 80))} is neither a date such as 2026-11-22 13:00 nor a time such as 2h`,
  );
}
