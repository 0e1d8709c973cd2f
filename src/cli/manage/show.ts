import { formatLocalTime } from '../../base/local-time.ts';
import type { WallTime } from '../../base/units.ts';
import { jsonLine } from '../../log/formats.ts';
import { SECRET_VARIABLES } from '../../management/event-json.ts';
import type { Env, Notification } from '../../management/understood.ts';
import type { Answer } from './session.ts';
import type { TypedCommand } from './typed.ts';

/** How replies and notifications are shown. */
export interface ShowOptions {
  readonly json: boolean;
  readonly colour: boolean;
  /** Passwords and tokens in notifications are shown too. */
  readonly secrets: boolean;
  /** For people: times to be read, no END. Else lines are as the daemon said them. */
  readonly people: boolean;
}

/** All that steers a terminal or turns the direction of text, but for tabs, which separate columns. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
const STEERING = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const COLOURS = { error: '\x1b[31m', quiet: '\x1b[2m', off: '\x1b[0m' } as const;
const HIDDEN = '[secret]';

/** A daemon's text on one line that steers nothing: each such character is `_`. */
export function harmless(text: string): string {
  return text.replace(STEERING, '_');
}

/** A reply: its lines, or an object on a line; with the line end, empty when there is nothing to show. */
export function showAnswer(command: Pick<TypedCommand, 'shown'>, answer: Answer, options: ShowOptions): string {
  if (options.json) return `${jsonLine({ command: command.shown, ...answerObject(answer) })}\n`;
  switch (answer.kind) {
    case 'ok':
      return asLines(options.people && answer.lines.at(-1) === 'END' ? answer.lines.slice(0, -1) : answer.lines);
    case 'error':
      return coloured(asLines(answer.lines), 'error', options);
    case 'unsent':
      return coloured(asLines([`not sent: ${answer.why}`]), 'error', options);
    case 'lost':
      return coloured(asLines([`no reply to ${command.shown}: ${answer.why}`]), 'error', options);
  }
}

/** What came unasked: its lines, or an object on a line; with the line end. */
export function showNotification(notification: Notification, line: string, options: ShowOptions): string {
  if (options.json) return `${jsonLine(notificationObject(notification, options))}\n`;
  const head = options.secrets ? line : line.replace(SECRET_TAIL, `$1${HIDDEN}`);
  const first = (options.people ? readable(notification) : undefined) ?? head;
  return coloured(asLines([first, ...envLines(notification, line, options)]), 'quiet', options);
}

/** A token that a client is to keep, and the answer to a challenge. */
const SECRET_TAIL = /^(>PASSWORD:Auth-Token:|Auth-Token:|>CLIENT:CR_RESPONSE,\d+,\d+,).*/s;

function asLines(lines: readonly string[]): string {
  return lines.map((line) => `${harmless(line)}\n`).join('');
}

function coloured(text: string, colour: 'error' | 'quiet', { colour: wanted }: ShowOptions): string {
  return wanted && text !== '' ? `${COLOURS[colour]}${text.slice(0, -1)}${COLOURS.off}\n` : text;
}

function answerObject(answer: Answer): object {
  switch (answer.kind) {
    case 'ok':
      return { ok: true, lines: answer.lines };
    case 'error':
      return { ok: false, error: answer.text, lines: answer.lines };
    case 'unsent':
      return { ok: false, unsent: answer.why };
    case 'lost':
      return { ok: false, lost: answer.why };
  }
}

/** `>LOG` and `>STATE` with a time that people can read; undefined for what is shown as it came. */
function readable(notification: Notification): string | undefined {
  switch (notification.kind) {
    case 'log':
      return `${clockTime(notification.time)} ${notification.flags.padEnd(2)} ${notification.text}`;
    case 'state': {
      const { time, name, detail, tun4, tun6, remote, remotePort } = notification.state;
      const peer = remote === undefined ? undefined : `${remote}${remotePort === undefined ? '' : `:${remotePort}`}`;
      return [clockTime(time), 'state', name, detail, tun4, tun6, peer].filter((word) => word !== undefined).join(' ');
    }
    default:
      return undefined;
  }
}

function clockTime(unixSeconds: number): string {
  return formatLocalTime((unixSeconds * 1000) as WallTime).slice(-8);
}

/** The block behind its head, as it came; for people, set off from it. */
function envLines(notification: Notification, line: string, { people, secrets }: ShowOptions): string[] {
  if (!('env' in notification)) return [];
  const prefix = people ? '  ' : `${line.slice(0, line.indexOf(':'))}:ENV,`;
  const lines = notification.env.map(([name, value]) => `${prefix}${name}=${secrets || !SECRET_VARIABLES.has(name) ? value : HIDDEN}`);
  return people ? lines : [...lines, `${prefix}END`];
}

function notificationObject(notification: Notification, { secrets }: ShowOptions): object {
  const { kind, ...rest } = notification;
  const hide = (text: string): string => (secrets ? text : text.replace(SECRET_TAIL, `$1${HIDDEN}`));
  switch (notification.kind) {
    case 'state':
      return { notification: kind, ...notification.state };
    case 'password':
      return { notification: kind, ...rest, text: hide(notification.text) };
    case 'client-response':
      return { notification: kind, ...rest, response: secrets ? notification.response : HIDDEN, env: envObject(notification.env, secrets) };
    case 'client':
    case 'updown':
      return { notification: kind, ...rest, env: envObject(notification.env, secrets) };
    default:
      return { notification: kind, ...rest };
  }
}

/** A name that comes twice has both values. */
function envObject(env: Env, secrets: boolean): object {
  const values = new Map<string, string | string[]>();
  for (const [name, value] of env) {
    const shown = secrets || !SECRET_VARIABLES.has(name) ? value : HIDDEN;
    const before = values.get(name);
    values.set(name, before === undefined ? shown : [...(typeof before === 'string' ? [before] : before), shown]);
  }
  return Object.fromEntries(values);
}
