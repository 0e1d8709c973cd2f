import type { WallTime } from '../base/units.ts';

/** What stood before the text of a line. */
export interface StampedLine {
  /** The message with its client prefix. */
  readonly text: string;
  /** When it was written; undefined for lines without a full date. Local forms are read in the process's time zone. */
  readonly time: WallTime | undefined;
  /** The message word, which only machine-readable lines have. */
  readonly word: number | undefined;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const RW_CHARACTERS = /^[RWrw]+/;
const MACHINE = /^(\d{1,12})\.(\d{6}) ([0-9a-f]{1,8}) /;
const DEFAULT = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d) (?:us=(\d{1,6}) )?/;
const CTIME = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4}) (?:us=(\d{1,6}) )?/;
const SYSLOG_PRIORITY = /^<\d{1,3}>(?:1 )?/;
const SYSLOG_DATE = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?:[\w.:-]{1,255} )?(?=[\w./@-]{1,64}(?:\[\d{1,10}\])?: )/;
const ISO_DATE =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)) (?:[\w.:-]{1,255} )?(?=[\w./@-]{1,64}(?:\[\d{1,10}\])?: )/;
const SYSLOG_TAG = /^[\w./@-]{1,64}\[\d{1,10}\]: /;

function localTime(found: readonly (string | undefined)[], order: readonly number[], month: number): WallTime {
  const [year, day, hour, minute, second] = order.map((index) => Number(found[index]));
  const micros = Number(found[7] ?? 0);
  return (new Date(year ?? 0, month, day, hour, minute, second).getTime() + micros / 1000) as WallTime;
}

function readStamp(line: string): StampedLine | undefined {
  const machine = MACHINE.exec(line);
  if (machine !== null) {
    const time = (Number(machine[1]) * 1000 + Number(machine[2]) / 1000) as WallTime;
    return { text: line.slice(machine[0].length), time, word: Number.parseInt(machine[3] ?? '', 16) };
  }
  const usual = DEFAULT.exec(line);
  if (usual !== null) {
    return { text: line.slice(usual[0].length), time: localTime(usual, [1, 3, 4, 5, 6], Number(usual[2]) - 1), word: undefined };
  }
  const ctime = CTIME.exec(line);
  const month = MONTHS.indexOf(ctime?.[1] ?? '');
  if (ctime === null || month < 0) return undefined;
  return { text: line.slice(ctime[0].length), time: localTime(ctime, [6, 2, 3, 4, 5], month), word: undefined };
}

function readSyslog(line: string): StampedLine | undefined {
  const priority = SYSLOG_PRIORITY.exec(line)?.[0] ?? '';
  const rest = line.slice(priority.length);
  const iso = ISO_DATE.exec(rest);
  const date = iso?.[0] ?? SYSLOG_DATE.exec(rest)?.[0] ?? '';
  if (priority === '' && date === '') return undefined;
  const tagged = rest.slice(date.length);
  const text = tagged.slice(SYSLOG_TAG.exec(tagged)?.[0].length ?? 0);
  const time = iso?.[1] === undefined ? undefined : (Date.parse(iso[1]) as WallTime);
  return { text, time, word: undefined };
}

/**
 * Takes the time stamp off a line: `2026-11-22 13:00:43 us=555812 `, 2.4's `Sun Nov 22 13:00:43 2026 `, machine-readable
 * `1795353197.009323 2b000003 `, what syslog puts before, also behind R, W, r and w characters of `verb 5`
 * (facts: logging 4, 7, 10). A line without one is all text.
 */
export function stripStamp(line: string): StampedLine {
  const stamped = readStamp(line) ?? readSyslog(line);
  if (stamped !== undefined) return stamped;
  const characters = RW_CHARACTERS.exec(line)?.[0] ?? '';
  const behind = characters === '' ? undefined : readStamp(line.slice(characters.length));
  return behind ?? { text: line, time: undefined, word: undefined };
}
