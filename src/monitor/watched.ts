import { reasonOf } from '../base/errors.ts';
import type { Now } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import { streamAddressText } from '../host/stream-address.ts';
import { MONITOR } from '../messages/monitor.ts';
import type { CommandAudit } from '../management/server-options.ts';
import type { Logging } from '../service/logging.ts';
import type { Fact, SourceKind } from '../telemetry/facts.ts';
import type { Fleet } from '../telemetry/fleet.ts';
import { AttachedDaemon } from './attached/attached.ts';
import type { Collector, CollectorContext } from './sources/collector.ts';
import type { DaemonConfig } from './config/config.ts';
import { defined } from './config/parts.ts';
import { Gateway } from './attached/gateway.ts';
import type { LinePlace, LineTap, SourceTap } from './sources/line-tap.ts';
import { LogSource } from './sources/log-source.ts';
import { MachineSource } from './sources/machine-source.ts';
import { StatusSource } from './sources/status-source.ts';

/** What all daemons are watched with. */
export interface WatchParts {
  /** Takes what is told. */
  readonly fleet: Pick<Fleet, 'handle'>;
  /** Has to have every line. */
  readonly lines?: LineTap | undefined;
  readonly clock: Clock;
  readonly logging: Logging;
  /** Told of every command that a client of a gateway sends. */
  readonly audit?: (daemon: string, entry: CommandAudit) => void;
}

/** One daemon with all its sources, and the gateway before it. What one of them does wrong stays its own. */
export class WatchedDaemon implements CollectorContext {
  readonly config: DaemonConfig;
  readonly clock: Clock;
  readonly #parts: WatchParts;
  readonly #collectors: Collector[] = [];
  readonly #machine: MachineSource;
  readonly #attached: AttachedDaemon | undefined;
  #gateway: Gateway | undefined;
  #closed = false;
  /** Why each source is down; what did not change is not said again. */
  readonly #troubles = new Map<SourceKind, string | undefined>();

  constructor(config: DaemonConfig, parts: WatchParts) {
    this.config = config;
    this.clock = parts.clock;
    this.#parts = parts;
    const { statusFile, logFile, pid, certificates } = config;
    const rooms = [
      ...(logFile === undefined ? [] : [{ use: 'log' as const, path: logFile }]),
      ...(statusFile === undefined ? [] : [{ use: 'status' as const, path: statusFile.path }]),
    ];
    this.#machine = new MachineSource({ pid, certificates, rooms }, this);
    this.#attached = config.management && this.#attach(config.management);
    if (statusFile !== undefined) this.#collectors.push(new StatusSource(statusFile.path, statusFile.staleAfter, this));
    if (logFile !== undefined) this.#collectors.push(new LogSource(logFile, this, this.#tap('file')));
    this.#collectors.push(this.#machine);
  }

  /** Begins to collect. Rejects never: a gateway that cannot listen is told in the log. */
  async start(): Promise<void> {
    for (const collector of this.#collectors) collector.start();
    // When the daemon answers, comes late or never shows in the fleet.
    void this.#attached?.open();
    await this.#openGateway();
  }

  /** Lets go of everything. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#gateway?.close();
    this.#attached?.close();
    await Promise.all(this.#collectors.map((collector) => collector.close()));
  }

  tell(source: SourceKind, fact: Fact, now: Now): void {
    if (this.#closed) return;
    const { name } = this.config;
    if (fact.kind === 'identity' && fact.pid !== undefined) this.#machine.pidTold(fact.pid);
    if (fact.kind === 'source-up') this.#noteUp(source, fact.where);
    if (fact.kind === 'source-down') this.#noteDown(source, `${fact.where}: ${fact.text}`);
    this.#parts.fleet.handle({ daemon: name, source, now, fact });
  }

  trouble(text: string): void {
    this.#parts.logging.notes.add(MONITOR.trouble, { daemon: this.config.name, reason: text });
  }

  #tap<K extends keyof LinePlace>(source: K): SourceTap<NonNullable<LinePlace[K]>> | undefined {
    const { lines } = this.#parts;
    if (lines === undefined) return undefined;
    const { name } = this.config;
    const place = lines.place(name)?.[source] ?? undefined;
    return {
      place,
      reached: (at) => lines.reached(name, { [source]: at }),
      missed: (line) => lines.missed(name, line, this.clock.now()),
    };
  }

  #attach(source: NonNullable<DaemonConfig['management']>): AttachedDaemon {
    const { where, poll, bytecount, timeout, password, tls } = source;
    return new AttachedDaemon({
      where,
      clock: this.clock,
      timeout,
      pollEvery: poll,
      byteSeconds: Math.max(1, Math.round(bytecount / 1000)),
      notes: this.#parts.logging.notes,
      fact: (fact, now) => this.tell('management', fact, now),
      ...defined({ password, tls, lines: this.config.logFile === undefined ? this.#tap('management') : undefined }),
    });
  }

  async #openGateway(): Promise<void> {
    const { name, gateway: config } = this.config;
    if (config === undefined || this.#attached === undefined) return;
    const { logging, audit = () => undefined } = this.#parts;
    const gateway = new Gateway(
      this.#attached,
      { ...config, audit: (entry) => audit(name, entry), fact: (fact, now) => this.tell('management', fact, now) },
      logging,
      this.clock,
    );
    try {
      for (const address of await gateway.open())
        logging.notes.add(MONITOR.gatewayOpen, { daemon: name, where: streamAddressText(address) });
      this.#gateway = gateway;
      if (this.#closed) await gateway.close();
    } catch (error) {
      logging.notes.add(MONITOR.gatewayFailed, { daemon: name, reason: reasonOf(error) });
    }
  }

  #noteUp(source: SourceKind, where: string): void {
    if (source === 'process' || (this.#troubles.has(source) && this.#troubles.get(source) === undefined)) return;
    this.#troubles.set(source, undefined);
    this.#parts.logging.notes.add(MONITOR.sourceUp, { daemon: this.config.name, source, where });
  }

  #noteDown(source: SourceKind, reason: string): void {
    if (this.#troubles.get(source) === reason) return;
    this.#troubles.set(source, reason);
    this.#parts.logging.notes.add(MONITOR.sourceDown, { daemon: this.config.name, source, reason });
  }
}
