import { type Now, unixSeconds, type WallTime } from '../../base/units.ts';
import { SEVERITIES, type SeenLine, type Severity } from '../facts.ts';
import type { FailureNotice, SessionNotice, StateNotice } from '../notices.ts';

/** What is shipped: a line of a daemon's log, or something that happened to it, in one form that every encoder takes. */
export interface ShipRecord {
  /** Nanoseconds since 1970. No two records of a daemon have the same, and later ones have later ones as long as clocks do not jump. */
  readonly time: bigint;
  readonly daemon: string;
  readonly kind: 'line' | 'event';
  readonly severity: Severity;
  /** What it stands for; undefined for a line that means nothing to programs. */
  readonly event: string | undefined;
  /** The message's id in the catalogue; undefined for events and lines that it does not have. */
  readonly id: string | undefined;
  /** Of the client that it is about: common name or user name, and address. */
  readonly client: string | undefined;
  readonly address: string | undefined;
  readonly text: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** A record that has no time yet, and the time that its daemon gave it. */
export type Untimed = Omit<ShipRecord, 'time'> & { readonly wall: WallTime };

/** A line, with the prefix that stood before it. */
export function recordOfLine(daemon: string, line: SeenLine, now: Now): Untimed {
  const { severity, event, id, commonName: client, fields } = line;
  const address = line.address?.text;
  const prefix = address === undefined ? '' : `${client === undefined ? '' : `${client}/`}${address} `;
  const text = `${prefix}${line.text}`;
  return { daemon, kind: 'line', severity, event, id, client, address, text, fields, wall: line.time ?? now.wall };
}

/** A session that began, or is over. */
export function recordOfSession({ daemon, session, now, end }: SessionNotice): Untimed {
  const { commonName, username, address, virtual4, virtual6, since, received, sent, cipher } = session;
  const client = username ?? commonName;
  const who = `${client ?? 'a client'}${address === undefined ? '' : ` from ${address.text}`}`;
  const seconds = since === undefined || end === undefined ? undefined : Math.max(0, unixSeconds(end.time) - unixSeconds(since));
  const fields = filled({ commonName, username, virtual4, virtual6, cipher, ...(end && { reason: end.reason, received, sent, seconds }) });
  const text = end === undefined ? `${who} is connected` : `${who} is gone: ${end.reason}`;
  const event = end === undefined ? 'session-begin' : 'session-end';
  return { ...EVENT, daemon, event, client, address: address?.text, text, fields, wall: end?.time ?? now.wall };
}

/** Somebody who was not let in. */
export function recordOfFailure({ daemon, what, reason, username, commonName, address, now }: FailureNotice): Untimed {
  const client = username ?? commonName;
  const text = `${what} of ${client ?? 'a client'}${address === undefined ? '' : ` from ${address}`} failed: ${reason}`;
  const fields = filled({ commonName, username, reason });
  return { ...EVENT, severity: 'warning', daemon, event: `${what}-failed`, client, address, text, fields, wall: now.wall };
}

/** Another state of a daemon. */
export function recordOfState({ daemon, state }: StateNotice): Untimed {
  const { name, detail, tun4, tun6, remote, time } = state;
  const text = `state ${name}${detail === undefined || detail === '' ? '' : `: ${detail}`}`;
  const fields = filled({ state: name, detail, tun4, tun6, remote });
  return { ...EVENT, daemon, event: 'state', client: undefined, address: undefined, text, fields, wall: time };
}

const EVENT = { kind: 'event', severity: 'info', id: undefined } as const;

function filled(values: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> {
  return Object.fromEntries(Object.entries(values).filter((pair): pair is [string, string | number] => pair[1] !== undefined));
}

/** Lines are written to the second, and systems take two of the same time and text for one: this much earlier is no step back. */
const SAME_TIME = 60_000_000_000n;

/** Gives records their times, each daemon's in order. */
export class RecordTimes {
  readonly #last = new Map<string, bigint>();

  /** A step back by more than a minute is a clock that was set, and is kept. */
  give({ wall, ...record }: Untimed): ShipRecord {
    const own = BigInt(Math.round(wall * 1000)) * 1000n;
    const last = this.#last.get(record.daemon) ?? -SAME_TIME;
    const time = own > last || last - own > SAME_TIME ? own : last + 1n;
    this.#last.set(record.daemon, time);
    return { ...record, time };
  }
}

/** A record as it stands in a spool. */
export function packRecord(record: ShipRecord): Buffer {
  return Buffer.from(JSON.stringify({ ...record, time: String(record.time) }));
}

/** Reads what stands there; undefined for what is none, of another version say. */
export function unpackRecord(bytes: Uint8Array): ShipRecord | undefined {
  const value = parsed(bytes);
  if (value === undefined) return undefined;
  const word = (key: string): string | undefined => (typeof value[key] === 'string' ? value[key] : undefined);
  const [time, daemon, kind, text] = [word('time'), word('daemon'), word('kind'), word('text')];
  const severity = SEVERITIES.find((one) => one === value['severity']);
  if (time === undefined || !/^-?\d{1,20}$/.test(time) || daemon === undefined || text === undefined || severity === undefined)
    return undefined;
  if (kind !== 'line' && kind !== 'event') return undefined;
  return {
    time: BigInt(time),
    daemon,
    kind,
    severity,
    event: word('event'),
    id: word('id'),
    client: word('client'),
    address: word('address'),
    text,
    fields: fieldsOf(value['fields']),
  };
}

function fieldsOf(value: unknown): ShipRecord['fields'] {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string | number] => ['string', 'number'].includes(typeof pair[1])),
  );
}

function parsed(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** `2026-11-22T21:53:00.123456789Z`, with as many digits behind the seconds as asked for. */
export function isoOf(time: bigint, digits: 6 | 9): string {
  const second = time / 1_000_000_000n - (time < 0n && time % 1_000_000_000n !== 0n ? 1n : 0n);
  const rest = String(time - second * 1_000_000_000n).padStart(9, '0');
  const milliseconds = Math.max(-LAST_DATE, Math.min(LAST_DATE, Number(second) * 1000));
  return `${new Date(milliseconds).toISOString().slice(0, -5)}.${rest.slice(0, digits)}Z`;
}

/** Dates end here, in milliseconds. */
const LAST_DATE = 253_402_300_799_000;
