import { isDeepStrictEqual } from 'node:util';
import { reasonOf } from '../base/errors.ts';
import { formatIp } from '../base/ip.ts';
import type { DaemonSettings } from '../engine/daemon-settings.ts';
import type { ServerSettings } from '../engine/settings.ts';
import type { IpPrefix, Network, TunnelRoute as SystemRoute } from '../host/ip.ts';
import { NullTun, openTun, type Tun } from '../host/tun.ts';
import { INTERFACE } from '../messages/interface.ts';
import type { Notes } from '../messages/notes.ts';

/** The TUN device with its addresses and routes: opened once, it stays over restarts. */
export class Tunnel {
  readonly tun: Tun;
  readonly #server: ServerSettings;
  readonly #daemon: DaemonSettings;
  readonly #network: Network;
  readonly #notes: Notes;

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
    const tun = device.kind === 'null' ? new NullTun() : await openTun(device.name ?? 'tun');
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
  addRoutes(): Promise<void> {
    return this.#eachRoute(ROUTE_ADDING, (route) => this.#network.addRoute(route));
  }

  /** Takes them away again: a device that others made outlives us. */
  deleteRoutes(): Promise<void> {
    return this.#eachRoute(ROUTE_DELETING, (route) => this.#network.deleteRoute(route));
  }

  async #eachRoute(rows: typeof ROUTE_ADDING | typeof ROUTE_DELETING, act: (route: SystemRoute) => Promise<void>): Promise<void> {
    const { device, routes } = this.#daemon;
    const name = this.tun.name;
    if (name === undefined || device.kind !== 'tun' || !device.setRoutes) return;
    for (const { family, network, bits, gateway, metric } of routes) {
      const route = {
        to: { family, ip: formatIp(network), bits },
        device: name,
        gateway: gateway === undefined ? undefined : formatIp(gateway),
        metric,
      };
      const via = route.gateway ?? '[NULL]';
      this.#notes.add(rows.done[family], { network: `${route.to.ip}/${bits}`, gateway: via, device: name, table: 0, metric: metric ?? -1 });
      try {
        await act(route);
      } catch (error) {
        this.#notes.add(INTERFACE.netlinkError, { code: 0, reason: reasonOf(error) });
        this.#notes.add(rows.failed[family], {});
      }
    }
  }

  /** Takes the addresses away and ends the device. Routes come before. */
  async close(): Promise<void> {
    if (this.tun.name === undefined) return;
    this.#notes.add(INTERFACE.closing, {});
    for (const address of this.#addresses()) {
      this.#notes.add(address.family === 4 ? INTERFACE.addressDeleted4 : INTERFACE.addressDeleted6, {
        address: address.ip,
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
};
const ROUTE_DELETING = {
  done: { 4: INTERFACE.routeDeleted4, 6: INTERFACE.routeDeleted6 },
  failed: { 4: INTERFACE.routeDeleteFailed4, 6: INTERFACE.routeDeleteFailed6 },
};

/** What of a configuration a device is made of. */
function wishesOf({ tunnel4, tunnel6, tunMtu }: ServerSettings, { device, routes }: DaemonSettings): unknown {
  return { tunnel4, tunnel6, tunMtu, device, routes };
}
