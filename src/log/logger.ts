import { Ring } from '../base/ring.ts';
import type { Now } from '../base/units.ts';
import { levelOf } from '../messages/kinds.ts';
import type { Note } from '../messages/notes.ts';
import { Notes } from '../messages/notes.ts';
import { START } from '../messages/start.ts';
import { Mute, type MuteSummary } from './mute.ts';
import { type LogRecord, recordOf } from './record.ts';

/** How a logger starts out. */
export interface LoggerOptions {
  /** 0 to 15. */
  readonly verb: number;
  /** 0 mutes nothing. */
  readonly mute: number;
  /** How many records `recent` keeps: what a management interface that opens later is given. */
  readonly history: number;
  /** Takes each record, after the listeners. Must not wait. */
  readonly sink: (record: LogRecord) => void;
}

interface Pending {
  readonly note: Note;
  readonly now: Now;
  readonly depth: number;
}

/** A listener may log because of what it heard; beyond so many rounds the rest is dropped, as in stock (facts: logging 12). */
const MAX_DEPTH = 5;

/**
 * From notes to records: verb, mute, then history and listeners, then the sink. Listeners come before the sink, as stock
 * copies to its management interface before it writes (facts: logging 12). A note that a listener causes follows the one
 * that caused it.
 */
export class Logger {
  readonly #mute: Mute;
  readonly #recent: Ring<LogRecord>;
  readonly #sink: (record: LogRecord) => void;
  readonly #listeners = new Set<(record: LogRecord) => void>();
  readonly #pending: Pending[] = [];
  #verb: number;
  #depth = 0;

  constructor(options: LoggerOptions) {
    this.#verb = options.verb;
    this.#mute = new Mute(options.mute);
    this.#recent = new Ring(options.history);
    this.#sink = options.sink;
  }

  /** The verbosity now. */
  get verb(): number {
    return this.#verb;
  }

  /** The N of `mute N` now. */
  get mute(): number {
    return this.#mute.limit;
  }

  /** The newest records, oldest first. */
  recent(count?: number): LogRecord[] {
    return this.#recent.last(count);
  }

  /** Changes the verbosity; from the next note on. */
  setVerb(verb: number): void {
    this.#verb = verb;
  }

  /** Changes `mute N`. A run that this ends has its count written. */
  setMute(limit: number, now: Now): void {
    this.#close(this.#mute.setLimit(limit), now);
  }

  /** Calls `listener` with each record from now on, until the returned function is called. */
  subscribe(listener: (record: LogRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Logs a note, unless verb or mute keep it back. */
  log(note: Note, now: Now): void {
    if (levelOf(note.row.word) > this.#verb || this.#depth >= MAX_DEPTH) return;
    this.#pending.push({ note, now, depth: this.#depth + 1 });
    if (this.#depth === 0) this.#drain();
  }

  /** Writes a note at once, before a record that is on its way: for what an outlet says of itself. */
  interject(note: Note, now: Now): void {
    this.#write(recordOf(note, now));
  }

  /** Writes the count of a muted run that is still open. For the end of the process. */
  finish(now: Now): void {
    this.#close(this.#mute.finish(), now);
  }

  #drain(): void {
    try {
      for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
        this.#depth = next.depth;
        this.#admit(next.note, next.now);
      }
    } finally {
      this.#depth = 0;
    }
  }

  #admit(note: Note, now: Now): void {
    const verdict = this.#mute.judge(note.row.word);
    this.#close(verdict.closing, now);
    if (verdict.triggered) this.#notices(now).add(START.muteTriggered, {});
    if (verdict.show) this.#write(recordOf(note, now));
  }

  #close(summary: MuteSummary | undefined, now: Now): void {
    if (summary !== undefined) this.#notices(now).add(START.muteSummary, { count: summary.count, limit: summary.limit });
  }

  /** Mute's own notices are exempt from it, but not from verb. */
  #notices(now: Now): Notes {
    return new Notes(this.#verb, (note) => this.#write(recordOf(note, now)));
  }

  #write(record: LogRecord): void {
    this.#recent.push(record);
    for (const listener of this.#listeners) listener(record);
    this.#sink(record);
  }
}
