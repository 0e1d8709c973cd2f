import { formatLocalTime, microsecondsOf } from '../base/local-time.ts';
import type { WallTime } from '../base/units.ts';
import { FLAG } from '../messages/kinds.ts';
import type { LogRecord } from './record.ts';

/** How lines look on stdout and in log files (facts: logging 4). `machineReadable` wins over `suppressTimestamps`. */
export interface LineFormat {
  readonly machineReadable: boolean;
  readonly suppressTimestamps: boolean;
}

/** From this verbosity on, time stamps carry microseconds. */
const MICROSECONDS_FROM_VERB = 4;

/** Makes lines of records, each with its newline. Remembers the text of the last second, as most lines share it. */
export class LineFormatter {
  readonly #format: LineFormat;
  #second = Number.NaN;
  #secondText = '';

  constructor(format: LineFormat) {
    this.#format = format;
  }

  /** `verb` is the verbosity now: it decides about microseconds. */
  format(record: LogRecord, verb: number): string {
    const { text } = record;
    if (this.#format.machineReadable) return `${machineStamp(record.now.wall)} ${record.word.toString(16)} ${text}\n`;
    if (this.#format.suppressTimestamps || (record.word & FLAG.noDate) !== 0) return `${text}\n`;
    return `${this.#stamp(record.now.wall, verb)} ${text}\n`;
  }

  /** `2026-11-22 13:00:43`, then ` us=555812` from verb 4 on unless it is 0; not padded, as in stock. */
  #stamp(wall: WallTime, verb: number): string {
    const second = Math.floor(wall / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = formatLocalTime(wall);
    }
    if (verb < MICROSECONDS_FROM_VERB) return this.#secondText;
    const micros = microsecondsOf(wall);
    return micros === 0 ? this.#secondText : `${this.#secondText} us=${micros}`;
  }
}

/** `1795352741.520579`: seconds since 1970 and six digits of microseconds. */
function machineStamp(wall: WallTime): string {
  return `${Math.floor(wall / 1000)}.${String(microsecondsOf(wall)).padStart(6, '0')}`;
}
