import { MONITOR } from '../../messages/monitor.ts';
import type { WallTime } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import type { Logging } from '../../service/logging.ts';
import type { MonitorApp, MonitorPart } from '../app.ts';
import type { HistoryConfig, MonitorConfig } from '../config/config.ts';
import { Names } from './names.ts';
import { Recorder } from './recorder.ts';
import type { DamageListener, HistoryStore } from './store.ts';

/** Opens the database of a history. Rejects with FILE. */
export type OpenHistory = (file: string, onDamaged: DamageListener) => Promise<HistoryStore>;

/** A history that is written now. */
interface Running {
  readonly file: string;
  readonly key: string | undefined;
  readonly store: HistoryStore;
  readonly names: Names;
  readonly recorder: Recorder;
  readonly unlisten: () => void;
}

/** The history, as a part of the monitor: keeps what happens, and shows it to the console. */
export class HistoryPart implements MonitorPart {
  readonly #app: Pick<MonitorApp, 'fleet' | 'happenings' | 'now'>;
  readonly #clock: Clock;
  readonly #notes: Logging['notes'];
  readonly #open: OpenHistory;
  #config: HistoryConfig | undefined;
  #running: Running | undefined;

  constructor(app: Pick<MonitorApp, 'fleet' | 'happenings' | 'now'>, clock: Clock, notes: Logging['notes'], open: OpenHistory) {
    this.#app = app;
    this.#clock = clock;
    this.#notes = notes;
    this.#open = open;
  }

  /** The history to search, and how names are written in it; undefined where none is kept. */
  get current(): { readonly store: HistoryStore; readonly names: Names } | undefined {
    return this.#running;
  }

  async configure({ history }: Pick<MonitorConfig, 'history'>): Promise<void> {
    const same = this.#running?.file === history?.file && this.#running?.key === history?.hashKey?.reveal();
    const next = same || history === undefined ? undefined : await this.#begin(history);
    if (!same) {
      await this.#end();
      this.#running = next;
    }
    this.#config = history;
  }

  close(): Promise<void> {
    return this.#end();
  }

  async #begin(config: HistoryConfig): Promise<Running> {
    const { fleet, happenings } = this.#app;
    // One file has one writer.
    if (this.#running?.file === config.file) await this.#end();
    this.#config = config;
    let recorder: Recorder | undefined;
    const store = await this.#open(config.file, (aside, reason) => {
      this.#notes.add(MONITOR.historyDamaged, { aside, reason });
      recorder?.restart();
    });
    const names = new Names(config.hashKey === undefined ? undefined : Buffer.from(config.hashKey.reveal()));
    recorder = new Recorder(
      {
        store,
        names,
        fleet,
        clock: this.#clock,
        now: () => this.#app.now(),
        notes: this.#notes,
        retention: ({ wall }) => ({
          before: (wall - (this.#config ?? config).keep) as WallTime,
          maxBytes: (this.#config ?? config).maxBytes,
        }),
      },
      await store.begin(),
    );
    const unlisten = happenings.listen(recorder);
    this.#notes.add(MONITOR.history, { file: config.file });
    return { file: config.file, key: config.hashKey?.reveal(), store, names, recorder, unlisten };
  }

  async #end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    running?.unlisten();
    await running?.recorder.close();
    await running?.store.close();
  }
}
