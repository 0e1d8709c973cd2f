import { after, type Duration, milliseconds, type Now } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import { Logging } from '../../service/logging.ts';
import type { Fact, FleetEvent, SourceKind } from '../../telemetry/facts.ts';
import { Fleet } from '../../telemetry/fleet.ts';
import type { FleetView } from '../../telemetry/views.ts';
import type { DaemonConfig } from '../config/config.ts';
import { WatchedDaemon } from '../watched.ts';

/** The fact with which each source has told what there is to tell at first; that it is down will do for all. */
const FIRST_WORDS: Readonly<Record<Exclude<SourceKind, 'native'>, Fact['kind']>> = {
  management: 'collected',
  'status-file': 'collected',
  log: 'source-up',
  process: 'certificates',
};

/** A look at daemons by all their sources, for commands that want to know once, or for a while. */
export class Look {
  /** Settles when every source has told something or is down, or the time is over. */
  readonly done: Promise<void>;
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #watched: readonly WatchedDaemon[];
  readonly #awaited = new Set<string>();
  #finish: () => void = () => undefined;

  /** Gateways are not opened, and nothing is logged. */
  constructor(configs: readonly DaemonConfig[], clock: Clock, timeout: Duration) {
    this.#fleet = new Fleet({ silentAfter: timeout });
    this.#fleet.setDaemons(configs.map(({ name }) => name));
    this.#clock = clock;
    const silent = { write: () => undefined, close: () => Promise.resolve() };
    const logging = new Logging(clock, silent, silent);
    const parts = { fleet: { handle: (event: FleetEvent) => this.#handle(event) }, clock, logging };
    this.#watched = configs.map((config) => new WatchedDaemon(forALook(config, timeout), parts));
    for (const config of configs) for (const source of sourcesOf(config)) this.#awaited.add(keyOf(config.name, source));
    this.done = new Promise((resolve) => {
      const cancel = clock.schedule(after(clock.now().at, timeout), resolve);
      this.#finish = () => {
        cancel();
        resolve();
      };
    });
  }

  get fleet(): FleetView {
    return this.#fleet;
  }

  /** Begins to look. */
  async start(): Promise<void> {
    await Promise.all(this.#watched.map((daemon) => daemon.start()));
  }

  /** The time, with the fleet brought up to it. */
  now(): Now {
    const now = this.#clock.now();
    this.#fleet.advance(now);
    return now;
  }

  async close(): Promise<void> {
    this.#finish();
    await Promise.all(this.#watched.map((daemon) => daemon.close()));
  }

  #handle(event: FleetEvent): void {
    this.#fleet.handle(event);
    const { daemon, source, fact } = event;
    if (source === 'native' || (fact.kind !== FIRST_WORDS[source] && fact.kind !== 'source-down')) return;
    this.#awaited.delete(keyOf(daemon, source));
    if (this.#awaited.size === 0) this.#finish();
  }
}

/** Who does not answer is to be known before the time is over. */
function forALook(config: DaemonConfig, timeout: Duration): DaemonConfig {
  const { management } = config;
  const patience = milliseconds(Math.min(management?.timeout ?? timeout, timeout * 0.8));
  return { ...config, gateway: undefined, management: management && { ...management, timeout: patience } };
}

function sourcesOf({ management, statusFile, logFile, certificates }: DaemonConfig): SourceKind[] {
  return [
    ...(management === undefined ? [] : ['management' as const]),
    ...(statusFile === undefined ? [] : ['status-file' as const]),
    ...(logFile === undefined ? [] : ['log' as const]),
    ...(certificates.length === 0 ? [] : ['process' as const]),
  ];
}

function keyOf(daemon: string, source: SourceKind): string {
  return `${source} ${daemon}`;
}
