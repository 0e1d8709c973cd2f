import { Ring } from '../base/ring.ts';
import type { WallTime } from '../base/units.ts';
import type { SessionNotice } from '../telemetry/index.ts';
import type { HappeningListener } from './happenings.ts';
import type { NewEvent } from './history/records.ts';

/** The kinds of what a feed tells. */
export const FEED_KINDS = ['session-connected', 'session-ended', 'auth-failure', 'state', 'alert', 'audit'] as const;

/** One of them. */
export type FeedKind = (typeof FEED_KINDS)[number];

/** A session at a moment. */
export interface FeedSession {
  readonly time: WallTime;
  readonly daemon: string;
  readonly commonName: string | undefined;
  readonly username: string | undefined;
  readonly address: string | undefined;
  readonly virtual4: string | undefined;
  readonly virtual6: string | undefined;
  readonly since: WallTime | undefined;
  readonly received: number;
  readonly sent: number;
  readonly version: string | undefined;
  readonly platform: string | undefined;
  readonly cipher: string | undefined;
  readonly reason: string | undefined;
}

/** Something that happened, numbered. */
export interface FeedItem {
  readonly number: number;
  readonly kind: FeedKind;
  readonly about: FeedSession | NewEvent;
}

/** What a reader wants. */
export interface FeedChoice {
  readonly kinds?: ReadonlySet<string> | undefined;
  readonly daemon?: string | undefined;
  /** The id of the last item that it has: what came since then comes first, as far as it is still known. */
  readonly after?: string | undefined;
}

const KEPT = 1000;
const QUEUED = 1000;
const READERS = 64;

/** What happens, as it happens, to any number of readers: each has a queue of its own, and who does not read has to come again. */
export class Feed implements HappeningListener {
  readonly #run: string;
  readonly #kept = new Ring<FeedItem>(KEPT);
  readonly #readers = new Set<FeedReader>();
  #number = 0;

  /** `run` tells one run of the monitor from another. */
  constructor(run: string) {
    this.#run = run;
  }

  /** How many read. */
  get readers(): number {
    return this.#readers.size;
  }

  session({ daemon, session, now, end }: SessionNotice): void {
    const { commonName, username, address, virtual4, virtual6, since, received, sent, version, platform, cipher } = session;
    const who = { commonName, username, address: address?.text, virtual4, virtual6, since, received, sent, version, platform, cipher };
    const kind = end === undefined ? 'session-connected' : 'session-ended';
    this.#tell(kind, { time: end?.time ?? now.wall, daemon, ...who, reason: end?.reason });
  }

  event(event: NewEvent): void {
    this.#tell(event.kind, event);
  }

  /** The name of an item for those who come again. */
  idOf({ number }: Pick<FeedItem, 'number'>): string {
    return `${this.#run}.${number}`;
  }

  /** A reader from now on; undefined when there are too many. */
  read(choice: FeedChoice): FeedReader | undefined {
    if (this.#readers.size >= READERS) return undefined;
    const reader = new FeedReader(choice, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    for (const item of this.#missed(choice.after)) reader.tell(item);
    return reader;
  }

  /** Of another run all that is kept: whoever had its last has seen nothing of this one. */
  #missed(after: string | undefined): readonly FeedItem[] {
    if (after === undefined) return [];
    const [run, number] = after.split('.');
    return run === this.#run ? this.#kept.last().filter((item) => item.number > Number(number)) : this.#kept.last();
  }

  #tell(kind: FeedKind, about: FeedItem['about']): void {
    const item: FeedItem = { number: ++this.#number, kind, about };
    this.#kept.push(item);
    for (const reader of this.#readers) reader.tell(item);
  }
}

/** One reader of a feed. */
export class FeedReader {
  readonly #choice: FeedChoice;
  readonly #leave: () => void;
  #queue: FeedItem[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(choice: FeedChoice, leave: () => void) {
    this.#choice = choice;
    this.#leave = leave;
  }

  /** Queues an item; one too many ends the reading. */
  tell(item: FeedItem): void {
    const { kinds, daemon } = this.#choice;
    if (this.#ended || (kinds !== undefined && !kinds.has(item.kind)) || (daemon !== undefined && item.about.daemon !== daemon)) return;
    if (this.#queue.length >= QUEUED) return this.close();
    this.#queue.push(item);
    this.#wake?.();
  }

  /** What is there now; nothing when the reading is over and all was taken. */
  take(): readonly FeedItem[] | undefined {
    const items = this.#queue;
    this.#queue = [];
    return items.length === 0 && this.#ended ? undefined : items;
  }

  /** Calls `wake` when there is something to take, or it is over; at once when there already is. */
  wait(wake: () => void): void {
    this.#wake = wake;
    if (this.#queue.length > 0 || this.#ended) wake();
  }

  /** Ends the reading; what is queued can still be taken. */
  close(): void {
    this.#ended = true;
    this.#leave();
    this.#wake?.();
  }
}
