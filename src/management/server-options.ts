import type { Duration, Now } from '../base/units.ts';
import { seconds } from '../base/units.ts';
import type { Note } from '../messages/notes.ts';
import type { LogLine } from '../model/daemon-port.ts';
import type { StatusRenderer } from './command.ts';
import type { Role } from './roles.ts';

/**
 * What the server wants done. `close` sends what the host has for a few seconds at most, then closes. `turn` is nothing to do: a line
 * was dealt with, and others may have the processor before the next.
 */
export type ManagementOutput =
  | Note
  | { readonly kind: 'turn' }
  | { readonly kind: 'send'; readonly id: number; readonly bytes: Buffer }
  | { readonly kind: 'close'; readonly id: number }
  | { readonly kind: 'pause'; readonly id: number }
  | { readonly kind: 'resume'; readonly id: number };

/** The output that is nothing to do. */
export const TURN: ManagementOutput = { kind: 'turn' };

/** How a server is set up; what is left out has a default. */
export interface ManagementServerOptions {
  /** Makes the lines of `status`. */
  readonly renderStatus: StatusRenderer;
  /** `management-log-cache`: how many log lines are kept. */
  readonly logHistory?: number;
  /** What was logged before the server was there. */
  readonly earlierLog?: readonly LogLine[];
  /** How many states are kept; as many as in stock unless given. */
  readonly stateHistory?: number;
  readonly maxConnections?: number;
  /** One client at a time: others wait without a word, as in stock. */
  readonly single?: boolean;
  /** A client that leaves so many bytes unread is closed. */
  readonly maxBacklog?: number;
  /** How long a client may take to give the password. */
  readonly passwordTimeout?: Duration;
  /** An attached daemon that is lost does not end the connections of its clients. */
  readonly keepClients?: boolean;
  /** Told of every command and who sent it; the log then names the sender too. */
  readonly audit?: (entry: CommandAudit) => void;
  /** Called when the last client that was let in has left, not at the end. */
  readonly onLeft?: () => void;
  /** Called when there is something to poll that no `handle*` call caused: the daemon answered, or something happened. */
  readonly onOutput?: () => void;
}

/** A command that a client sent. */
export interface CommandAudit {
  readonly now: Now;
  readonly client: number;
  /** Where it connected from. */
  readonly from: string;
  readonly role: Role;
  /** Without what may be a secret. */
  readonly line: string;
  /** Why it was not carried out, as far as that was known before the daemon was asked. */
  readonly refused: string | undefined;
}

/** The defaults, and the limits that have no option. */
export const LIMITS = {
  connections: 1000,
  backlogBytes: 4 * 1024 * 1024,
  passwordTimeout: seconds(30),
  answerTimeout: seconds(30),
  passwordFailures: 3,
  bodyBytes: 64 * 1024,
  /** Unread input: above the first the host is told to stop reading, below the second to go on, above the third it is over. */
  input: { pause: 64 * 1024, resume: 16 * 1024, close: 1024 * 1024 },
} as const;
