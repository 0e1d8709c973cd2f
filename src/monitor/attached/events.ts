import type { WallTime } from '../../base/units.ts';
import type { Notification, StateNotice } from '../../management/understood.ts';
import { maskedCommand } from '../../management/understand.ts';
import { FLAG, flagLetters, KIND } from '../../messages/kinds.ts';
import { MANAGEMENT } from '../../messages/management.ts';
import { recognise } from '../../messages/recogniser.ts';
import { type Address, addressFrom } from '../../model/address.ts';
import {
  type ClientNotice,
  type DaemonEvent,
  type DaemonState,
  type LogLine,
  STATE_NAMES,
  type StateName,
} from '../../model/daemon-port.ts';
import { EnvList } from '../../model/env-list.ts';

/** What a daemon says unasked, as events of its port. */

const STATES: ReadonlySet<string> = new Set(STATE_NAMES);
const NOTICES: ReadonlySet<string> = new Set<ClientNotice>(['CONNECT', 'REAUTH', 'ESTABLISHED', 'DISCONNECT']);

/** Words of lines that every daemon has in one form: another form is no newer daemon but a broken one. */
const KNOWN = /^>(?:INFO|LOG|STATE|ECHO|HOLD|FATAL|NEED-OK|NEED-STR|REMOTE|PROXY|BYTECOUNT|BYTECOUNT_CLI|CLIENT|UPDOWN|NOTIFY)\b/;

/** A daemon that waits for an answer says so in one of these. */
const PROMPT = /^>(?:HOLD:|PASSWORD:Need |NEED-OK:|NEED-STR:|REMOTE:|PROXY:|PK_SIGN:|RSA_SIGN:|NEED-CERTIFICATE:)/;

/** How `MANAGEMENT: CMD` shows a line of ours, or of a client of ours. */
const SHOWN_COMMAND = /^MANAGEMENT: CMD '(.*)'$/s;

/** The event of a notification; `malformed` for what no daemon says, undefined for what is nobody's business. */
export function eventOf(notification: Notification, line: string): DaemonEvent | 'malformed' | undefined {
  if (!line.startsWith('>')) return 'malformed';
  if (PROMPT.test(line)) return { kind: 'prompt', text: line.slice(1) };
  switch (notification.kind) {
    case 'info':
    case 'bytecount':
    case 'client-bytecount':
    case 'event':
      return undefined;
    case 'log':
      return { kind: 'log', line: logLine(notification.time, notification.flags, notification.text) };
    case 'state':
      return stateEvent(notification.state, line);
    case 'echo':
      return { kind: 'echo', time: wallOf(notification.time), text: notification.text };
    case 'fatal':
      return { kind: 'fatal', text: notification.text };
    case 'client':
      return clientEvent(notification);
    case 'client-address': {
      const { clientId, address, primary } = notification;
      return { kind: 'client-address', clientId, address, primary };
    }
    case 'client-response': {
      const { clientId, keyId, response } = notification;
      return { kind: 'client-response', clientId, keyId, response, env: envOf(notification.env) };
    }
    case 'notify':
      if (notification.severity !== 'info') return raw(line);
      return { kind: 'notify', type: notification.type, text: notification.text };
    case 'updown':
      return { kind: 'updown', up: notification.up, env: envOf(notification.env) };
    default:
      return KNOWN.test(line) ? 'malformed' : raw(line);
  }
}

/** A line of `>LOG` or of the log's history. Its level is the catalogue's, or what the flags tell. */
export function logLine(time: number, flags: string, text: string): LogLine {
  // Every command makes one of these, and it needs no looking up.
  const command = shownCommand(text);
  if (command !== undefined) {
    return { time: wallOf(time), word: MANAGEMENT.command.word, text: `MANAGEMENT: CMD '${maskedCommand(command)}'` };
  }
  const known = recognise(text).row?.word;
  return { time: wallOf(time), word: known !== undefined && flagLetters(known) === flags ? known : wordOf(flags), text };
}

/** The command that a log line shows. */
export function shownCommand(text: string): string | undefined {
  return SHOWN_COMMAND.exec(text)?.[1];
}

/** A state; undefined for a name that we do not know, and for fields that would not go on as they came. */
export function stateOf(notice: StateNotice): DaemonState | undefined {
  const { time, name, detail, tun4, tun6 } = notice;
  if (!isState(name)) return undefined;
  const remote = addressOf(notice.remote, notice.remotePort);
  const local = addressOf(notice.local, notice.localPort);
  if ((notice.remote === undefined) !== (remote === undefined) || (notice.local === undefined) !== (local === undefined)) return undefined;
  return {
    time: wallOf(time),
    name,
    ...(detail === undefined ? {} : { detail }),
    ...(tun4 === undefined ? {} : { tun4 }),
    ...(tun6 === undefined ? {} : { tun6 }),
    ...(remote === undefined ? {} : { remote }),
    ...(local === undefined ? {} : { local }),
  };
}

function stateEvent(notice: StateNotice, line: string): DaemonEvent {
  const state = stateOf(notice);
  return state === undefined ? raw(line) : { kind: 'state', state };
}

function clientEvent({ what, clientId, keyId, env }: Extract<Notification, { kind: 'client' }>): DaemonEvent {
  if (isNotice(what)) return { kind: 'client', what, clientId, ...(keyId === undefined ? {} : { keyId }), env: envOf(env) };
  const head = `>CLIENT:${what},${clientId}${keyId === undefined ? '' : `,${keyId}`}`;
  return raw([head, ...env.map(([name, value]) => `>CLIENT:ENV,${name}=${value}`), '>CLIENT:ENV,END'].join('\r\n'));
}

/** Blocks print the newest first. */
function envOf(env: readonly (readonly [string, string])[]): EnvList {
  return new EnvList(env.toReversed());
}

function addressOf(ip: string | undefined, port: number | undefined): Address | undefined {
  return ip === undefined || port === undefined ? undefined : addressFrom('udp', ip, port);
}

/** What the letters tell of level and flags (facts: management 9). */
function wordOf(flags: string): number {
  if (flags === 'I') return KIND.M_INFO;
  const bit = (letter: string, flag: number): number => (flags.includes(letter) ? flag : 0);
  const bits = bit('F', FLAG.fatal) | bit('N', FLAG.nonfatal) | bit('W', FLAG.warn) | bit('D', FLAG.debug);
  const level = flags === '' ? 3 : flags.includes('D') ? 7 : 1;
  return level | bits;
}

function raw(line: string): DaemonEvent {
  return { kind: 'unknown', line: Buffer.from(line) };
}

function wallOf(time: number): WallTime {
  return (time * 1000) as WallTime;
}

function isState(name: string): name is StateName {
  return STATES.has(name);
}

function isNotice(what: string): what is ClientNotice {
  return NOTICES.has(what);
}
