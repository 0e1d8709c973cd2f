import { reasonOf } from '../base/errors.ts';
import { formatIp } from '../base/ip.ts';
import type { DaemonSettings } from '../engine/daemon-settings.ts';
import type { ServerSettings } from '../engine/settings.ts';
import type { IpPrefix, Network } from '../host/ip.ts';
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
    const { tunMtu, tunnel4, tunnel6 } = this.#server;
    this.#notes.add(INTERFACE.mtuSet, { mtu: tunMtu, device: name });
    await this.#network.setMtu(name, tunMtu);
    this.#notes.add(INTERFACE.up, { device: name });
    await this.#network.setUp(name);
    for (const own of [tunnel4, tunnel6]) {
      if (own === undefined) continue;
      const address: IpPrefix = { family: own.address.length === 4 ? 4 : 6, ip: formatIp(own.address), bits: own.bits };
      const row = address.family === 4 ? INTERFACE.addressAdded4 : INTERFACE.addressAdded6;
      this.#notes.add(row, { address: `${address.ip}/${address.bits}`, device: name });
      await this.#network.addAddress(name, address);
    }
  }

  /** Routes into the tunnel. A route that fails is said, and the others go on, as in stock. */
  async addRoutes(): Promise<void> {
    const { device, routes } = this.#daemon;
    const name = this.tun.name;
    if (name === undefined || device.kind !== 'tun' || !device.setRoutes) return;
    for (const route of routes) {
      const to: IpPrefix = { family: route.family, ip: formatIp(route.network), bits: route.bits };
      const gateway = route.gateway === undefined ? undefined : formatIp(route.gateway);
      const row = route.family === 4 ? INTERFACE.routeAdded4 : INTERFACE.routeAdded6;
      const network = `${to.ip}/${to.bits}`;
      this.#notes.add(row, { network, gateway: gateway ?? '[NULL]', device: name, table: 0, metric: route.metric ?? -1 });
      try {
        await this.#network.addRoute({ to, device: name, gateway, metric: route.metric });
      } catch (error) {
        this.#notes.add(INTERFACE.netlinkError, { code: 0, reason: reasonOf(error) });
        this.#notes.add(route.family === 4 ? INTERFACE.routeAddFailed4 : INTERFACE.routeAddFailed6, {});
      }
    }
  }

  /** Ends the device; the kernel takes its addresses and routes with it. */
  close(): void {
    if (this.tun.name === undefined) return;
    this.#notes.add(INTERFACE.closing, {});
    if (this.#server.tunnel4 !== undefined && this.#daemon.device.kind === 'tun' && this.#daemon.device.setAddresses) {
      this.#notes.add(INTERFACE.addressDeleted4, { address: formatIp(this.#server.tunnel4.address), device: this.tun.name });
    }
    this.tun.close();
  }
}
