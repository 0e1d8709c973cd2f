import type { WallTime } from '../base/units.ts';

/** Parameters of the API: what stands behind the question mark, read, refused with words, and described. */

/** What a parameter reads, or what is wrong with it. */
export type ParamResult<T> = { readonly value: T } | { readonly wrong: string };

/** One parameter. */
export interface Param<T> {
  readonly about: string;
  /** As JSON Schema. */
  readonly schema: object;
  read(text: string): ParamResult<T>;
}

const MAX_TEXT = 256;

/** Text as it stands. */
export function textParam(about: string): Param<string> {
  return {
    about,
    schema: { type: 'string', minLength: 1, maxLength: MAX_TEXT },
    read: (text) => (text.length > 0 && text.length <= MAX_TEXT ? { value: text } : { wrong: `give 1 to ${MAX_TEXT} characters` }),
  };
}

/** A whole number within bounds. */
export function integerParam(about: string, min: number, max: number, usual: number): Param<number> {
  return {
    about,
    schema: { type: 'integer', minimum: min, maximum: max, default: usual },
    read(text) {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? { value } : { wrong: `give a whole number from ${min} to ${max}` };
    },
  };
}

/** A moment: `2026-11-22T13:00:00Z`, or milliseconds since 1970. */
export function timeParam(about: string): Param<WallTime> {
  return {
    about: `${about}: 2026-11-22T13:00:00Z, or milliseconds since 1970`,
    schema: { anyOf: [{ type: 'string', format: 'date-time' }, { type: 'integer' }] },
    read(text) {
      const value = timeFrom(text);
      return value === undefined ? { wrong: 'give a time such as 2026-11-22T13:00:00Z, or milliseconds since 1970' } : { value };
    },
  };
}

/** A moment as text; undefined when it is none. */
export function timeFrom(text: string): WallTime | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text) as WallTime;
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : (time as WallTime);
}

/** Some of a list of words, with commas between them. */
export function wordsParam(about: string, words: readonly string[]): Param<ReadonlySet<string>> {
  return {
    about,
    schema: { type: 'string', description: `any of ${words.join(', ')}, with commas between them` },
    read(text) {
      const given = text.split(',', words.length + 1);
      return given.every((word) => words.includes(word)) ? { value: new Set(given) } : { wrong: `give any of ${words.join(', ')}` };
    },
  };
}

/** Where the page before ended, as the answer had it in `next`. */
export function cursorParam(): Param<{ readonly time: WallTime; readonly id: number }> {
  return {
    about: 'where the page before ended: its `next`',
    schema: { type: 'string', pattern: '^\\d{1,15}\\.\\d{1,15}$' },
    read(text) {
      const [, time, id] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
      return time === undefined
        ? { wrong: 'give the `next` of the page before' }
        : { value: { time: Number(time) as WallTime, id: Number(id) } };
    },
  };
}

/** Parameters by their names. */
export type Params = Readonly<Record<string, Param<unknown>>>;

/** What was given for them. */
export type ParamValues<P extends Params> = { readonly [K in keyof P]: (P[K] extends Param<infer T> ? T : never) | undefined };

/** Reads a query. Each name at most once, and no others. */
export function readQuery<const P extends Params>(params: P, query: string): ParamResult<ParamValues<P>> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of new URLSearchParams(query)) {
    const param = Object.hasOwn(params, name) ? params[name] : undefined;
    if (param === undefined)
      return { wrong: `there is no parameter ${JSON.stringify(name.slice(0, 80))}; there are ${Object.keys(params).join(', ')}` };
    if (Object.hasOwn(values, name)) return { wrong: `${name}: give it once` };
    const read = param.read(text);
    if ('wrong' in read) return { wrong: `${name}: ${read.wrong}` };
    values[name] = read.value;
  }
  // Each was read by the parameter of its name.
  return { value: values as ParamValues<P> };
}
