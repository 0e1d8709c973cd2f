import { isDeepStrictEqual } from 'node:util';
import type { Now } from '../base/units.ts';
import { Daemon } from './daemon.ts';
import type { FleetEvent } from './facts.ts';
import type { AlertingView } from './alerts/view.ts';
import { DEFAULT_FLEET, type FleetOptions } from './options.ts';
import type { FleetWatcher, NoticeSink } from './notices.ts';
import { Patterns } from './patterns/patterns.ts';
import type { SeriesBudget } from './series.ts';
import type { TargetView } from './targets.ts';
import type { DaemonView, FleetView } from './views.ts';

/**
 * The fleet state and its one writer: facts come in by `handle`, everything else reads the views. Counters live as long as
 * their daemon stands in the fleet, over restarts of the daemon and reloads of the configuration.
 */
export class Fleet implements FleetView {
  /** All in the fleet look at it. */
  readonly #options: { -readonly [K in keyof FleetOptions]: FleetOptions[K] };
  readonly #daemons = new Map<string, Daemon>();
  readonly #budget: SeriesBudget = { used: 0, leftOut: 0 };
  /** Where lines and alerts go; each is put in and taken out by whoever sends there. */
  readonly targets = new Set<TargetView>();
  /** What strikes; it watches the fleet as others do. */
  readonly patterns: Patterns;
  /** Put in by whoever evaluates alerts. */
  alerting: AlertingView | undefined;
  readonly #watchers = new Set<FleetWatcher>();
  #sessions = 0;
  #dropped = 0;

  constructor(options: Partial<FleetOptions> = {}) {
    this.#options = { ...DEFAULT_FLEET, ...options };
    this.patterns = new Patterns(this, () => this.#options.series.hashKey);
    this.#watchers.add(this.patterns);
  }

  /** From now on these hold. What was counted stays, and so do the clients that are known; series of users stay where users had them. */
  configure(options: FleetOptions): void {
    const otherSeries = !isDeepStrictEqual(options.series, this.#options.series);
    Object.assign(this.#options, options);
    for (const daemon of this.#daemons.values()) daemon.configure(otherSeries);
  }

  get daemons(): Iterable<DaemonView> {
    return this.#daemons.values();
  }

  get size(): number {
    return this.#daemons.size;
  }

  /** One daemon; undefined when no daemon has that name. */
  daemon(name: string): DaemonView | undefined {
    return this.#daemons.get(name);
  }

  get seriesLeftOut(): number {
    return this.#budget.leftOut;
  }

  get factsDropped(): number {
    return this.#dropped;
  }

  /** Makes these the daemons of the fleet. Those that stay keep their state, in the new order. */
  setDaemons(names: Iterable<string>): void {
    const before = new Map(this.#daemons);
    this.#daemons.clear();
    for (const name of names) {
      const daemon = before.get(name) ?? new Daemon(name, this.#options, this.#budget, () => ++this.#sessions, this.#sinkOf(name));
      before.delete(name);
      this.#daemons.set(name, daemon);
    }
    for (const gone of before.values()) gone.close();
  }

  /** Takes one fact. */
  handle(event: FleetEvent): void {
    const daemon = this.#daemons.get(event.daemon);
    if (daemon === undefined) {
      this.#dropped++;
      return;
    }
    daemon.apply(event);
    for (const watcher of this.#watchers) watcher.fact?.(event);
  }

  /** From now on `watcher` hears what happens; what is given ends that. */
  watch(watcher: FleetWatcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #sinkOf(daemon: string): NoticeSink {
    const watchers = this.#watchers;
    return {
      session(notice) {
        for (const watcher of watchers) watcher.session?.({ daemon, ...notice });
      },
      failure(notice) {
        for (const watcher of watchers) watcher.failure?.({ daemon, ...notice });
      },
      state(notice) {
        for (const watcher of watchers) watcher.state?.({ daemon, ...notice });
      },
    };
  }

  /** Lets things happen whose time has come; to be called before the views are read. */
  advance(now: Now): void {
    for (const daemon of this.#daemons.values()) daemon.advance(now);
    this.patterns.advance(now);
  }
}
