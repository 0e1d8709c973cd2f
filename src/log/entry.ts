import type { WallTime } from '../base/units.ts';
import { levelOf, flagLetters } from '../messages/kinds.ts';
import { recognise } from '../messages/recogniser.ts';
import { isoTime } from './formats.ts';

/** A line of any OpenVPN log, understood as far as it can be. */
export interface LogEntry {
  readonly time: WallTime | undefined;
  readonly level: number | undefined;
  readonly flags: string | undefined;
  /** The message's id in the catalogue; undefined for a line that is not in it. */
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly session: number | undefined;
  readonly client: string | undefined;
  readonly address: string | undefined;
  /** Without stamp and client prefix. */
  readonly text: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** Reads a line: ours of any `log-format`, or stock's of any version (facts: logging 4, 5, 10). Undefined for one without words. */
export function readEntry(line: string): LogEntry | undefined {
  const bare = line.trim();
  if (bare === '' || /^[RWrw]+$/.test(bare)) return undefined;
  return (bare.startsWith('{') ? readJson(bare) : bare.startsWith('time=') ? readLogfmt(bare) : undefined) ?? readText(line);
}

function readText(line: string): LogEntry {
  const { text, time, word, peer, row, args } = recognise(line);
  const known = word ?? row?.word;
  return {
    time,
    level: known === undefined ? undefined : levelOf(known),
    flags: known === undefined ? undefined : flagLetters(known),
    id: row?.id,
    event: row?.event,
    session: undefined,
    client: peer?.commonName ?? args['commonName'],
    address: peer?.address,
    text,
    fields: args,
  };
}

function readJson(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'text' in value ? structuredEntry(new Map(Object.entries(value))) : undefined;
  } catch {
    return undefined;
  }
}

const LOGFMT_PAIR = /([\w.]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))(?: |$)/gy;

function readLogfmt(line: string): LogEntry | undefined {
  const values = new Map<string, unknown>();
  const fields: Record<string, unknown> = {};
  for (const [, key = '', quoted, plain] of line.matchAll(LOGFMT_PAIR)) {
    const value = quoted === undefined ? plain : unquote(quoted);
    if (key.startsWith('f.')) fields[key.slice(2)] = value;
    else values.set(key, /^(?:level|session)$/.test(key) ? Number(value) : value);
  }
  return values.has('text') ? structuredEntry(values.set('fields', fields)) : undefined;
}

function unquote(text: string): string {
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return text;
  }
}

function structuredEntry(values: ReadonlyMap<string, unknown>): LogEntry {
  const text = (key: string): string | undefined => {
    const value = values.get(key);
    return typeof value === 'string' ? value : undefined;
  };
  const number = (key: string): number | undefined => {
    const value = values.get(key);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  };
  const time = Date.parse(text('time') ?? '');
  const micros = Number(/\.\d{3}(\d{3})Z$/.exec(text('time') ?? '')?.[1] ?? 0);
  // The text of our lines still has the prefix that the other forms show.
  const whole = readText(text('text') ?? '');
  return {
    time: Number.isNaN(time) ? undefined : ((time + micros / 1000) as WallTime),
    level: number('level'),
    flags: text('flags'),
    id: text('id'),
    event: text('event'),
    session: number('session'),
    client: text('client') ?? whole.client,
    address: text('address') ?? whole.address,
    text: whole.text,
    fields: fieldsOf(values.get('fields')),
  };
}

function fieldsOf(value: unknown): LogEntry['fields'] {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string | number] => /^(?:string|number)$/.test(typeof pair[1])),
  );
}

/** What `tunnelscope log --json` prints of a line; keys as in `log-format json`. What there is not is left out. */
export function entryObject(entry: LogEntry): Record<string, unknown> {
  const { time, fields, ...rest } = entry;
  const known = Object.entries(rest).filter(([, value]) => value !== undefined);
  return {
    ...(time !== undefined && { time: isoTime(time) }),
    ...Object.fromEntries(known),
    ...(Object.keys(fields).length > 0 && { fields }),
  };
}
