import type { WallTime } from '../../base/units.ts';
import type { EventKind, EventRecord, NewEvent, SessionRecord, TrafficRow } from './records.ts';

/** A change to the history. */
export type HistoryChange =
  /** A session that the database does not have yet. */
  | { readonly kind: 'session-begun'; readonly session: SessionRecord }
  /** What one has become. Of a session that was erased or has been forgotten it changes nothing. */
  | { readonly kind: 'session'; readonly session: SessionRecord }
  | { readonly kind: 'event'; readonly event: NewEvent };

/** Which records are asked for; what is left out is not asked for. */
export interface HistoryQuery {
  readonly daemon?: string | undefined;
  /** The name that was logged in with, or that of the certificate. */
  readonly user?: string | undefined;
  /** Sessions that were there within these times, both included; events of these times. */
  readonly since?: WallTime | undefined;
  readonly until?: WallTime | undefined;
  /** Where the page before ended: its `next`. */
  readonly after?: Position | undefined;
  /** At most so many records. */
  readonly limit: number;
}

/** A record's place in the order of a query: the latest first, and of those of one time the highest number. */
export interface Position {
  readonly time: WallTime;
  readonly id: number;
}

/** Records, the latest first: sessions by when they began. */
export interface Page<T> {
  readonly records: readonly T[];
  /** Where the next page goes on; undefined when there is none. */
  readonly next: Position | undefined;
}

/** What a writer begins with. */
export interface Beginning {
  /** The highest number of a session ever given. */
  readonly lastSession: number;
  /** Sessions whose end nobody has seen. */
  readonly open: readonly SessionRecord[];
}

/** What may stay. */
export interface Retention {
  /** What ended before is forgotten. */
  readonly before: WallTime;
  /** A larger database loses its oldest records. */
  readonly maxBytes: number;
}

/**
 * A history in some database. One writes; others may read meanwhile. Rejects with FILE when the database cannot be used, and with
 * DATABASE_DAMAGED when it is not sound.
 */
export interface HistoryStore {
  begin(): Promise<Beginning>;
  /** All of these changes or, when it rejects, none. They outlive the process once it settles. */
  write(changes: readonly HistoryChange[]): Promise<void>;
  sessions(query: HistoryQuery): Promise<Page<SessionRecord>>;
  events(kind: EventKind, query: HistoryQuery): Promise<Page<EventRecord>>;
  /** The latest day first, then by user and daemon; at most `limit` rows. Pages there are none. */
  traffic(query: Omit<HistoryQuery, 'after'>): Promise<readonly TrafficRow[]>;
  /** Forgets some of what need not stay. Gives how many records went: as long as any do, there may be more. */
  retain(retention: Retention): Promise<number>;
  /** Forgets a person: sessions, events and traffic; where a name stands inside other texts it is replaced. Gives how many records that met. */
  erase(user: string): Promise<number>;
  close(): Promise<void>;
}

/** Told when a damaged database was set aside under that name; what was written into it is not in the new one. */
export type DamageListener = (aside: string, reason: string) => void;

/** What stands in texts instead of an erased name. */
export const ERASED = '[erased]';

/** Puts the mark for a name, as a word of its own. */
export function withoutName(text: string, user: string): string {
  const escaped = user.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return text.replace(new RegExp(`(?<![\\w.@-])${escaped}(?![\\w@-])`, 'gu'), ERASED);
}
