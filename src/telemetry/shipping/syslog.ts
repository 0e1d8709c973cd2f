import type { Severity } from '../facts.ts';
import { isoOf, type ShipRecord } from './record.ts';

/** Messages of syslog, RFC 5424. */

/** Facilities by their usual names. */
export const FACILITIES = {
  user: 1,
  daemon: 3,
  auth: 4,
  authpriv: 10,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
} as const;

/** One of them. */
export type Facility = keyof typeof FACILITIES;

/** What is the same for all messages. */
export interface SyslogLook {
  readonly facility: Facility;
  readonly hostname: string;
  readonly appName: string;
  /** Longer messages are cut, on a whole character. */
  readonly maxBytes: number;
}

const SEVERITY: Readonly<Record<Severity, number>> = { fatal: 2, error: 3, warning: 4, info: 6, debug: 7 };

/** Private enterprise numbers: this one is for documentation, as the project has none. */
const ELEMENT = 'openvpn@32473';

/** One message, without what frames it on a stream. */
export function syslogMessage(record: ShipRecord, look: SyslogLook): Buffer {
  const priority = FACILITIES[look.facility] * 8 + SEVERITY[record.severity];
  const head = [
    `<${priority}>1`,
    isoOf(record.time, 6),
    word(look.hostname, 255),
    word(look.appName, 48),
    '-',
    word(record.event ?? '', 32),
    element(record),
  ].join(' ');
  // A message is one line for most who read it.
  const text = record.text.replace(/[\0-\x1f\x7f]/g, ' ');
  return cut(Buffer.from(`${head} ${text}`), look.maxBytes);
}

/** The same on a stream, by octet counting (RFC 6587, 3.4.1; RFC 5425, 4.3). */
export function syslogFrame(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** Printable ASCII without spaces; `-` for nothing. */
function word(text: string, limit: number): string {
  const kept = text.replace(/[^\x21-\x7e]/g, '_').slice(0, limit);
  return kept === '' ? '-' : kept;
}

function element({ daemon, kind, id, client, address }: ShipRecord): string {
  const pairs = Object.entries({ daemon, kind, id, client, address }).filter((pair): pair is [string, string] => pair[1] !== undefined);
  return `[${ELEMENT}${pairs.map(([name, value]) => ` ${name}="${value.replace(/[\0-\x1f\x7f]/g, ' ').replace(/["\\\]]/g, '\\$&')}"`).join('')}]`;
}

/** No byte of the form 10xxxxxx begins a character. */
function cut(message: Buffer, limit: number): Buffer {
  if (message.length <= limit) return message;
  let end = limit;
  while (end > 0 && ((message[end] ?? 0) & 0xc0) === 0x80) end--;
  return message.subarray(0, end);
}
