import { formatLocalTime, microsecondsOf } from '../base/local-time.ts';
import type { WallTime } from '../base/units.ts';
import { FLAG, flagLetters, levelOf } from '../messages/kinds.ts';
import { formatAddress } from '../model/address.ts';
import type { LogRecord } from './record.ts';

/**
 * How lines look on stdout and in log files. `text` is stock's form (facts: logging 4), where `machineReadable` wins over
 * `suppressTimestamps`; `json` and `logfmt` are ours, for programs that read logs.
 */
export interface LineFormat {
  readonly shape: LineShape;
  readonly machineReadable: boolean;
  readonly suppressTimestamps: boolean;
}

/** The words of `log-format`. */
export const LINE_SHAPES = ['text', 'json', 'logfmt'] as const;

/** One of them. */
export type LineShape = (typeof LINE_SHAPES)[number];

/** From this verbosity on, time stamps carry microseconds. */
const MICROSECONDS_FROM_VERB = 4;
const LONGEST_FIELD = 1024;

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
    if (this.#format.shape === 'json') return `${jsonLine(structured(record))}\n`;
    if (this.#format.shape === 'logfmt') return `${logfmt(structured(record))}\n`;
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

/** A record as an object with a fixed order of keys; what there is not is left out. */
export interface StructuredLine {
  /** ISO 8601 in UTC with microseconds. */
  readonly time: string;
  /** 0 to 15. */
  readonly level: number;
  /** `F`, `N`, `W`, `D`, or `I` for plain information; may be empty. */
  readonly flags: string;
  /** The message's id in the catalogue. */
  readonly id: string;
  readonly event?: string;
  /** The same number from a client's first packet to its end. */
  readonly session?: number;
  readonly client?: string;
  readonly address?: string;
  readonly text: string;
  readonly fields?: Readonly<Record<string, string | number>>;
}

/** What `json` and `logfmt` show of a record. */
export function structured(record: LogRecord): StructuredLine {
  const { now, word, id, event, peer, text, fields } = record;
  return {
    time: isoTime(now.wall),
    level: levelOf(word),
    flags: flagLetters(word),
    id,
    ...(event !== undefined && { event }),
    ...(peer !== undefined && { session: peer.session }),
    ...(peer?.commonName !== undefined && { client: short(peer.commonName) }),
    ...(peer !== undefined && { address: formatAddress(peer.address) }),
    text,
    ...(Object.keys(fields).length > 0 && {
      fields: Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, short(value)])),
    }),
  };
}

/** The text holds the whole; what repeats parts of it need not be long. */
function short<T extends string | number>(value: T): T | string {
  return typeof value === 'string' && value.length > LONGEST_FIELD ? `${value.slice(0, LONGEST_FIELD)}...` : value;
}

/** `2026-11-22T13:00:43.555812Z`. */
export function isoTime(wall: WallTime): string {
  const toSeconds = new Date(Math.floor(wall / 1000) * 1000).toISOString().slice(0, 19);
  return `${toSeconds}.${String(microsecondsOf(wall)).padStart(6, '0')}Z`;
}

/** JSON, with what some readers take for line ends or for control characters escaped too. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\x7f-\x9f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** `key=value` with blanks between; values in quotes where they need them. Fields follow with `f.` before their names. */
export function logfmt({ fields = {}, ...line }: StructuredLine): string {
  const own = Object.entries(line).map(([key, value]) => `${key}=${logfmtValue(value)}`);
  const more = Object.entries(fields).map(([key, value]) => `f.${key}=${logfmtValue(value)}`);
  return [...own, ...more].join(' ');
}

function logfmtValue(value: string | number | undefined): string {
  const text = String(value);
  return text === '' || /[\s"=\\\x00-\x1f\x7f-\x9f]/.test(text) ? jsonLine(text) : text;
}
