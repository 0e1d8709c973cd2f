import type { WallTime } from '../../base/units.ts';

/** What the history holds. Times are milliseconds since 1970, amounts bytes; what is not known is undefined. */

/** One client of a server, from when it was connected to how it ended. */
export interface SessionRecord {
  /** The writer's number, never used twice in a database. */
  readonly id: number;
  readonly daemon: string;
  readonly commonName: string | undefined;
  readonly username: string | undefined;
  /** Where it came from. */
  readonly address: string | undefined;
  readonly virtual4: string | undefined;
  readonly virtual6: string | undefined;
  readonly started: WallTime;
  /** Undefined while it is connected, as far as anybody knows. */
  readonly ended: WallTime | undefined;
  /** When something was last known of it. */
  readonly updated: WallTime;
  /** By the server. */
  readonly received: number;
  readonly sent: number;
  /** Packets lost on the way to the server, where it measures them. */
  readonly lost: number | undefined;
  /** How it ended; `unknown` where nobody told. */
  readonly reason: string | undefined;
  /** What the client said it is: `IV_VER`, `IV_PLAT`. */
  readonly version: string | undefined;
  readonly platform: string | undefined;
  readonly cipher: string | undefined;
}

/** The kinds of records that are events of a moment. */
export const EVENT_KINDS = ['auth-failure', 'state', 'alert', 'audit'] as const;

/** One of them. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** An event of a moment; what its words mean depends on the kind, see `EVENT_WORDS`. */
export interface EventRecord {
  /** Given by the database. */
  readonly id: number;
  readonly kind: EventKind;
  readonly time: WallTime;
  readonly daemon: string | undefined;
  readonly user: string | undefined;
  readonly address: string | undefined;
  readonly what: string;
  readonly level: string | undefined;
  readonly status: string | undefined;
  readonly detail: string | undefined;
}

/** An event before the database has numbered it. */
export type NewEvent = Omit<EventRecord, 'id'>;

/** What the words of an event say. */
export const EVENT_WORDS: Readonly<Record<EventKind, Readonly<Record<'what' | 'level' | 'status' | 'detail', string>>>> = {
  'auth-failure': {
    what: 'why somebody was not let in, a reason of `tunnelscope_auth_failures_total` or `tunnelscope_handshakes_total`',
    level: '',
    status: '`login` or `handshake`: how far it came',
    detail: '',
  },
  state: {
    what: 'the state that the daemon is in now; `source-up` or `source-down` of a source of the monitor',
    level: '',
    status: '',
    detail: 'what the daemon says of it; of a source its kind, where it is, and why it is down',
  },
  alert: { what: 'the rule', level: 'its severity', status: '`firing` or `resolved`', detail: 'its summary' },
  audit: {
    what: 'the command, without what may be a secret',
    level: 'the role of the client',
    status: '`taken` or `refused`',
    detail: 'why it was refused',
  },
};

/** What one user moved on a day, over one daemon. */
export interface TrafficRow {
  /** `2026-11-22`, in UTC. */
  readonly day: string;
  readonly daemon: string;
  /** Undefined for those without a name. */
  readonly user: string | undefined;
  readonly received: number;
  readonly sent: number;
}

/** Whom a session counts for: who logged in, else the name of the certificate. */
export function userOf({ username, commonName }: Pick<SessionRecord, 'username' | 'commonName'>): string | undefined {
  return username ?? commonName;
}

/** Milliseconds of a day. */
export const DAY_MS = 86_400_000;

/** A day's number since 1970, in UTC. */
export function dayOf(time: WallTime): number {
  return Math.floor(time / DAY_MS);
}

/** The date of such a day. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}
