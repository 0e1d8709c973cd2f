import { after, type Duration, type Instant, milliseconds, seconds } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import { Spool, type SpoolBatch, type SpoolNews, type SpoolOptions } from '../../host/spool.ts';
import { MONITOR } from '../../messages/monitor.ts';
import type { Logging } from '../../service/logging.ts';
import type { TargetView } from '../../telemetry/index.ts';
import type { Sender } from './sender.ts';

/** What a target is made of. */
export interface TargetOptions {
  readonly name: string;
  readonly purpose: TargetView['purpose'];
  readonly spool: Pick<SpoolOptions, 'folder' | 'maxBytes' | 'sync'>;
  readonly sender: Sender;
  /** Sent at once, at most. */
  readonly batch: { readonly records: number; readonly bytes: number };
  readonly clock: Clock;
  readonly logging: Pick<Logging, 'notes'>;
  /** Counts go on where a target of this name stood before. */
  readonly counts: TargetCounts;
  /** From 0 to 1, for pauses that are not those of everybody else. */
  readonly chance?: () => number;
}

/** What is counted of a target as long as the monitor lives. */
export interface TargetCounts {
  taken: number;
  failures: number;
  refused: number;
  dropped: number;
}

/** Pauses before another attempt: the first, doubled up to the last. */
const PAUSE = { first: 250, most: 15_000 };
/** The longest that an answer may ask to be left alone. */
const MOST_RETRY_AFTER = seconds(300);
/** What is on the way is asked for after so long, or so many records: they are sent again if the other end is lost before. */
const CONFIRM = { after: seconds(3), records: 5000 };
/** Between two lines that say that records were dropped. */
const DROPS_EVERY = seconds(60);
/** How long the end waits for what is being sent. */
const LINGER = milliseconds(1500);

/**
 * Records on their way to one place, in order: into a spool, and from there to the other end, again and again until it has them. They
 * leave the spool when they are confirmed, so that an end at any moment loses none, and doubles those that were not confirmed yet.
 */
export class Target implements TargetView {
  readonly name: string;
  readonly purpose: TargetView['purpose'];
  readonly #options: TargetOptions;
  readonly #spool: Spool;
  readonly #droppedBefore: number;
  readonly #running: Promise<void>;
  #trouble: string | undefined;
  #works = false;
  #fails = 0;
  #onTheWay = 0;
  #askAt: Instant | undefined;
  #lastTaken = 0;
  #unsaid = 0;
  #dropsSaid: Instant | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  private constructor(options: TargetOptions, spool: Spool) {
    this.name = options.name;
    this.purpose = options.purpose;
    this.#options = options;
    this.#spool = spool;
    this.#droppedBefore = options.counts.dropped;
    this.#running = this.#run();
  }

  /** Goes on with what its spool holds. Rejects never. */
  static async open(options: TargetOptions): Promise<Target> {
    let target: Target | undefined;
    const early: SpoolNews[] = [];
    const onNews = (news: SpoolNews): void => {
      if (target === undefined) early.push(news);
      else target.#heard(news);
    };
    target = new Target(options, await Spool.open({ ...options.spool, onNews }));
    for (const news of early) target.#heard(news);
    return target;
  }

  get where(): string {
    return this.#options.sender.where;
  }

  get trouble(): string | undefined {
    return this.#trouble;
  }

  get taken(): number {
    return this.#options.counts.taken;
  }

  get failures(): number {
    return this.#options.counts.failures;
  }

  get refused(): number {
    return this.#options.counts.refused;
  }

  get dropped(): number {
    return this.#droppedBefore + this.#spool.dropped;
  }

  get waiting(): number {
    return this.#spool.records;
  }

  get waitingBytes(): number {
    return this.#spool.bytes;
  }

  get spoolTrouble(): string | undefined {
    return this.#spool.trouble;
  }

  /** Never waits. */
  append(record: Buffer): void {
    this.#spool.append(record);
  }

  /** When all that was appended is in the spool: true when that is on the disk. */
  flush(): Promise<boolean> {
    return this.#spool.flush();
  }

  /** Asks for what is on the way, if that takes no time, and leaves the rest to the spool. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    let cancel: () => void = () => undefined;
    const { clock, sender, counts } = this.#options;
    const enough = new Promise<void>((resolve) => {
      cancel = clock.schedule(after(clock.now().at, LINGER), resolve);
    });
    await Promise.race([this.#running, enough]);
    cancel();
    await sender.close();
    await this.#running;
    await this.#spool.close();
    counts.dropped = this.dropped;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const arrival = this.#spool.arrival();
      const { records, bytes } = this.#options.batch;
      const full = this.#onTheWay >= CONFIRM.records || (this.#askAt !== undefined && this.#options.clock.now().at >= this.#askAt);
      if (full) await this.#confirm();
      const batch = await this.#spool.take(records, bytes);
      if (this.#closed) break;
      if (batch !== undefined) await this.#send(batch);
      else await this.#until(this.#askAt, arrival);
    }
    if (this.#onTheWay > 0) await this.#confirm();
  }

  async #send(batch: SpoolBatch): Promise<void> {
    const { sender, counts, clock } = this.#options;
    const result = await sender.send(batch.records);
    switch (result.kind) {
      case 'taken':
        return this.#taken(batch.last, batch.records.length);
      case 'sent':
        this.#onTheWay += batch.records.length;
        this.#lastTaken = batch.last;
        this.#askAt ??= after(clock.now().at, CONFIRM.after);
        return;
      case 'refused':
        counts.refused += batch.records.length;
        this.#spool.acknowledge(batch.last);
        this.#options.logging.notes.add(MONITOR.targetRefused, { target: this.name, count: batch.records.length, reason: result.reason });
        return;
      default:
        return this.#failed(result.reason, result.retryAfter);
    }
  }

  async #confirm(): Promise<void> {
    const count = this.#onTheWay;
    this.#onTheWay = 0;
    this.#askAt = undefined;
    const why = await this.#options.sender.confirm?.();
    if (why === undefined) this.#taken(this.#lastTaken, count);
    else await this.#failed(why, undefined);
  }

  #taken(last: number, count: number): void {
    this.#options.counts.taken += count;
    this.#spool.acknowledge(last);
    this.#fails = 0;
    this.#trouble = undefined;
    if (this.#works) return;
    this.#works = true;
    this.#options.logging.notes.add(MONITOR.targetWorks, { target: this.name, where: this.where });
  }

  /** All that is not confirmed is sent again, after a pause. */
  async #failed(reason: string, retryAfter: Duration | undefined): Promise<void> {
    this.#onTheWay = 0;
    this.#askAt = undefined;
    this.#spool.rewind();
    if (this.#closed) return;
    const { counts, logging, chance = Math.random, clock } = this.#options;
    counts.failures++;
    // The same again is no news.
    if (this.#works || this.#trouble === undefined) logging.notes.add(MONITOR.targetFailed, { target: this.name, reason });
    this.#works = false;
    this.#trouble = reason;
    const pause = Math.min(PAUSE.most, PAUSE.first * 2 ** this.#fails++) * (0.8 + 0.4 * chance());
    const asked = Math.min(MOST_RETRY_AFTER, retryAfter ?? 0);
    await this.#until(after(clock.now().at, milliseconds(Math.max(pause, asked))));
  }

  /** Until the time has come, something else has happened, or the end. */
  async #until(at: Instant | undefined, event?: Promise<void>): Promise<void> {
    let cancel: () => void = () => undefined;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (at !== undefined) cancel = this.#options.clock.schedule(at, resolve);
      if (this.#closed) resolve();
    });
    await (event === undefined ? woken : Promise.race([woken, event]));
    cancel();
  }

  #heard(news: SpoolNews): void {
    const { logging, clock } = this.#options;
    const target = this.name;
    switch (news.kind) {
      case 'memory':
        return logging.notes.add(MONITOR.spoolMemory, { target, reason: news.reason });
      case 'disk':
        return logging.notes.add(MONITOR.spoolDisk, { target });
      case 'damaged':
        return logging.notes.add(MONITOR.spoolDamaged, { target, path: news.path });
      default: {
        this.#unsaid += news.count;
        const { at } = clock.now();
        if (this.#dropsSaid !== undefined && at < after(this.#dropsSaid, DROPS_EVERY)) return;
        this.#dropsSaid = at;
        logging.notes.add(MONITOR.spoolDropped, { target, count: this.#unsaid });
        this.#unsaid = 0;
      }
    }
  }
}
