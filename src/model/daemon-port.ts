import type { Secret } from '../base/secret.ts';
import type { WallTime } from '../base/units.ts';
import type { Address } from './address.ts';
import type { EnvList } from './env-list.ts';
import type { ClientRecord, ServerStatusRows, StatusReport } from './status-report.ts';

/**
 * One port, two daemons: what the management server needs of the daemon behind it, ours or an attached stock one. What
 * belongs to one management connection (subscriptions, history display, byte-count interval, client version, env-filter,
 * roles, help, exit) never reaches it.
 */

/** The names that `>STATE` uses (facts: management 10). */
export const STATE_NAMES = [
  'CONNECTING',
  'RESOLVE',
  'TCP_CONNECT',
  'WAIT',
  'AUTH',
  'GET_CONFIG',
  'AUTH_PENDING',
  'ASSIGN_IP',
  'ADD_ROUTES',
  'CONNECTED',
  'RECONNECTING',
  'EXITING',
] as const;

/** One of them. */
export type StateName = (typeof STATE_NAMES)[number];

/** One state with the fields of a `>STATE` line; empty ones undefined. */
export interface DaemonState {
  readonly time: WallTime;
  readonly name: StateName;
  readonly detail?: string;
  readonly tun4?: string;
  readonly tun6?: string;
  readonly remote?: Address;
  readonly local?: Address;
}

/** A line that passed verb and mute, as `>LOG` carries it. */
export interface LogLine {
  readonly time: WallTime;
  /** The message word: level, flags, mute category (facts: logging 1). */
  readonly word: number;
  /** Prefix included, no time stamp. */
  readonly text: string;
}

/** Bytes of one established client. */
export interface ClientBytes {
  readonly clientId: number;
  readonly received: number;
  readonly sent: number;
}

/**
 * What happened in the daemon, for management clients and telemetry. Numbered without gaps by the port. `prompt` is what
 * the daemon now waits for, as its notification says it without the `>` (`HOLD:Waiting for hold release:0`): every new
 * management client is told too, until a prompt of undefined ends it.
 */
export type DaemonEvent =
  | { readonly kind: 'log'; readonly line: LogLine }
  | { readonly kind: 'state'; readonly state: DaemonState }
  | { readonly kind: 'echo'; readonly time: WallTime; readonly text: string }
  | { readonly kind: 'fatal'; readonly text: string }
  | {
      readonly kind: 'client';
      readonly what: ClientNotice;
      readonly clientId: number;
      readonly keyId?: number;
      readonly env: EnvList;
      readonly record?: ClientRecord;
    }
  | { readonly kind: 'client-address'; readonly clientId: number; readonly address: string; readonly primary: boolean }
  | {
      readonly kind: 'client-response';
      readonly clientId: number;
      readonly keyId: number;
      readonly response: string;
      readonly env: EnvList;
    }
  | { readonly kind: 'notify'; readonly type: string; readonly text: string }
  | { readonly kind: 'updown'; readonly up: boolean; readonly env: EnvList }
  | { readonly kind: 'prompt'; readonly text: string | undefined }
  /** An attached daemon was reached, or lost: its client ids mean nothing any more. `why` is for people. */
  | { readonly kind: 'link'; readonly up: boolean; readonly why: string }
  /** What was given for a prompt of this type (`Private Key`) was wrong. */
  | { readonly kind: 'password-refused'; readonly type: string }
  /** The configuration was read again: it is in force now, or was refused for this reason. */
  | { readonly kind: 'reload'; readonly refused: string | undefined }
  | { readonly kind: 'bytes'; readonly received: number; readonly sent: number }
  | { readonly kind: 'client-bytes'; readonly clients: readonly ClientBytes[] }
  /** What an attached daemon said and we do not know, as it came, without the last line end. */
  | { readonly kind: 'unknown'; readonly line: Buffer };

/** The headers of `>CLIENT:` blocks. */
export type ClientNotice = 'CONNECT' | 'REAUTH' | 'ESTABLISHED' | 'DISCONNECT';

/** What a management client asks of the daemon itself. */
export type DaemonRequest =
  /**
   * With a format, a daemon that writes its reports itself answers with its own lines; `own` is the one that it has configured. `rows`:
   * who asks will go through the rows once, so that a daemon that can make them one by one may answer with `status-rows`.
   */
  | { readonly kind: 'status'; readonly format?: 1 | 2 | 3 | 'own'; readonly rows?: true }
  | { readonly kind: 'load-stats' }
  | { readonly kind: 'client-bytes' }
  | { readonly kind: 'pid' }
  | { readonly kind: 'verb'; readonly set?: number }
  | { readonly kind: 'mute'; readonly set?: number }
  | { readonly kind: 'log-reopen' }
  | { readonly kind: 'kill-name'; readonly commonName: string }
  | { readonly kind: 'kill-address'; readonly ip: string; readonly port: number; readonly transport?: 'udp' | 'tcp' }
  | { readonly kind: 'client-kill'; readonly clientId: number; readonly message: string }
  | { readonly kind: 'client-auth'; readonly clientId: number; readonly keyId: number; readonly config: readonly string[] }
  | {
      readonly kind: 'client-deny';
      readonly clientId: number;
      readonly keyId: number;
      readonly reason: string;
      readonly clientReason: string | undefined;
    }
  | {
      readonly kind: 'client-pending-auth';
      readonly clientId: number;
      readonly keyId: number;
      readonly extra: string;
      readonly timeoutSeconds: number;
    }
  /** PUSH_UPDATE to one client, or to all that announce it. */
  | { readonly kind: 'push-update'; readonly clientId: number | undefined; readonly options: string }
  | { readonly kind: 'signal'; readonly name: string }
  | { readonly kind: 'hold'; readonly action: 'show' | 'on' | 'off' | 'release' }
  | { readonly kind: 'auth-retry'; readonly set?: 'none' | 'interact' | 'nointeract' }
  /** The answer to a prompt of this type; `line` is the whole command, for who passes it on. */
  | { readonly kind: 'password'; readonly type: string; readonly password: Secret; readonly line: Buffer }
  | { readonly kind: 'forget-passwords' }
  /** A line as it came, with its lines up to END when it has them. */
  | { readonly kind: 'unknown'; readonly line: Buffer; readonly body?: readonly string[] };

/**
 * The answer, with typed detail where the asker formats it. `done` and `refused` say how it went: the management server
 * has the words for each command, so `text` is empty, unless an attached daemon's own words are relayed (without
 * `SUCCESS: ` or `ERROR: `) or there is something to add to the rule. `value` answers a question for a number (`pid`,
 * `verb`, `mute`; `hold` as 0 or 1). `lines` is a relayed multi-line reply without its END, `verbatim` a relayed reply as it
 * came, its END included. A daemon that has no use for
 * a request answers `refused` with an empty text.
 */
export type DaemonReply =
  | { readonly kind: 'done'; readonly text: string }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  | { readonly kind: 'verbatim'; readonly lines: readonly string[] }
  | { readonly kind: 'status'; readonly report: StatusReport }
  | { readonly kind: 'status-rows'; readonly report: ServerStatusRows }
  | { readonly kind: 'value'; readonly value: number }
  | { readonly kind: 'load'; readonly clients: number; readonly received: number; readonly sent: number }
  | { readonly kind: 'client-bytes'; readonly clients: readonly ClientBytes[] }
  | { readonly kind: 'killed'; readonly count: number }
  | { readonly kind: 'updated'; readonly count: number; readonly unsupported: readonly number[] };

/** What a port says of its daemon. */
export interface DaemonInfo {
  /** The banner of `version`, TITLE and help. */
  readonly title: string;
  readonly mode: 'server' | 'client';
  readonly statusVersion: 1 | 2 | 3;
  /** False while an attached daemon is away. */
  readonly connected: boolean;
  /** There when the daemon answers through an interface of its own: what only it can know, it is asked. */
  readonly attached?: AttachedInterface;
}

/** The management interface of an attached daemon. */
export interface AttachedInterface {
  /** The number in its greeting. */
  readonly version: number;
  /** It answers `version N`; many do not. */
  readonly confirmsVersion: boolean;
}

/** A daemon as its management server sees it. */
export interface DaemonPort {
  /** What the daemon is, now. */
  info(): DaemonInfo;
  /** Answers through `reply`, at once or later, exactly once a request. */
  request(request: DaemonRequest, reply: (reply: DaemonReply) => void): void;
  /** The logins that wait for a decision, as the events that raised them: a management client that comes later is told too. */
  pending(): readonly DaemonEvent[];
  /** How often byte counts are wanted, in seconds; 0 for not at all. For a daemon that has to be told. */
  watchBytes?(everySeconds: number): void;
  /** Calls `listener` for each event, in order, until the returned function is called. */
  subscribe(listener: (event: DaemonEvent, number: number) => void): () => void;
}
