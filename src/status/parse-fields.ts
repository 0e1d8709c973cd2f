import type { WallTime } from '../base/units.ts';
import type { Cells } from './parse-cells.ts';

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

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const ISO_LIKE = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/;
const CTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** A time column, with its column of seconds since 1970 where the version has one. */
export function readTime(text: string, seconds?: number): ParsedTime | undefined {
  if (seconds !== undefined) return { text, wall: (seconds * 1000) as WallTime, exact: true };
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

const [ZERO, NINE, DOT, COLON] = [0x30, 0x39, 0x2e, 0x3a];
const MINUTE_LENGTH = 'YYYY-MM-DD HH:MM'.length;

/** How many clients without routes may stand between two that have some. */
const LOOK_AHEAD = 4;

/**
 * The readers for one whole text, in which neighbours are often alike: a route repeats its owner's address and is as old as that,
 * clients come in the order of their times, and routes in the order of their clients.
 */
export class FieldReader {
  #address: ParsedAddress | undefined;
  /** Addresses of clients in their order, and the first that no route has had yet; undefined while clients are read. */
  readonly #ofClients: ParsedAddress[] = [];
  #next: number | undefined;
  #time: ParsedTime | undefined;
  /** The newest text up to its minute, and when that minute began. */
  #minute = '';
  #minuteStart = 0;

  /** As `readAddress`, of a column. */
  address(cells: Cells, column: number): ParsedAddress | undefined {
    if (this.#address !== undefined && cells.is(column, this.#address.text)) return this.#address;
    const known = this.#expected(cells, column);
    if (known !== undefined) return (this.#address = known);
    const text = cells.text(column) ?? '';
    const read = readPlainAddress(text) ?? readAddress(text);
    if (read === undefined) return undefined;
    if (this.#next === undefined) this.#ofClients.push(read);
    return (this.#address = read);
  }

  /** The clients are read, and routes begin. */
  beginRoutes(): void {
    this.#next ??= 0;
  }

  /** The address of the next client, or of one soon after, where the column has it. */
  #expected(cells: Cells, column: number): ParsedAddress | undefined {
    const from = this.#next ?? Number.POSITIVE_INFINITY;
    const end = Math.min(from + LOOK_AHEAD, this.#ofClients.length);
    for (let at = from; at < end; at++) {
      const address = this.#ofClients[at];
      if (address === undefined || !cells.is(column, address.text)) continue;
      this.#next = at + 1;
      return address;
    }
    return undefined;
  }

  /** As `readTime`, of a column and the one of its seconds, which may be missing. */
  time(cells: Cells, column: number, secondsColumn: number): ParsedTime | undefined {
    const seconds = cells.number(secondsColumn);
    const last = this.#time;
    if (last !== undefined && last.exact === (seconds !== undefined) && cells.is(column, last.text)) {
      if (seconds === undefined || last.wall === seconds * 1000) return last;
    }
    const read = this.timeOf(cells.text(column) ?? '', seconds);
    if (read !== undefined) this.#time = read;
    return read;
  }

  /** As `readTime`. */
  timeOf(text: string, seconds: number | undefined): ParsedTime | undefined {
    return seconds === undefined ? this.#local(text) : readTime(text, seconds);
  }

  #local(text: string): ParsedTime | undefined {
    if (text.length !== MINUTE_LENGTH + 3 || text.charCodeAt(MINUTE_LENGTH) !== COLON) return readTime(text);
    const tens = text.charCodeAt(MINUTE_LENGTH + 1) - ZERO;
    const ones = text.charCodeAt(MINUTE_LENGTH + 2) - ZERO;
    if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return readTime(text);
    if (this.#minute === '' || !text.startsWith(this.#minute)) {
      const minute = text.slice(0, MINUTE_LENGTH);
      const start = readTime(`${minute}:00`);
      if (start === undefined) return undefined;
      this.#minute = minute;
      this.#minuteStart = start.wall;
    }
    return { text, wall: (this.#minuteStart + (tens * 10 + ones) * 1000) as WallTime, exact: false };
  }
}

/** `10.99.0.2:1194`, which most are, without a look at what else there is; undefined of any other, and of one with a number too long. */
function readPlainAddress(text: string): ParsedAddress | undefined {
  let dots = 0;
  let digits = 0;
  let port = 0;
  let colon = -1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= ZERO && code <= NINE) {
      digits++;
      port = port * 10 + (code - ZERO);
      if (digits > (colon < 0 ? 3 : 5)) return undefined;
      continue;
    }
    if (digits === 0 || colon >= 0) return undefined;
    if (code === DOT) dots++;
    else if (code === COLON) colon = at;
    else return undefined;
    digits = 0;
    port = 0;
  }
  if (dots !== 3 || colon < 0 || digits === 0) return undefined;
  return { text, protocol: undefined, ip: text.slice(0, colon), port };
}
