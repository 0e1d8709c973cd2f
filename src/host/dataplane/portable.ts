import { TunnelscopeError } from '../../base/errors.ts';
import type { Instant } from '../../base/units.ts';
import type { Address } from '../../model/address.ts';
import type { DataPlaneRecord } from '../../model/status-report.ts';
import { Forwarder, type PacketTrace } from '../../protocol/data/forward.ts';
import type { ControlLimits } from '../../protocol/data/gate.ts';
import type { PeerSlot, PlaneCommand, PlaneCounters, PlaneEvent, PlaneSettings, RouteUse } from '../../protocol/data/plane.ts';
import { type Clock, SystemClock } from '../clock.ts';
import type { SystemFailure } from '../errno.ts';
import type { Tun } from '../tun.ts';
import type { DataPlane, PlaneTrouble } from './port.ts';
import type { Transport } from './transport.ts';

/** What a portable plane is made of. */
export interface PortablePlaneOptions {
  readonly settings: PlaneSettings;
  /** Opens the sockets: `start` calls it, and throws what it throws. */
  readonly open: () => Promise<Transport>;
  /** Open already; the plane reads and writes it and leaves it open. */
  readonly tun: Tun;
  readonly clock?: Clock;
  readonly limits?: ControlLimits;
}

const TROUBLE_QUIET = 1000;

/** The data plane on the main thread, with Node's own sockets and ciphers: works everywhere, and is the one for TCP. */
export class PortablePlane implements DataPlane {
  readonly #forwarder: Forwarder;
  readonly #open: () => Promise<Transport>;
  readonly #tun: Tun;
  readonly #clock: Clock;
  #transport: Transport | undefined;
  /** Kept from a transport that was closed. */
  #networkDrops = 0;
  #running = false;
  #onEvent: (event: PlaneEvent) => void = () => {};
  #onTrouble: (trouble: PlaneTrouble) => void = () => {};
  /** Told in a microtask, which comes before the next packet: so it never holds more than one batch causes. */
  #events: PlaneEvent[] = [];
  #armedFor: Instant | undefined;
  #cancel: () => void = () => {};
  #troubleAt = Number.NEGATIVE_INFINITY;

  constructor(options: PortablePlaneOptions) {
    this.#open = options.open;
    this.#tun = options.tun;
    this.#clock = options.clock ?? new SystemClock();
    const sink = {
      transmit: (bytes: Buffer, link: Parameters<Transport['send']>[1]): void => this.#transport?.send(bytes, link),
      deliver: (packet: Buffer): void => this.#tun.write(packet),
      event: (event: PlaneEvent): void => this.#queue(event),
      closeLink: (link: Parameters<Transport['send']>[1], reason: string): void => this.#transport?.closeLink(link, reason),
    };
    this.#forwarder = new Forwarder(options.settings, sink, { limits: options.limits });
  }

  onEvent(listener: (event: PlaneEvent) => void): void {
    this.#onEvent = listener;
  }

  onTrouble(listener: (trouble: PlaneTrouble) => void): void {
    this.#onTrouble = listener;
  }

  traceWith(trace: PacketTrace | undefined): void {
    this.#forwarder.trace = trace;
  }

  async start(): Promise<void> {
    const transport = await this.#open();
    this.#transport = transport;
    this.#running = true;
    const forwarder = this.#forwarder;
    transport.listen({
      datagram: (bytes, host, port) => {
        forwarder.handleDatagram(bytes, host, port, this.#clock.now().at);
        this.#arm();
      },
      packet: (bytes, link) => {
        forwarder.handleStream(bytes, link, this.#clock.now().at);
        this.#arm();
      },
      opened: (link) => this.#queue({ kind: 'link-opened', link }),
      closed: (link, reason) => this.#queue({ kind: 'link-closed', link, reason }),
      failed: (failure) => this.#socketTrouble(failure),
    });
    this.#tun.start({
      packet: (bytes) => {
        forwarder.handleInner(bytes, this.#clock.now().at);
        this.#arm();
      },
      failed: (error) => this.#onTrouble({ kind: 'tun', error }),
    });
  }

  /** Nothing is left to begin. */
  begin(): Promise<void> {
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#cancel();
    await this.#tun.stop();
    await this.#transport?.close();
    this.#networkDrops = this.#transport?.dropped() ?? 0;
    this.#transport = undefined;
  }

  localAddress(): Address {
    if (this.#transport === undefined) throw new TunnelscopeError('BUG', 'the data plane listens nowhere');
    return this.#transport.local;
  }

  running(): DataPlaneRecord {
    const network = this.#transport?.dropped() ?? this.#networkDrops;
    return { adapter: 'portable', crypto: 'node:crypto', steps: [], dropped: { network, tun: this.#tun.dropped, unread: 0 } };
  }

  command(command: PlaneCommand): void {
    if (!this.#running) return;
    this.#forwarder.command(command, this.#clock.now().at);
    this.#arm();
  }

  counters(slot: PeerSlot): PlaneCounters | undefined {
    return this.#forwarder.counters(slot);
  }

  counter(slot: PeerSlot, name: keyof PlaneCounters): number | undefined {
    return this.#forwarder.counter(slot, name);
  }

  routes(): Iterable<RouteUse> {
    return this.#forwarder.routes();
  }

  tunnel(): ReturnType<DataPlane['tunnel']> {
    return this.#forwarder.tunnel();
  }

  #arm(): void {
    const next = this.#forwarder.nextDeadline();
    if (!this.#running || next === undefined || (this.#armedFor !== undefined && this.#armedFor <= next)) return;
    this.#cancel();
    this.#armedFor = next;
    this.#cancel = this.#clock.schedule(next, this.#fire);
  }

  readonly #fire = (): void => {
    this.#armedFor = undefined;
    if (!this.#running) return;
    this.#forwarder.handleDeadline(this.#clock.now().at);
    this.#arm();
  };

  #queue(event: PlaneEvent): void {
    this.#events.push(event);
    if (this.#events.length === 1) queueMicrotask(this.#tell);
  }

  readonly #tell = (): void => {
    const events = this.#events;
    this.#events = [];
    for (const event of events) if (this.#running) this.#onEvent(event);
  };

  #socketTrouble(failure: SystemFailure): void {
    const now = this.#clock.now().at;
    if (now - this.#troubleAt < TROUBLE_QUIET) return;
    this.#troubleAt = now;
    this.#onTrouble({ kind: 'socket', ...failure });
  }
}
