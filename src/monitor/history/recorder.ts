import { reasonOf } from '../../base/errors.ts';
import { after, between, type Duration, type Instant, milliseconds, type Now, seconds, type WallTime } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import { MONITOR } from '../../messages/monitor.ts';
import type { Logging } from '../../service/logging.ts';
import type { Fleet, SessionNotice, SessionView } from '../../telemetry/index.ts';
import type { HappeningListener } from '../happenings.ts';
import { Leftovers } from './leftovers.ts';
import type { Names } from './names.ts';
import type { NewEvent, SessionRecord } from './records.ts';
import type { Beginning, HistoryChange, HistoryStore, Retention } from './store.ts';

/** How often what happened is written: no more than this and the writing itself is lost with the process. */
const WRITE_EVERY: Duration = milliseconds(100);
/** After a failure. */
const TRY_AGAIN_AFTER: Duration = seconds(1);
/** How often what sessions have moved is written while they last. */
const UPDATE_EVERY: Duration = seconds(30);
const RETAIN_EVERY: Duration = seconds(60);
/** Sessions that are looked at between two other things. */
const LOOKS = 500;
/** Changes of one transaction. */
const BATCH = 2000;
/** Changes that wait while the database cannot be written; what comes then is lost, and counted. */
const MAX_WAITING = 100_000;

/** Sessions that are remembered after their end. */
const MAX_ENDED = 20_000;

/** What a recorder works with. */
export interface RecorderOptions {
  readonly store: HistoryStore;
  readonly names: Names;
  readonly fleet: Pick<Fleet, 'daemons' | 'daemon'>;
  readonly clock: Clock;
  /** Gives the time, and brings the fleet up to it. */
  readonly now: () => Now;
  readonly notes: Logging['notes'];
  /** What may stay, by the date. */
  readonly retention: (now: Now) => Retention;
}

/** A session that is there, as the history has it. */
interface Known {
  readonly id: number;
  readonly started: WallTime;
  readonly received: number;
  readonly sent: number;
}

/** Writes what happens into a history, several times a second. Who was there when another recorder ended is found again. */
export class Recorder implements HappeningListener {
  readonly #options: RecorderOptions;
  readonly #lastSession: number;
  readonly #leftovers: Leftovers;
  /** By the number of the session in the fleet. */
  readonly #known = new Map<number, Known>();
  /** Those that may turn out to be there after all. */
  readonly #endedLately = new Map<number, Known>();
  #waiting: HistoryChange[] = [];
  #writing: Promise<void> | undefined;
  #retaining: Promise<void> | undefined;
  #lost = 0;
  #failing = false;
  #cancel: (() => void) | undefined;
  #round: Iterator<readonly [daemon: string, session: SessionView]> | undefined;
  #nextRound: Instant;
  #nextRetain: Instant;
  #nextWrite: Instant;

  constructor(options: RecorderOptions, { lastSession, open }: Beginning) {
    this.#options = options;
    this.#lastSession = lastSession;
    const now = options.clock.now();
    this.#leftovers = new Leftovers(open, now.at);
    this.#nextRound = after(now.at, UPDATE_EVERY);
    this.#nextRetain = now.at;
    this.#nextWrite = now.at;
    this.#addThoseThere(now);
    this.#wait(now.at);
  }

  session({ daemon, session, now, end }: SessionNotice): void {
    if (end === undefined) this.#connected(daemon, session, now);
    else this.#ended(daemon, session, now, { reason: end.reason, time: end.time });
  }

  event(event: NewEvent): void {
    this.#add({ kind: 'event', event: this.#options.names.event(event) });
  }

  /** The database was damaged, and a new one has begun: it gets those who are there now. */
  restart(): void {
    this.#known.clear();
    this.#endedLately.clear();
    this.#leftovers.clear();
    this.#addThoseThere(this.#options.clock.now());
  }

  /** Writes what is left. */
  async close(): Promise<void> {
    this.#cancel?.();
    const now = this.#options.clock.now();
    for (const [daemon, session] of this.#all()) this.#update(daemon, session, now);
    await this.#retaining;
    await this.#writing;
    while (this.#waiting.length > 0 && (await this.#write())) continue;
  }

  #addThoseThere(now: Now): void {
    for (const [daemon, session] of this.#all()) if (session.phase === 'connected') this.#connected(daemon, session, now);
  }

  *#all(): Generator<readonly [string, SessionView]> {
    for (const { name, sessions } of this.#options.fleet.daemons) for (const session of sessions) yield [name, session];
  }

  #connected(daemon: string, session: SessionView, now: Now): void {
    const before = this.#known.get(session.number) ?? this.#endedLately.get(session.number);
    this.#endedLately.delete(session.number);
    const id = this.#lastSession + session.number;
    const record = recordOf(daemon, session, now, { id, started: session.since ?? now.wall });
    const hidden = this.#options.names.session(record);
    const resumed = before ?? this.#leftovers.take(hidden);
    const known = resumed ?? record;
    this.#known.set(session.number, { id: known.id, started: known.started, received: session.received, sent: session.sent });
    if (resumed === undefined) this.#add({ kind: 'session-begun', session: hidden });
    else this.#add({ kind: 'session', session: { ...hidden, id: resumed.id, started: resumed.started } });
  }

  #ended(daemon: string, session: SessionView, now: Now, end: { readonly reason: string; readonly time: WallTime }): void {
    if (!this.#known.has(session.number)) this.#connected(daemon, session, now);
    const known = this.#known.get(session.number);
    if (known === undefined) return;
    const record = recordOf(daemon, session, now, known);
    // The clock may have been set back meanwhile.
    const ended = Math.max(end.time, known.started) as WallTime;
    this.#add({ kind: 'session', session: this.#options.names.session({ ...record, ended, reason: end.reason }) });
    this.#known.delete(session.number);
    this.#endedLately.set(session.number, known);
    if (this.#endedLately.size > MAX_ENDED) for (const oldest of this.#endedLately.keys()) return void this.#endedLately.delete(oldest);
  }

  #update(daemon: string, session: SessionView, now: Now): void {
    const known = this.#known.get(session.number);
    if (known === undefined || (known.received === session.received && known.sent === session.sent)) return;
    this.#known.set(session.number, { ...known, received: session.received, sent: session.sent });
    this.#add({ kind: 'session', session: this.#options.names.session(recordOf(daemon, session, now, known)) });
  }

  #add(change: HistoryChange): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(change);
    else this.#lost++;
  }

  #wait(from: Instant): void {
    this.#cancel = this.#options.clock.schedule(after(from, WRITE_EVERY), () => this.#turn());
  }

  #turn(): void {
    const now = this.#options.now();
    this.#lookAtSessions(now);
    for (const session of this.#leftovers.given(this.#options.fleet, now.at)) this.#add({ kind: 'session', session });
    if (this.#waiting.length > 0 && this.#writing === undefined && now.at >= this.#nextWrite) {
      this.#writing = this.#write().then(() => {
        this.#writing = undefined;
      });
    }
    if (now.at >= this.#nextRetain && this.#retaining === undefined) {
      this.#nextRetain = after(now.at, RETAIN_EVERY);
      this.#retaining = this.#retain(now).then(() => {
        this.#retaining = undefined;
      });
    }
    this.#wait(now.at);
  }

  /** Some at a time: thousands of sessions must not hold up all else. */
  #lookAtSessions(now: Now): void {
    if (this.#round === undefined) {
      if (now.at < this.#nextRound) return;
      this.#nextRound = after(now.at, UPDATE_EVERY);
      this.#round = this.#all();
    }
    for (let look = 0; look < LOOKS; look++) {
      const next = this.#round.next();
      if (next.done === true) {
        this.#round = undefined;
        return;
      }
      const [daemon, session] = next.value;
      this.#update(daemon, session, now);
    }
  }

  /** Writes a batch; when that fails it waits for the next time. False when it failed. */
  async #write(): Promise<boolean> {
    const batch = this.#waiting.slice(0, BATCH);
    this.#waiting = this.#waiting.slice(BATCH);
    const { store, notes, clock } = this.#options;
    try {
      await store.write(batch);
      if (this.#failing) notes.add(MONITOR.historyWorks, { count: this.#lost });
      this.#failing = false;
      this.#lost = 0;
      return true;
    } catch (error) {
      this.#waiting = [...batch, ...this.#waiting];
      this.#nextWrite = after(clock.now().at, TRY_AGAIN_AFTER);
      if (!this.#failing) notes.add(MONITOR.historyFailed, { reason: reasonOf(error) });
      this.#failing = true;
      return false;
    }
  }

  async #retain(now: Now): Promise<void> {
    const { store, retention, clock } = this.#options;
    try {
      while (between(now.at, clock.now().at) < RETAIN_EVERY && (await store.retain(retention(now))) > 0) continue;
    } catch {
      // Whoever cannot forget cannot write either, which is said there.
    }
  }
}

function recordOf(daemon: string, session: SessionView, now: Now, { id, started }: Pick<Known, 'id' | 'started'>): SessionRecord {
  const { commonName, username, address, virtual4, virtual6, received, sent, quality, version, platform, cipher } = session;
  return {
    id,
    daemon,
    commonName,
    username,
    address: address?.text,
    virtual4,
    virtual6,
    started,
    ended: undefined,
    updated: now.wall,
    received,
    sent,
    lost: quality?.lost,
    reason: undefined,
    version,
    platform,
    cipher,
  };
}
