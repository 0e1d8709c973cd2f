import { type Duration, earliest, type Instant, after, seconds } from '../../base/units.ts';
import type { InnerRoute } from './plane.ts';

/**
 * Who owns which address inside the tunnel. Host routes are found by one map look-up; subnets by longest prefix, and
 * a destination found in a subnet is then held as a "cached" host, as the status shows it (facts: status 5).
 */

/** One line of the table. */
export interface RouteEntry<Owner> {
  readonly owner: Owner;
  readonly route: InnerRoute;
  /** A concrete host inside a subnet route; forgotten when unused for a minute. */
  readonly cached: boolean;
  /** When something was last sent towards it, or when it was learned. */
  lastReference: Instant;
}

/** Who makes the entries of a table: one that lays them where another thread reads them, or nobody. */
export interface RouteKeeper<Owner> {
  keep(owner: Owner, route: InnerRoute, cached: boolean, at: Instant): RouteEntry<Owner>;
  /** The entry is in force no more. May come twice. */
  forget(entry: RouteEntry<Owner>): void;
}

/** An IPv4 address as a signed 32-bit number, an IPv6 address as its 16 bytes in latin1. */
type Key = number | string;

interface Subnets<Owner> {
  readonly bits: number;
  readonly nets: Map<Key, RouteEntry<Owner>>;
}

interface Family<Owner> {
  readonly hosts: Map<Key, RouteEntry<Owner>>;
  /** Longest prefix first. */
  readonly subnets: Subnets<Owner>[];
}

const CACHE_LIFETIME: Duration = seconds(60);
/** A client can be made to send to every address of its subnets; beyond this the subnet itself is asked each time. */
const MAX_CACHED = 4096;

/** The table of inner routes. `Owner` is compared by identity. */
export class RouteTable<Owner> {
  readonly #v4: Family<Owner> = { hosts: new Map(), subnets: [] };
  readonly #v6: Family<Owner> = { hosts: new Map(), subnets: [] };
  readonly #owned = new Map<Owner, RouteEntry<Owner>[]>();
  readonly #cached = new Set<RouteEntry<Owner>>();
  readonly #maxCached: number;
  readonly #keeper: RouteKeeper<Owner>;
  readonly #scratch = Buffer.alloc(16);
  #nextExpiry: Instant | undefined;

  constructor({ maxCached = MAX_CACHED, keeper }: { readonly maxCached?: number; readonly keeper?: RouteKeeper<Owner> | undefined } = {}) {
    this.#maxCached = maxCached;
    this.#keeper = keeper ?? {
      keep: (owner, route, cached, lastReference) => ({ owner, route, cached, lastReference }),
      forget: () => {},
    };
  }

  /** Replaces all routes of an owner. A route that another owner holds goes over to this one. */
  replace(owner: Owner, routes: readonly InnerRoute[], at: Instant): void {
    this.remove(owner);
    const entries: RouteEntry<Owner>[] = [];
    for (const route of routes) {
      const map = this.#mapOf(route);
      const key = keyOf(route.network);
      const before = map.get(key);
      if (before !== undefined) this.#keeper.forget(before);
      const entry = this.#keeper.keep(owner, route, false, at);
      map.set(key, entry);
      entries.push(entry);
    }
    if (entries.length > 0) this.#owned.set(owner, entries);
    this.#dropCached((entry) => routes.some((route) => covers(route, entry.route)));
  }

  /** Forgets all routes of an owner. */
  remove(owner: Owner): void {
    for (const entry of this.#owned.get(owner) ?? []) this.#unset(entry);
    this.#owned.delete(owner);
    this.#dropCached((entry) => entry.owner === owner);
  }

  /** Whose an IPv4 address is. Leaves no trace in the table: for sources. */
  owner4(address: number): Owner | undefined {
    return (this.#v4.hosts.get(address) ?? this.#subnet4(address))?.owner;
  }

  /** Whose the IPv6 address at `offset` of a packet is. Leaves no trace in the table: for sources. */
  owner6(packet: Buffer, offset: number): Owner | undefined {
    return (this.#v6.hosts.get(packet.toString('latin1', offset, offset + 16)) ?? this.#subnet6(packet, offset))?.owner;
  }

  /** Who gets what is sent to an IPv4 address; refreshes the route, and caches the host of a subnet. */
  towards4(address: number, at: Instant): Owner | undefined {
    const host = this.#v4.hosts.get(address);
    if (host !== undefined) {
      host.lastReference = at;
      return host.owner;
    }
    const subnet = this.#subnet4(address);
    if (subnet === undefined) return undefined;
    subnet.lastReference = at;
    if (this.#cached.size < this.#maxCached) {
      const network = Buffer.allocUnsafeSlow(4);
      network.writeInt32BE(address, 0);
      this.#cache(this.#v4, address, subnet.owner, { family: 4, network, bits: 32 }, at);
    }
    return subnet.owner;
  }

  /** As `towards4`, for the IPv6 address at `offset` of a packet. */
  towards6(packet: Buffer, offset: number, at: Instant): Owner | undefined {
    const key = packet.toString('latin1', offset, offset + 16);
    const host = this.#v6.hosts.get(key);
    if (host !== undefined) {
      host.lastReference = at;
      return host.owner;
    }
    const subnet = this.#subnet6(packet, offset);
    if (subnet === undefined) return undefined;
    subnet.lastReference = at;
    if (this.#cached.size < this.#maxCached) {
      const network = Buffer.from(key, 'latin1');
      this.#cache(this.#v6, key, subnet.owner, { family: 6, network, bits: 128 }, at);
    }
    return subnet.owner;
  }

  /** When `expire` wants to be called next; undefined while no host is cached. */
  get nextExpiry(): Instant | undefined {
    return this.#nextExpiry;
  }

  /** Forgets cached hosts that were not used for a minute. */
  expire(at: Instant): void {
    this.#dropCached((entry) => after(entry.lastReference, CACHE_LIFETIME) <= at);
    this.#nextExpiry = undefined;
    for (const entry of this.#cached) this.#nextExpiry = earliest(this.#nextExpiry, after(entry.lastReference, CACHE_LIFETIME));
  }

  /** All routes in force: hosts, then subnets, IPv4 first. */
  *entries(): Iterable<RouteEntry<Owner>> {
    for (const family of [this.#v4, this.#v6]) {
      yield* family.hosts.values();
      for (const { nets } of family.subnets) yield* nets.values();
    }
  }

  #subnet4(address: number): RouteEntry<Owner> | undefined {
    for (const { bits, nets } of this.#v4.subnets) {
      const found = nets.get(bits === 0 ? 0 : address & (-1 << (32 - bits)));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #subnet6(packet: Buffer, offset: number): RouteEntry<Owner> | undefined {
    const subnets = this.#v6.subnets;
    if (subnets.length === 0) return undefined;
    packet.copy(this.#scratch, 0, offset, offset + 16);
    for (const { bits, nets } of subnets) {
      clearHostBits(this.#scratch, bits);
      const found = nets.get(this.#scratch.toString('latin1', 0, 16));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #cache(family: Family<Owner>, key: Key, owner: Owner, route: InnerRoute, at: Instant): void {
    const entry = this.#keeper.keep(owner, route, true, at);
    family.hosts.set(key, entry);
    this.#cached.add(entry);
    this.#nextExpiry = earliest(this.#nextExpiry, after(entry.lastReference, CACHE_LIFETIME));
  }

  #dropCached(condition: (entry: RouteEntry<Owner>) => boolean): void {
    for (const entry of this.#cached) {
      if (!condition(entry)) continue;
      this.#cached.delete(entry);
      this.#unset(entry);
    }
    if (this.#cached.size === 0) this.#nextExpiry = undefined;
  }

  /** Takes an entry off its map, unless another owner has replaced it there. */
  #unset(entry: RouteEntry<Owner>): void {
    this.#keeper.forget(entry);
    const map = this.#mapOf(entry.route);
    const key = keyOf(entry.route.network);
    if (map.get(key) === entry) map.delete(key);
    const subnets = (entry.route.family === 4 ? this.#v4 : this.#v6).subnets;
    const empty = subnets.findIndex(({ nets }) => nets.size === 0);
    if (empty >= 0) subnets.splice(empty, 1);
  }

  /** The map that routes of this family and length are in; made when it is the first of its length. */
  #mapOf(route: InnerRoute): Map<Key, RouteEntry<Owner>> {
    const family = route.family === 4 ? this.#v4 : this.#v6;
    if (route.bits === route.network.length * 8) return family.hosts;
    const known = family.subnets.find(({ bits }) => bits === route.bits);
    if (known !== undefined) return known.nets;
    const nets = new Map<Key, RouteEntry<Owner>>();
    family.subnets.push({ bits: route.bits, nets });
    family.subnets.sort((a, b) => b.bits - a.bits);
    return nets;
  }
}

function keyOf(network: Buffer): Key {
  return network.length === 4 ? network.readInt32BE(0) : network.toString('latin1', 0, 16);
}

/** Clears what lies behind the first `bits` bits of 16 bytes. */
function clearHostBits(address: Buffer, bits: number): void {
  const whole = bits >> 3;
  if (whole >= 16) return;
  address[whole] = (address[whole] ?? 0) & (0xff00 >> (bits & 7));
  address.fill(0, whole + 1);
}

function covers(route: InnerRoute, host: InnerRoute): boolean {
  if (route.family !== host.family) return false;
  if (route.family === 4)
    return route.bits === 0 || (route.network.readInt32BE(0) ^ host.network.readInt32BE(0)) >>> (32 - route.bits) === 0;
  const masked = Buffer.from(host.network);
  clearHostBits(masked, route.bits);
  return masked.equals(route.network);
}
