import type { DaemonInfo, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import type { ServerStatusRows, StatusReport } from '../model/status-report.ts';
import type { Histories } from './history.ts';
import type { ReplyLine } from './outlet.ts';
import type { Role } from './roles.ts';

/** What a management command is, and what it is given and gives. */

/** One row of the command table. */
export interface Command {
  readonly name: string;
  /** The parameters as help shows them. */
  readonly usage: string;
  /** How many parameters it must have, and how many it looks at; more are ignored. */
  readonly params: { readonly min: number; readonly max: number };
  /** Which daemons have it. */
  readonly mode: CommandMode;
  /** What it does, for help and the reference page. */
  readonly help: string;
  /** Lines up to END follow. */
  readonly body?: true;
  /** Its parameters are secrets, or may be: the log shows `name [...]`. */
  readonly secret?: true;
  /** Too frequent to be logged. */
  readonly quiet?: true;
  /** The name that stock's refusal carries where it has a slip of the pen. */
  readonly nameInRefusal?: string;
  /** Does it, and gives what to answer. */
  readonly run: (call: Call) => Outcome;
  /** What is wrong with the parameters, as an ERROR reply says it; asked before a body is read. */
  readonly check?: (words: readonly string[], info: DaemonInfo) => string | undefined;
}

/** `always`; in server or client mode only, elsewhere "not supported"; or when there is an open request for it. */
export type CommandMode = 'always' | 'server' | 'client' | 'on-request';

/** What one connection has set for itself. It starts anew with each connection. */
export interface ConnectionSettings {
  log: boolean;
  state: boolean;
  echo: boolean;
  /** Seconds between byte counts; 0 is off. */
  byteInterval: number;
  envFilter: number;
  clientVersion: number;
  /** Everything that happens, as JSON. */
  events: boolean;
}

/** A management client, as `who` shows it. */
export interface OtherClient {
  readonly id: number;
  readonly from: string;
  readonly role: Role;
  readonly settings: Readonly<ConnectionSettings>;
  /** The one who asks. */
  readonly self: boolean;
}

/** The settings of a new connection. */
export function newSettings(): ConnectionSettings {
  return { log: false, state: false, echo: false, byteInterval: 0, envFilter: 0, clientVersion: 1, events: false };
}

/** Makes the lines of a report, END included. The status writers do; the management interface does not know formats. */
export interface StatusRenderer {
  /** In one of the versions of status files. */
  lines(report: StatusReport | ServerStatusRows, version: 1 | 2 | 3): Iterable<ReplyLine>;
  /** As JSON. */
  json(report: StatusReport): Iterable<ReplyLine>;
}

/** A command as it came in. */
export interface Call {
  /** The parameters, at most as many as the command looks at. */
  readonly words: readonly string[];
  /** The whole line as it came, for relaying. */
  readonly line: Buffer;
  /** The lines before END, for commands that have them. */
  readonly body: readonly string[];
  readonly info: DaemonInfo;
  readonly settings: ConnectionSettings;
  readonly histories: Histories;
  readonly renderStatus: StatusRenderer;
  /** All management clients that were let in. */
  readonly others: () => readonly OtherClient[];
}

/** What comes of a command: lines at once, a question to the daemon, or the end of the connection. */
export type Outcome =
  | { readonly kind: 'reply'; readonly lines: Iterable<ReplyLine> }
  | { readonly kind: 'ask'; readonly request: DaemonRequest; readonly answer: (reply: DaemonReply) => Iterable<ReplyLine> }
  | { readonly kind: 'close' };

/** A reply of these lines; none at all is a reply too. */
export function reply(...lines: readonly string[]): Outcome {
  return { kind: 'reply', lines };
}

/** `SUCCESS: ...` */
export function success(text: string): string {
  return `SUCCESS: ${text}`;
}

/** `ERROR: ...` */
export function error(text: string): string {
  return `ERROR: ${text}`;
}

/** The words for the outcomes of a request, and the lines for answers that carry more. */
export interface Words {
  readonly done?: string;
  readonly refused: string;
  readonly detail?: (reply: DaemonReply) => Iterable<ReplyLine> | undefined;
}

/** Asks the daemon. Its own words win over ours; an answer of a kind that the question does not have is an error. */
export function ask(request: DaemonRequest, words: Words): Outcome {
  return {
    kind: 'ask',
    request,
    answer: (daemonReply) => {
      switch (daemonReply.kind) {
        case 'done':
          return [success(daemonReply.text === '' ? (words.done ?? 'command succeeded') : daemonReply.text)];
        case 'refused':
          return [error(daemonReply.text === '' ? words.refused : daemonReply.text)];
        case 'lines':
          return [...daemonReply.lines, 'END'];
        case 'verbatim':
          return daemonReply.lines;
        case 'status':
        case 'status-rows':
        case 'value':
        case 'load':
        case 'client-bytes':
        case 'killed':
        case 'updated':
          return words.detail?.(daemonReply) ?? [error(words.refused)];
      }
    },
  };
}

/** `SUCCESS: name=N` for a question whose answer is a number. */
export function askNumber(request: DaemonRequest, name: string): Outcome {
  return ask(request, {
    refused: `${name} is not available`,
    detail: (answer) => (answer.kind === 'value' ? [success(`${name}=${answer.value}`)] : undefined),
  });
}

/** Hands a line to the daemon as it came, with the lines that belong to it. */
export function relay(call: Call, refused: string, body?: readonly string[]): Outcome {
  return ask({ kind: 'unknown', line: call.line, ...(body === undefined ? {} : { body }) }, { refused });
}

/** For what our own daemon answers here, and an attached one by itself. */
export function relayOr(here: (call: Call) => Outcome): (call: Call) => Outcome {
  return (call) => (call.info.attached === undefined ? here(call) : relay(call, 'command failed'));
}
