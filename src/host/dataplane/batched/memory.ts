import type { Instant } from '../../../base/units.ts';
import { CELL, countersOf, PEER_CELLS, TUNNEL_CELLS } from '../../../protocol/data/counters.ts';
import type { PlaneMemory } from '../../../protocol/data/forward.ts';
import type { InnerRoute, PeerSlot, PlaneCounters, RouteUse } from '../../../protocol/data/plane.ts';
import type { RouteEntry, RouteKeeper } from '../../../protocol/data/routes.ts';
import { CONTROL_BYTES, FLAG, GAUGE, GAUGES_AT, MAX_PEERS, MAX_ROUTES, type MemoryParts } from './layout.ts';

/**
 * One route in shared memory. The first cell is 0 while the record is free and otherwise a number that is new with each
 * use, so that a reader who sees the same before and after has read one route whole.
 *
 *     0 stamp i32 | 4 family u8 | 5 bits u8 | 6 cached u8 | 8 peer id f64 | 16 generation f64 | 24 last reference f64 | 32 network
 */
const ROUTE_BYTES = 48;
const AT = { family: 4, bits: 5, cached: 6, peerId: 8, generation: 16, lastReference: 24, network: 32 } as const;

/** Shared memory as both threads see it. */
export class SharedMemory {
  readonly parts: MemoryParts;
  readonly flags: Int32Array;
  readonly gauges: Float64Array;
  readonly #routes: DataView;
  readonly #stamps: Int32Array;
  readonly #references: Float64Array;
  readonly #peers: Float64Array;
  /** By index: what `routes` has read. */
  readonly #known: (KnownRoute | undefined)[] = [];
  #inOrder: readonly KnownRoute[] = [];

  constructor(parts: MemoryParts) {
    this.parts = parts;
    this.flags = new Int32Array(parts.control, 0, GAUGES_AT / 4);
    this.gauges = new Float64Array(parts.control, GAUGES_AT);
    this.#routes = new DataView(parts.routes);
    this.#stamps = new Int32Array(parts.routes);
    this.#references = new Float64Array(parts.routes);
    this.#peers = new Float64Array(parts.peers);
  }

  /** Fresh memory. Only what is used of it is ever taken from the system. */
  static create(): SharedMemory {
    return new SharedMemory({
      control: new SharedArrayBuffer(CONTROL_BYTES),
      peers: new SharedArrayBuffer(MAX_PEERS * PEER_CELLS * 8),
      routes: new SharedArrayBuffer(MAX_ROUTES * ROUTE_BYTES),
    });
  }

  /** The cells of the peer that is the `index`th. */
  peer(index: number): Float64Array {
    return new Float64Array(this.parts.peers, index * PEER_CELLS * 8, PEER_CELLS);
  }

  /** What these cells say now. */
  counters(index: number): PlaneCounters {
    return countersOf(this.#peers, index * PEER_CELLS);
  }

  /** What one of them says. */
  counter(index: number, name: keyof PlaneCounters): number {
    return this.#peers[index * PEER_CELLS + CELL[name]] ?? 0;
  }

  /** A number of the control block. */
  gauge(cell: number): number {
    return this.gauges[cell] ?? 0;
  }

  /**
   * The routes in force, in the order of `RouteTable.entries`. What changes while it is read is there or not. A route that was there
   * the last time is the same object again, with the newest time.
   */
  routes(): readonly RouteUse[] {
    const used = Atomics.load(this.flags, FLAG.routesUsed);
    const fresh: KnownRoute[] = [];
    let gone = false;
    for (let index = 0; index < used; index++) {
      const stamp = this.#stampOf(index);
      const known = this.#known[index];
      const lastReference = this.#lastReferenceOf(index);
      if (known?.stamp === stamp) {
        if (this.#stampOf(index) === stamp) known.lastReference = lastReference;
        continue;
      }
      if (known !== undefined) known.gone = gone = true;
      const read = stamp === 0 ? undefined : this.#read(index, stamp, lastReference);
      const whole = this.#stampOf(index) === stamp ? read : undefined;
      this.#known[index] = whole;
      if (whole !== undefined) fresh.push(whole);
    }
    if (gone || fresh.length > 0) this.#inOrder = inOrder([...this.#inOrder.filter((known) => !known.gone), ...fresh]);
    return this.#inOrder;
  }

  #stampOf(index: number): number {
    return Atomics.load(this.#stamps, (index * ROUTE_BYTES) / 4);
  }

  #lastReferenceOf(index: number): Instant {
    return (this.#references[(index * ROUTE_BYTES + AT.lastReference) / 8] ?? 0) as Instant;
  }

  #read(index: number, stamp: number, lastReference: Instant): KnownRoute {
    const view = this.#routes;
    const at = index * ROUTE_BYTES;
    const family = view.getUint8(at + AT.family) === 4 ? 4 : 6;
    const network = Buffer.alloc(family === 4 ? 4 : 16);
    for (let i = 0; i < network.length; i++) network[i] = view.getUint8(at + AT.network + i);
    const route = { family, network, bits: view.getUint8(at + AT.bits) } as const;
    return {
      stamp,
      rank: rankOf(route),
      gone: false,
      slot: { peerId: view.getFloat64(at + AT.peerId), generation: view.getFloat64(at + AT.generation) },
      route,
      cached: view.getUint8(at + AT.cached) === 1,
      lastReference,
    };
  }
}

/** A route that was read. */
interface KnownRoute extends RouteUse {
  readonly stamp: number;
  readonly rank: number;
  /** The record is free, or another's. */
  gone: boolean;
  lastReference: Instant;
}

function inOrder(routes: KnownRoute[]): KnownRoute[] {
  return routes.sort((a, b) => a.rank - b.rank || a.stamp - b.stamp);
}

/** IPv4 first; of each family hosts, then the longer prefixes first. */
function rankOf({ family, bits }: InnerRoute): number {
  return (family === 4 ? 0 : 1000) - bits;
}

/** A route whose last reference is in shared memory. */
class SharedEntry<Owner> implements RouteEntry<Owner> {
  readonly owner: Owner;
  readonly route: InnerRoute;
  readonly cached: boolean;
  /** The record; -1 when there was no room, or when it is forgotten. */
  index: number;
  readonly #cell: Float64Array;

  constructor(owner: Owner, route: InnerRoute, cached: boolean, index: number, cell: Float64Array) {
    this.owner = owner;
    this.route = route;
    this.cached = cached;
    this.index = index;
    this.#cell = cell;
  }

  get lastReference(): Instant {
    return (this.#cell[0] ?? 0) as Instant;
  }

  set lastReference(at: Instant) {
    this.#cell[0] = at;
  }
}

/** The worker's side: what the forwarder counts and routes by goes into shared memory. */
export class WorkerMemory implements PlaneMemory {
  readonly shared: SharedMemory;
  /** Where the peer that opens next counts; the message that opens it says so. */
  nextPeer = 0;
  readonly #view: DataView;
  readonly #stamps: Int32Array;
  readonly #free: number[] = [];
  #used = 0;
  #stamp = 0;

  constructor(shared: SharedMemory) {
    this.shared = shared;
    this.#view = new DataView(shared.parts.routes);
    this.#stamps = new Int32Array(shared.parts.routes);
  }

  peer(): Float64Array {
    return this.nextPeer < 0 ? new Float64Array(PEER_CELLS) : this.shared.peer(this.nextPeer).fill(0);
  }

  tunnel(): Float64Array {
    return this.shared.gauges.subarray(GAUGE.tunnel, GAUGE.tunnel + TUNNEL_CELLS);
  }

  routes<Owner>(slotOf: (owner: Owner) => PeerSlot): RouteKeeper<Owner> {
    return {
      keep: (owner, route, cached, at) => {
        const index = this.#take();
        const entry = new SharedEntry(owner, route, cached, index, this.#cellOf(index));
        entry.lastReference = at;
        if (index >= 0) this.#write(index, slotOf(owner), route, cached);
        return entry;
      },
      forget: (entry) => {
        if (entry instanceof SharedEntry) this.#release(entry);
      },
    };
  }

  #cellOf(index: number): Float64Array {
    return index < 0 ? new Float64Array(1) : new Float64Array(this.shared.parts.routes, index * ROUTE_BYTES + AT.lastReference, 1);
  }

  /** A free record; -1 when there is none. */
  #take(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#used >= MAX_ROUTES) return -1;
    return this.#used++;
  }

  #write(index: number, slot: PeerSlot, route: InnerRoute, cached: boolean): void {
    const at = index * ROUTE_BYTES;
    const view = this.#view;
    view.setUint8(at + AT.family, route.family);
    view.setUint8(at + AT.bits, route.bits);
    view.setUint8(at + AT.cached, cached ? 1 : 0);
    view.setFloat64(at + AT.peerId, slot.peerId);
    view.setFloat64(at + AT.generation, slot.generation);
    for (const [i, byte] of route.network.entries()) view.setUint8(at + AT.network + i, byte);
    this.#stamp = (this.#stamp % 0x7fff_ffff) + 1;
    Atomics.store(this.#stamps, at / 4, this.#stamp);
    Atomics.store(this.shared.flags, FLAG.routesUsed, this.#used);
  }

  #release<Owner>(entry: SharedEntry<Owner>): void {
    const { index } = entry;
    if (index < 0) return;
    entry.index = -1;
    Atomics.store(this.#stamps, (index * ROUTE_BYTES) / 4, 0);
    this.#free.push(index);
  }
}
