import { isDeepStrictEqual } from 'node:util';
import { reasonOf } from '../base/errors.ts';
import { formatIp } from '../base/ip.ts';
import type { DaemonSettings, TunnelRoute } from '../engine/daemon-settings.ts';
import type { ServerSettings } from '../engine/settings.ts';
import type { IpPrefix, Network, TunnelRoute as SystemRoute } from '../host/ip.ts';
import { NullTun, openTun, type Tun } from '../host/tun.ts';
import { INTERFACE } from '../messages/interface.ts';
import type { Notes } from '../messages/notes.ts';
import type { RowArgs } from '../messages/row.ts';
import { wantsHeaders } from './data-plane.ts';

/** The TUN device with its addresses and routes: opened once, it stays over restarts. */
export class Tunnel {
  readonly tun: Tun;
  readonly #server: ServerSettings;
  readonly #daemon: DaemonSettings;
  readonly #network: Network;
  readonly #notes: Notes;
  /** Routes that stand. */
  readonly #added: TunnelRoute[] = [];

  private constructor(tun: Tun, server: ServerSettings, daemon: DaemonSettings, network: Network, notes: Notes) {
    this.tun = tun;
    this.#server = server;
    this.#daemon = daemon;
    this.#network = network;
    this.#notes = notes;
  }

  /** `tun0`, or `null`. */
  get name(): string {
    return this.tun.name ?? 'null';
  }

  /** Opens the device; addresses and routes follow. Throws TUN. */
  static async open(server: ServerSettings, daemon: DaemonSettings, network: Network, notes: Notes): Promise<Tunnel> {
    const { device } = daemon;
    const tun = device.kind === 'null' ? new NullTun() : await openTun(device.name ?? 'tun', wantsHeaders(daemon, daemon.listen.transport));
    const tunnel = new Tunnel(tun, server, daemon, network, notes);
    if (tun.name !== undefined) notes.add(INTERFACE.opened, { device: tun.name });
    return tunnel;
  }

  /** Sets MTU and addresses and takes the device up. Throws TUN. */
  async configure(): Promise<void> {
    const { device } = this.#daemon;
    const name = this.tun.name;
    if (name === undefined || device.kind !== 'tun' || !device.setAddresses) return;
    const { tunMtu } = this.#server;
    this.#notes.add(INTERFACE.mtuSet, { mtu: tunMtu, device: name });
    await this.#network.setMtu(name, tunMtu);
    this.#notes.add(INTERFACE.up, { device: name });
    await this.#network.setUp(name);
    for (const address of this.#addresses()) {
      const row = address.family === 4 ? INTERFACE.addressAdded4 : INTERFACE.addressAdded6;
      this.#notes.add(row, { address: `${address.ip}/${address.bits}`, device: name });
      await this.#network.addAddress(name, address);
    }
  }

  /** True when another configuration wants exactly this device, with the same addresses and routes. */
  serves(server: ServerSettings, daemon: DaemonSettings): boolean {
    return isDeepStrictEqual(wishesOf(server, daemon), wishesOf(this.#server, this.#daemon));
  }

  /** Routes into the tunnel. A route that fails is said, and the others go on, as in stock. */
  async addRoutes(): Promise<void> {
    const { device, routes } = this.#daemon;
    const name = this.tun.name;
    if (name === undefined || device.kind !== 'tun' || !device.setRoutes) return;
    for (const route of routes) {
      if (route.family === 6) this.#notes.add(INTERFACE.route6Adding, { text: addingText(route, name) });
      this.#notes.add(ROUTE_ADDING.done[route.family], routeArgs(route, name));
      const added = systemRoute(route, name);
      if (await this.#tryRoute(this.#network.addRoute(added), ROUTE_ADDING.failed[route.family])) this.#added.push(route);
    }
  }

  /** Takes those away that were set: a device that others made outlives us. */
  async deleteRoutes(): Promise<void> {
    const name = this.tun.name;
    if (name === undefined) return;
    for (const route of this.#added.splice(0)) {
      if (route.family === 6) this.#notes.add(INTERFACE.route6Deleting, { text: `${prefixOf(route)})` });
      this.#notes.add(ROUTE_DELETING.done[route.family], routeArgs(route, name));
      await this.#tryRoute(this.#network.deleteRoute(systemRoute(route, name)), ROUTE_DELETING.failed[route.family]);
    }
  }

  async #tryRoute(done: Promise<void>, failed: RouteRow): Promise<boolean> {
    try {
      await done;
      return true;
    } catch (error) {
      this.#notes.add(INTERFACE.netlinkError, { code: 0, reason: reasonOf(error) });
      this.#notes.add(failed, {});
      return false;
    }
  }

  /** Takes the addresses away and ends the device. Routes come before. */
  async close(): Promise<void> {
    if (this.tun.name === undefined) return;
    this.#notes.add(INTERFACE.closing, {});
    for (const address of this.#addresses()) {
      this.#notes.add(address.family === 4 ? INTERFACE.addressDeleted4 : INTERFACE.addressDeleted6, {
        // Of IPv6, stock names the prefix too.
        address: address.family === 4 ? address.ip : `${address.ip}/${address.bits}`,
        device: this.tun.name,
      });
      await this.#network
        .deleteAddress(this.tun.name, address)
        .catch((error: unknown) => this.#notes.add(INTERFACE.netlinkError, { code: 0, reason: reasonOf(error) }));
    }
    this.tun.close();
  }

  /** Those that we set. */
  #addresses(): IpPrefix[] {
    const { device } = this.#daemon;
    if (device.kind !== 'tun' || !device.setAddresses) return [];
    return [this.#server.tunnel4, this.#server.tunnel6]
      .filter((own) => own !== undefined)
      .map(({ address, bits }) => ({ family: address.length === 4 ? 4 : 6, ip: formatIp(address), bits }));
  }
}

/** Log lines of routes, by family. */
const ROUTE_ADDING = {
  done: { 4: INTERFACE.routeAdded4, 6: INTERFACE.routeAdded6 },
  failed: { 4: INTERFACE.routeAddFailed4, 6: INTERFACE.routeAddFailed6 },
} as const;
const ROUTE_DELETING = {
  done: { 4: INTERFACE.routeDeleted4, 6: INTERFACE.routeDeleted6 },
  failed: { 4: INTERFACE.routeDeleteFailed4, 6: INTERFACE.routeDeleteFailed6 },
} as const;
type RouteRow = (typeof ROUTE_ADDING.failed | typeof ROUTE_DELETING.failed)[4 | 6];

/** What stock's log says where there is no address, or for the device where a gateway is named. */
const NOWHERE = { 4: '0.0.0.0', 6: '::' } as const;
const NO_DEVICE = '[NULL]';

/** As in stock, a gateway is for IPv4 alone; IPv6 goes to the device. */
function systemRoute(route: TunnelRoute, device: string): SystemRoute {
  const gateway = route.family === 4 && route.gateway !== undefined ? formatIp(route.gateway) : undefined;
  return { to: { family: route.family, ip: formatIp(route.network), bits: route.bits }, device, gateway, metric: route.metric };
}

function prefixOf({ network, bits }: TunnelRoute): string {
  return `${formatIp(network)}/${bits}`;
}

/** What a route's line says; the lines of IPv6 never name a gateway. */
function routeArgs(route: TunnelRoute, name: string): RouteArgs {
  const { gateway, metric } = systemRoute(route, name);
  return {
    network: prefixOf(route),
    gateway: gateway ?? NOWHERE[route.family],
    device: gateway === undefined ? name : NO_DEVICE,
    table: 0,
    metric: metric ?? -1,
  };
}
type RouteArgs = RowArgs<(typeof INTERFACE.routeAdded4)['template']>;

/** What stands in `add_route_ipv6(...`; the line has no place for more. */
function addingText(route: TunnelRoute, device: string): string {
  const gateway = route.gateway === undefined ? NOWHERE[6] : formatIp(route.gateway);
  return `${prefixOf(route)} -> ${gateway} metric ${route.metric ?? -1}) dev ${device}`;
}

/** What of a configuration a device is made of. */
function wishesOf({ tunnel4, tunnel6, tunMtu }: ServerSettings, { device, routes }: DaemonSettings): unknown {
  return { tunnel4, tunnel6, tunMtu, device, routes };
}
