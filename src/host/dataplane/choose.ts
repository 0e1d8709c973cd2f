import { reasonOf } from '../../base/errors.ts';
import type { Address } from '../../model/address.ts';
import type { DataPlaneRecord } from '../../model/status-report.ts';
import type { PacketTrace } from '../../protocol/data/forward.ts';
import type { PeerSlot, PlaneCommand, PlaneCounters, PlaneEvent, PlaneSettings, PlaneStep, RouteUse } from '../../protocol/data/plane.ts';
import type { Clock } from '../clock.ts';
import type { Tun } from '../tun.ts';
import { openUdp, type UdpOptions } from '../udp.ts';
import type { BatchedPlane } from './batched/batched.ts';
import type { RawUdp } from './batched/descriptors.ts';
import type { DataPlane, PlaneTrouble } from './port.ts';
import { PortablePlane } from './portable.ts';
import { type Transport, udpTransport } from './transport.ts';

/** What a plane is made of whose adapter is found at its start. */
export interface ChosenPlaneOptions {
  readonly settings: PlaneSettings;
  readonly tun: Tun;
  readonly clock: Clock;
  /** What the portable adapter is opened with. */
  readonly open: () => Promise<Transport>;
  /** What the batched adapter binds, and leaves out; undefined where it is not wanted or cannot be: it is for UDP. */
  readonly batched: BatchedChoice | undefined;
}

/** What the batched adapter is opened with. */
export interface BatchedChoice {
  readonly udp: UdpOptions;
  /** One that is bound already, instead of binding one. */
  readonly socket?: RawUdp | undefined;
  readonly without: readonly PlaneStep[];
  readonly worker?: URL;
}

/** Where the batched adapter knows the system's structures: Linux with 64 bits and little-endian words. */
export function batchedIsFor(platform: string, arch: string): boolean {
  return platform === 'linux' && (arch === 'x64' || arch === 'arm64');
}

/** The batched adapter where it is wanted and runs, and else the portable one. */
export class ChosenPlane implements DataPlane {
  readonly #options: ChosenPlaneOptions;
  #plane: DataPlane;
  /** While that is what runs, or is to be tried. */
  #batched: BatchedPlane | undefined;
  /** Why the batched adapter does not run though it was wanted. */
  #instead: string | undefined;
  #onEvent: (event: PlaneEvent) => void = () => {};
  #onTrouble: (trouble: PlaneTrouble) => void = () => {};
  #trace: PacketTrace | undefined;

  constructor(options: ChosenPlaneOptions) {
    this.#options = options;
    this.#plane = this.#portable(options.open);
  }

  onEvent(listener: (event: PlaneEvent) => void): void {
    this.#onEvent = listener;
  }

  onTrouble(listener: (trouble: PlaneTrouble) => void): void {
    this.#onTrouble = listener;
  }

  traceWith(trace: PacketTrace | undefined): void {
    this.#trace = trace;
    this.#plane.traceWith(trace);
  }

  async start(): Promise<void> {
    const { settings, tun, batched } = this.#options;
    if (batched !== undefined) this.#batched = await this.#load(() => ({ settings, tun, ...batched }));
    if (this.#batched !== undefined) this.#plane = this.#batched;
    this.#listen();
    await this.#plane.start();
    // Asked for before it was known who carries packets.
    this.#plane.traceWith(this.#trace);
  }

  async begin(): Promise<void> {
    try {
      return await this.#plane.begin();
    } catch (error) {
      if (this.#batched === undefined) throw error;
      this.#instead = reasonOf(error);
    }
    // The socket was bound while we were allowed to.
    const descriptor = this.#batched.release();
    const { udp } = this.#options.batched ?? { udp: undefined };
    this.#batched = undefined;
    if (udp === undefined) return;
    this.#plane = this.#portable(async () => udpTransport(await openUdp({ ...udp, descriptor })));
    this.#listen();
    this.#plane.traceWith(this.#trace);
    await this.#plane.start();
  }

  stop(): Promise<void> {
    return this.#plane.stop();
  }

  running(): DataPlaneRecord {
    const record = this.#plane.running();
    return this.#instead === undefined ? record : { ...record, instead: this.#instead };
  }

  localAddress(): Address {
    return this.#plane.localAddress();
  }

  command(command: PlaneCommand): void {
    this.#plane.command(command);
  }

  counters(slot: PeerSlot): PlaneCounters | undefined {
    return this.#plane.counters(slot);
  }

  counter(slot: PeerSlot, name: keyof PlaneCounters): number | undefined {
    return this.#plane.counter(slot, name);
  }

  routes(): Iterable<RouteUse> {
    return this.#plane.routes();
  }

  tunnel(): ReturnType<DataPlane['tunnel']> {
    return this.#plane.tunnel();
  }

  /** The adapter is loaded when it is wanted: what it calls is not everywhere. */
  async #load(options: () => ConstructorParameters<typeof BatchedPlane>[0]): Promise<BatchedPlane | undefined> {
    const { tun } = this.#options;
    try {
      if (!batchedIsFor(process.platform, process.arch)) throw new Error(`it is not for ${process.platform} on ${process.arch}`);
      if (tun.descriptor === undefined && tun.name !== undefined) throw new Error('the device has no descriptor');
      const { BatchedPlane: Batched } = await import('./batched/batched.ts');
      return new Batched(options());
    } catch (error) {
      this.#instead = reasonOf(error);
      return undefined;
    }
  }

  #portable(open: () => Promise<Transport>): PortablePlane {
    const { settings, tun, clock } = this.#options;
    return new PortablePlane({ settings, tun, clock, open });
  }

  #listen(): void {
    this.#plane.onEvent((event) => this.#onEvent(event));
    this.#plane.onTrouble((trouble) => this.#onTrouble(trouble));
  }
}
