import type { WallTime } from '../base/units.ts';

/** Readers of single columns. A column that is not what it should be gives undefined. */

/** A Real Address column of any version. */
export interface ParsedAddress {
  /** As it stood. */
  readonly text: string;
  /** `udp4`, `tcp6-server` and their kin, from 2.7 on. */
  readonly protocol: string | undefined;
  readonly ip: string;
  /** Missing for IPv6 peers up to 2.6. */
  readonly port: number | undefined;
}

/** A moment as a column shows it. */
export interface ParsedTime {
  /** As it stood: `2026-11-22 13:01:31`, or `Wed Aug  5 13:04:02 2026` up to 2.4. */
  readonly text: string;
  readonly wall: WallTime;
  /** False when `wall` was read from the text, which names no zone: it is right if writer and reader share theirs. */
  readonly exact: boolean;
}

const WITH_PROTOCOL = /^((?:udp|tcp)[46]?(?:-server|-client)?):(.+)$/;
const BRACKETED = /^\[([0-9a-fA-F:.]+)\]:(\d{1,5})$/;
const DOTTED = /^(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?$/;
const BARE_SIX = /^[0-9a-fA-F]*:[0-9a-fA-F:.]*$/;

/** `10.99.0.2:1194`, `fd99::2`, `udp4:10.99.0.2:1194`, `udp6:[fd99::2]:1194` (facts: status 5). */
export function readAddress(text: string): ParsedAddress | undefined {
  const [, protocol, rest] = WITH_PROTOCOL.exec(text) ?? [undefined, undefined, text];
  const host = rest ?? '';
  const [, ip, port] = BRACKETED.exec(host) ?? DOTTED.exec(host) ?? [];
  if (ip !== undefined) return { text, protocol, ip, port: port === undefined ? undefined : Number(port) };
  return BARE_SIX.test(host) ? { text, protocol, ip: host, port: undefined } : undefined;
}

/** A count of bytes, an id, a time in seconds. */
export function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const ISO_LIKE = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/;
const CTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** A time column, with its column of seconds since 1970 where the version has one. */
export function readTime(text: string, seconds?: string): ParsedTime | undefined {
  const unix = readNumber(seconds);
  if (unix !== undefined) return { text, wall: (unix * 1000) as WallTime, exact: true };
  const iso = ISO_LIKE.exec(text);
  if (iso !== null) return localTime(text, Number(iso[1]), Number(iso[2]) - 1, iso.slice(3));
  const ctime = CTIME.exec(text);
  if (ctime === null) return undefined;
  return localTime(text, Number(ctime[6]), MONTHS.indexOf(ctime[1] ?? ''), ctime.slice(2, 6));
}

function localTime(text: string, year: number, month: number, dayAndClock: readonly string[]): ParsedTime | undefined {
  const [day = 0, hours = 0, minutes = 0, seconds = 0] = dayAndClock.map(Number);
  const date = new Date(year, month, day, hours, minutes, seconds);
  const real = date.getMonth() === month && date.getDate() === day;
  return real ? { text, wall: date.getTime() as WallTime, exact: false } : undefined;
}
