import { formatLocalTime } from '../base/local-time.ts';
import type { LogEntry } from './entry.ts';

/** How lines are shown to people. */
export interface ViewOptions {
  readonly colour: boolean;
}

const CLIENT_WIDTH = 22;
const EVENT_WIDTH = 21;
/** Nothing of a line may steer the terminal. */
const CONTROL_CHARACTERS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;

const COLOURS = { fatal: '\x1b[1;31m', error: '\x1b[31m', warning: '\x1b[33m', good: '\x1b[32m', dim: '\x1b[2m', off: '\x1b[0m' } as const;
const GOOD_EVENTS = new Set(['daemon-ready', 'peer-connected', 'auth-succeeded', 'tls-established']);

/** `2026-11-22 13:00:43  W  alice                  auth-failed           text`: columns of a fixed width where they can be. */
export function viewLine(entry: LogEntry, options: ViewOptions): string {
  const time = entry.time === undefined ? ' '.repeat(19) : formatLocalTime(entry.time);
  const flags = (entry.flags ?? '').padEnd(2);
  const client = column(entry.client ?? entry.address ?? '', CLIENT_WIDTH);
  const event = column(entry.event ?? '', EVENT_WIDTH);
  const line = `${time}  ${flags} ${client} ${event} ${entry.text}`.replace(CONTROL_CHARACTERS, '_').trimEnd();
  const colour = options.colour ? colourOf(entry) : undefined;
  return colour === undefined ? line : `${COLOURS[colour]}${line}${COLOURS.off}`;
}

function column(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}~` : text.padEnd(width);
}

function colourOf({ flags = '', event, id, level }: LogEntry): keyof typeof COLOURS | undefined {
  if (flags.includes('F')) return 'fatal';
  if (flags.includes('N')) return 'error';
  if (flags.includes('W')) return 'warning';
  if (event !== undefined && GOOD_EVENTS.has(event)) return 'good';
  return id === undefined || (level ?? 0) >= 4 ? 'dim' : undefined;
}
