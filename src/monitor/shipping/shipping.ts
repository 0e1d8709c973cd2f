import { join } from 'node:path';
import type { Now } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import type { Logging } from '../../service/logging.ts';
import type { FleetEvent, SeenLine, SourceKind } from '../../telemetry/facts.ts';
import type { Fleet } from '../../telemetry/index.ts';
import type { FailureNotice, FleetWatcher, SessionNotice, StateNotice } from '../../telemetry/notices.ts';
import {
  packRecord,
  RecordTimes,
  recordOfFailure,
  recordOfLine,
  recordOfSession,
  recordOfState,
  type Untimed,
} from '../../telemetry/shipping/record.ts';
import type { MonitorPart } from '../app.ts';
import type { MonitorConfig } from '../config/config.ts';
import type { ShipHow } from '../config/targets.ts';
import type { LinePlace, LineTap } from '../sources/line-tap.ts';
import { TargetGroup } from '../targets/group.ts';
import { LinePlaces } from './places.ts';
import { shipSender } from './senders.ts';

/** What shipping works with. */
export interface ShippingOptions {
  readonly fleet: Pick<Fleet, 'watch' | 'targets'>;
  readonly clock: Clock;
  readonly logging: Pick<Logging, 'notes'>;
}

/** Sent at once, at most. */
const BATCH = { records: 1000, bytes: 512 << 10 };
/** The place file stands among the spools, whose names have no such end. */
const PLACES = '.places.json';

/**
 * Brings the lines of all daemons, and what happens to them, to central logs. Lines are taken from the log file of a daemon where it
 * has one, else from its management interface; how far they were read is kept, so that none is missed while the monitor is away.
 */
export class Shipping implements MonitorPart, LineTap, FleetWatcher {
  readonly #options: ShippingOptions;
  readonly #group: TargetGroup<ShipHow>;
  readonly #times = new RecordTimes();
  #unwatch: (() => void) | undefined;
  #places: { readonly spool: string; readonly book: LinePlaces } | undefined;
  #lines = false;
  #events = false;
  /** The source of each daemon whose lines count. */
  #sources: ReadonlyMap<string, SourceKind> = new Map();

  constructor(options: ShippingOptions) {
    this.#options = options;
    const { clock, logging, fleet } = options;
    // What the disk loses with the machine, the logs of the daemons still have.
    this.#group = new TargetGroup({
      purpose: 'ship',
      sync: 'never',
      batch: BATCH,
      sender: shipSender,
      clock,
      logging,
      shown: fleet.targets,
    });
  }

  async configure({ ship, daemons }: MonitorConfig): Promise<void> {
    this.#lines = ship?.lines === true;
    this.#events = ship?.events === true;
    this.#sources = new Map(daemons.map(({ name, logFile }) => [name, logFile === undefined ? 'management' : 'log']));
    await this.#group.configure(ship);
    if (this.#places !== undefined && this.#places.spool !== ship?.spool) {
      await this.#places.book.close();
      this.#places = undefined;
    }
    if (ship !== undefined && this.#lines) {
      const path = join(ship.spool, PLACES);
      this.#places ??= { spool: ship.spool, book: new LinePlaces(path, this.#options.clock, () => this.#group.flush()) };
      this.#places.book.keep(new Set(this.#sources.keys()));
    }
    this.#unwatch ??= this.#options.fleet.watch(this);
  }

  async close(): Promise<void> {
    this.#unwatch?.();
    this.#lines = false;
    await this.#places?.book.close();
    await this.#group.close();
  }

  // What is told

  fact({ daemon, source, now, fact }: FleetEvent): void {
    if (!this.#lines || fact.kind !== 'line') return;
    if (source === 'native' || source === this.#sources.get(daemon)) this.#put(recordOfLine(daemon, fact.line, now));
  }

  session(notice: SessionNotice): void {
    if (this.#events) this.#put(recordOfSession(notice));
  }

  failure(notice: FailureNotice): void {
    if (this.#events) this.#put(recordOfFailure(notice));
  }

  state(notice: StateNotice): void {
    if (this.#events) this.#put(recordOfState(notice));
  }

  // Every line

  place(daemon: string): LinePlace | undefined {
    return this.#places?.book.of(daemon);
  }

  reached(daemon: string, place: LinePlace): void {
    this.#places?.book.set(daemon, place);
  }

  missed(daemon: string, line: SeenLine, now: Now): void {
    if (this.#lines) this.#put(recordOfLine(daemon, line, now));
  }

  #put(record: Untimed): void {
    this.#group.append(packRecord(this.#times.give(record)));
  }
}
