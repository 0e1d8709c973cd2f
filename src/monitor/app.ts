import { isDeepStrictEqual } from 'node:util';
import { reasonOf } from '../base/errors.ts';
import type { Now } from '../base/units.ts';
import { type Clock, monotonic } from '../host/clock.ts';
import type { SignalName } from '../host/signals.ts';
import { MONITOR } from '../messages/monitor.ts';
import { OURS } from '../messages/ours.ts';
import type { Logging } from '../service/logging.ts';
import { Fleet } from '../telemetry/fleet.ts';
import type { Thresholds } from '../telemetry/health.ts';
import type { HttpConfig, MonitorConfig } from './config/config.ts';
import type { LineTap } from './sources/line-tap.ts';
import { Happenings } from './happenings.ts';
import { WatchedDaemon, type WatchParts } from './watched.ts';

/** What shows over HTTP what the monitor knows; made by whoever runs the monitor. */
export interface Exhibit {
  /** Serves as it says, in place of what was served before. Rejects when it cannot, and then serves as before. */
  serve(config: HttpConfig): Promise<void>;
  close(): Promise<void>;
}

/** Something beside the fleet that lives as long as the monitor and has a part of its configuration: alerts, history, shipping. */
export interface MonitorPart {
  /** Begins, or goes on with what has changed. Rejects when it cannot, and then goes on as before. */
  configure(config: MonitorConfig): Promise<void>;
  close(): Promise<void>;
}

/** What a monitor is made of. */
export interface MonitorOptions {
  readonly config: MonitorConfig;
  /** Reads the configuration again; undefined where there is no file. Throws what is wrong. */
  readonly reread: (() => MonitorConfig) | undefined;
  readonly clock: Clock;
  readonly logging: Logging;
  readonly version: string;
  readonly exhibit: (app: MonitorApp) => Exhibit;
  /** In the order in which they begin; they end the other way round. */
  readonly parts?: (app: MonitorApp) => readonly MonitorPart[];
  /** One of the parts that has to have every line. */
  readonly lines?: (parts: readonly MonitorPart[]) => LineTap | undefined;
  /** For the service manager. */
  readonly tell?: (words: string) => Promise<unknown>;
}

/** The monitor: daemons, each with its sources, that tell one fleet state, which is shown. */
export class MonitorApp {
  readonly fleet: Fleet;
  /** What happens in it, for all who keep that or pass it on. */
  readonly happenings: Happenings;
  /** Settles with the exit status when all is over. */
  readonly done: Promise<number>;
  readonly #options: MonitorOptions;
  readonly #exhibit: Exhibit;
  readonly #parts: readonly MonitorPart[];
  readonly #shared: WatchParts;
  readonly #watched = new Map<string, WatchedDaemon>();
  #config: MonitorConfig;
  #finish: (status: number) => void = () => undefined;
  /** One thing at a time: starting, reloading, ending. */
  #work: Promise<void> = Promise.resolve();
  #ending = false;
  #started = false;

  constructor(options: MonitorOptions) {
    const { config, clock, logging } = options;
    this.#options = options;
    this.#config = config;
    this.fleet = new Fleet(config.fleet);
    this.happenings = new Happenings(this.fleet);
    this.#parts = options.parts?.(this) ?? [];
    const audit = this.happenings.audit.bind(this.happenings);
    this.#shared = { fleet: this.fleet, clock, logging, audit, lines: options.lines?.(this.#parts) };
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#exhibit = options.exhibit(this);
  }

  /** The configuration in force. */
  get config(): MonitorConfig {
    return this.#config;
  }

  /** Why it is not ready. */
  get notReady(): string | undefined {
    if (this.#ending) return 'the monitor is ending';
    return this.#started ? undefined : 'the monitor is starting';
  }

  /** The time, with the fleet brought up to it: for whoever reads the fleet. */
  now(): Now {
    const now = this.#options.clock.now();
    this.fleet.advance(now);
    return now;
  }

  /** What is asked of a daemon to be well. */
  thresholds(name: string): Partial<Thresholds> {
    return { ...this.#config.thresholds, ...this.#watched.get(name)?.config.thresholds };
  }

  /** Serves and watches. Rejects with LISTEN or KEY_MATERIAL when it cannot serve. */
  async start(): Promise<void> {
    const { logging, version } = this.#options;
    logging.setVerb(this.#config.verb);
    logging.notes.add(MONITOR.started, { version, count: this.#config.daemons.length });
    for (const part of this.#parts) await part.configure(this.#config);
    await this.#exhibit.serve(this.#config.http);
    await this.#watch(this.#config);
    this.#started = true;
    await this.#options.tell?.('READY=1');
  }

  /** SIGHUP reads the configuration again, SIGTERM and SIGINT end. */
  signal(name: SignalName): void {
    if (name === 'SIGHUP') this.#work = this.#work.then(() => this.#reload());
    if (name !== 'SIGTERM' && name !== 'SIGINT') return;
    if (this.#ending) return;
    this.#ending = true;
    this.#options.logging.notes.add(MONITOR.ending, { signal: name });
    this.#work = this.#work.then(() => this.#end());
  }

  async #end(): Promise<void> {
    await this.#options.tell?.('STOPPING=1');
    await this.#exhibit.close();
    await Promise.all([...this.#watched.values()].map((daemon) => daemon.close()));
    for (const part of this.#parts.toReversed()) await part.close();
    await this.#options.logging.close();
    this.#finish(0);
  }

  async #reload(): Promise<void> {
    const { reread, logging, tell } = this.#options;
    if (this.#ending) return;
    logging.reopen();
    if (reread === undefined) return;
    await tell?.(`RELOADING=1\nMONOTONIC_USEC=${Math.round(monotonic() * 1000)}`);
    try {
      const config = reread();
      if (!isDeepStrictEqual(config.http, this.#config.http) || hasSecrets(config.http)) await this.#exhibit.serve(config.http);
      for (const part of this.#parts) await part.configure(config);
      this.#config = config;
      this.fleet.configure(config.fleet);
      logging.setVerb(config.verb);
      const changed = await this.#watch(config);
      logging.notes.add(OURS.reloaded, { what: `${config.daemons.length} daemons, ${changed} of them new or changed` });
    } catch (error) {
      logging.notes.add(OURS.reloadFailed, { reason: reasonOf(error).replaceAll('\n', '; ') });
    }
    await tell?.('READY=1');
  }

  /** Lets go of daemons that are gone or changed, and begins with those that are new; the figures of all that stay go on. */
  async #watch({ daemons }: MonitorConfig): Promise<number> {
    const wanted = new Map(daemons.map((daemon) => [daemon.name, daemon.fingerprint]));
    const leaving = [...this.#watched].filter(([name, { config }]) => wanted.get(name) !== config.fingerprint);
    await Promise.all(leaving.map(([, daemon]) => daemon.close()));
    for (const [name] of leaving) this.#watched.delete(name);
    this.fleet.setDaemons(wanted.keys());
    this.happenings.keepOnly(new Set(wanted.keys()));
    const coming = daemons.filter(({ name }) => !this.#watched.has(name)).map((config) => new WatchedDaemon(config, this.#shared));
    for (const daemon of coming) this.#watched.set(daemon.config.name, daemon);
    await Promise.all(coming.map((daemon) => daemon.start()));
    return coming.length;
  }
}

/** Whether secrets are among it, which compare as equal. */
function hasSecrets({ basic, bearer, tokens }: HttpConfig): boolean {
  return basic.length > 0 || bearer.length > 0 || tokens.length > 0;
}
