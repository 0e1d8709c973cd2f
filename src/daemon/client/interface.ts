import { reasonOf, TunnelscopeError } from '../../base/errors.ts';
import { bitsMask, formatIp } from '../../base/ip.ts';
import type { CommonDaemonSettings } from '../../engine/daemon-settings.ts';
import { type PlannedRoute, redirectRoutes, type TunnelPlan } from '../../engine/client/tunnel-plan.ts';
import type { ScriptName } from '../../engine/daemon-settings.ts';
import type { Gateway, IpPrefix, Network, TunnelRoute } from '../../host/ip.ts';
import { NullTun, openTun, type Tun } from '../../host/tun.ts';
import { INTERFACE } from '../../messages/interface.ts';
import type { RouteRecord } from './route-record.ts';
import type { ScriptWorld } from '../run-script.ts';
import { runScript } from '../run-script.ts';
import type { StateName } from '../../model/daemon-port.ts';
import type { EnvList } from '../../model/env-list.ts';

/** What a client's interface is made with. */
export interface ClientInterfaceParts {
  readonly plan: TunnelPlan;
  readonly mtu: number;
  readonly daemon: CommonDaemonSettings;
  /** False: `route-noexec`. */
  readonly setRoutes: boolean;
  /** The data plane has a use for packets of many segments. */
  readonly headers: boolean;
  readonly network: Network;
  /** Of routes that have to be put right again. */
  readonly record: RouteRecord;
  readonly scripts: ScriptWorld;
  /** What scripts are told beside what the interface itself knows. */
  readonly env: EnvList;
  /** The server's address outside, which must stay reachable there. */
  readonly server: string;
  state(name: StateName): void;
}

/** A client's device with its addresses, routes and scripts. Whatever it made it takes away again, also when a step failed. */
export class ClientInterface {
  readonly tun: Tun;
  /** True when every route was set. */
  routed = true;
  readonly #parts: ClientInterfaceParts;
  readonly #addresses: IpPrefix[] = [];
  /** In the order in which they were set. */
  readonly #routes: TunnelRoute[] = [];
  /** The default route that a redirection took away. */
  #replaced: TunnelRoute | undefined;
  #wentUp = false;
  /** It is the time of routes, or after it. */
  #routesDone = false;
  #closed = false;

  private constructor(tun: Tun, parts: ClientInterfaceParts) {
    this.tun = tun;
    this.#parts = parts;
  }

  /** Opens the device, sets addresses, runs `up`, sets routes, runs `route-up`. Throws TUN, and SCRIPT when `up` fails. */
  static async open(parts: ClientInterfaceParts): Promise<ClientInterface> {
    const { device } = parts.daemon;
    const tun = device.kind === 'null' ? new NullTun() : await openTun(device.name ?? 'tun', parts.headers);
    const opened = new ClientInterface(tun, parts);
    try {
      await opened.#open();
      return opened;
    } catch (error) {
      await opened.close(undefined);
      throw error;
    }
  }

  /** `tun0`, or `null`. */
  get name(): string {
    return this.tun.name ?? 'null';
  }

  /** What scripts are told now. */
  get env(): EnvList {
    const { plan, mtu, env, daemon } = this.#parts;
    const all = env.clone();
    for (const [name, value] of plan.environment) all.set(name, value);
    for (const [index, option] of plan.foreign.entries()) all.set(`foreign_option_${index + 1}`, option);
    all
      .set('dev_type', daemon.device.kind === 'tun' ? 'tun' : 'null')
      .set('dev', this.name)
      .set('tun_mtu', mtu);
    setRouteEnv(all, plan);
    if (this.#routesDone) all.set('redirect_gateway', plan.redirect === undefined ? 0 : 1);
    setAddressEnv(all, plan);
    return all;
  }

  /** Takes everything away, the last thing first, and runs the scripts of the end. */
  async close(signal: string | undefined): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { downFirst } = this.#parts.daemon.scripts;
    if (this.#wentUp) await this.#hook('route-pre-down', 'init', signal);
    await this.#deleteRoutes();
    if (downFirst && this.#wentUp) await this.#hook('down', 'init', signal);
    await this.#closeDevice();
    if (!downFirst && this.#wentUp) await this.#hook('down', 'init', signal);
  }

  async #open(): Promise<void> {
    const { plan, scripts, daemon } = this.#parts;
    const { notes } = scripts;
    const wanted = [...(plan.redirect === undefined ? [] : redirectRoutes(plan.redirect)), ...plan.routes];
    const net = wanted.length === 0 || !this.#parts.setRoutes ? undefined : await this.#defaultGateway();
    if (this.tun.name !== undefined) notes.add(INTERFACE.opened, { device: this.tun.name });
    if (plan.address4 !== undefined || plan.address6 !== undefined) {
      notes.add(INTERFACE.ifconfig, { ipv4: plan.address4 === undefined ? 0 : 1, ipv6: plan.address6 === undefined ? 0 : 1 });
      this.#parts.state('ASSIGN_IP');
    }
    if (daemon.device.kind === 'tun' && daemon.device.setAddresses && this.tun.name !== undefined) await this.#setAddresses(this.tun.name);
    this.#wentUp = true;
    if (!(await this.#hook('up', 'init'))) throw new TunnelscopeError('SCRIPT', 'the up script failed');
    this.#routesDone = true;
    if (this.tun.name !== undefined && this.#parts.setRoutes) await this.#setRoutes(wanted, net, this.tun.name);
    await this.#hook('route-up', 'init');
  }

  async #setAddresses(device: string): Promise<void> {
    const { plan, mtu, network, scripts } = this.#parts;
    const { notes } = scripts;
    notes.add(INTERFACE.mtuSet, { mtu, device });
    await network.setMtu(device, mtu);
    notes.add(INTERFACE.up, { device });
    await network.setUp(device);
    for (const address of addressesOf(plan)) {
      if (address.peer !== undefined) notes.add(INTERFACE.pointToPointAdded4, { local: address.ip, remote: address.peer, device });
      else {
        const row = address.family === 4 ? INTERFACE.addressAdded4 : INTERFACE.addressAdded6;
        notes.add(row, { address: `${address.ip}/${address.bits}`, device });
      }
      await network.addAddress(device, address).catch((error: unknown) => {
        // On a device that outlives processes it may be there from before, as in stock.
        if (!/File exists|already assigned/.test(reasonOf(error))) throw error;
      });
      this.#addresses.push(address);
    }
  }

  // --- routes -----------------------------------------------------------------------------------------------------

  async #setRoutes(wanted: readonly PlannedRoute[], net: Gateway | undefined, device: string): Promise<void> {
    const { plan, record } = this.#parts;
    if (wanted.some(({ family }) => family === 4)) this.#parts.state('ADD_ROUTES');
    if (plan.redirect !== undefined) await this.#keepServerOutside(plan.redirect, net);
    const routes = wanted.map((route) => this.#systemRoute(route, device, net));
    record.add(...routes);
    for (const route of routes) await this.#addRoute(route);
    record.keep(this.#routes);
  }

  async #defaultGateway(): Promise<Gateway | undefined> {
    const { network, scripts } = this.#parts;
    scripts.notes.add(INTERFACE.bestGatewayQuery4, { destination: '0.0.0.0' });
    const net = await network.routeTo(4, 'default');
    const gateway = net?.gateway ?? '0.0.0.0';
    scripts.notes.add(INTERFACE.bestGatewayResult4, { gateway, device: net?.device ?? '' });
    scripts.notes.add(INTERFACE.routeGateway, { text: net === undefined ? gateway : `${gateway} IFACE=${net.device}` });
    return net;
  }

  /** The server's own packets must not go into the tunnel that they carry. */
  async #keepServerOutside(redirect: NonNullable<TunnelPlan['redirect']>, net: Gateway | undefined): Promise<void> {
    const { server, network } = this.#parts;
    const family = server.includes(':') ? 6 : 4;
    const carried = family === 4 ? redirect.ipv4 : redirect.ipv6;
    const way = carried && !redirect.local ? await network.routeTo(family, server) : undefined;
    if (way !== undefined) {
      const bits = family === 4 ? 32 : 128;
      const route = { to: { family, ip: server, bits }, device: way.device, gateway: way.gateway, metric: undefined } as const;
      this.#parts.record.add(route);
      await this.#addRoute(route);
    }
    if (!redirect.ipv4 || redirect.halves || net === undefined) return;
    const former = { to: { family: 4, ip: '0.0.0.0', bits: 0 }, device: net.device, gateway: net.gateway, metric: net.metric } as const;
    this.#parts.record.take(former);
    if ((await this.#act(ROUTE_DELETING, former)) === 'done') this.#replaced = former;
    else this.#parts.record.take(undefined);
  }

  #systemRoute(route: PlannedRoute, device: string, net: Gateway | undefined): TunnelRoute {
    const { family, network, bits, metric } = route;
    const to = { family, ip: formatIp(network), bits };
    if (route.gateway === 'net') return { to, device: net?.device ?? device, gateway: net?.gateway, metric };
    const inside = family === 4 ? this.#parts.plan.gateway4 : undefined;
    const gateway = route.gateway === 'tunnel' ? inside : route.gateway;
    return { to, device, gateway: gateway && formatIp(gateway), metric };
  }

  /** A route that fails is said, and the others go on, as in stock. One that is there already is not ours to take away. */
  async #addRoute(route: TunnelRoute): Promise<void> {
    const done = await this.#act(ROUTE_ADDING, route);
    if (done === 'done') this.#routes.push(route);
    if (done === 'failed') this.routed = false;
  }

  async #act(rows: typeof ROUTE_ADDING | typeof ROUTE_DELETING, route: TunnelRoute): Promise<'done' | 'there' | 'failed'> {
    const { network, scripts } = this.#parts;
    const { family, ip, bits } = route.to;
    scripts.notes.add(rows.done[family], {
      network: `${ip}/${bits}`,
      gateway: route.gateway ?? (family === 6 ? '::' : '[NULL]'),
      device: route.gateway === undefined ? route.device : '[NULL]',
      table: 0,
      metric: route.metric ?? -1,
    });
    try {
      await (rows === ROUTE_ADDING ? network.addRoute(route) : network.deleteRoute(route));
      return 'done';
    } catch (error) {
      if (rows === ROUTE_ADDING && /File exists/.test(reasonOf(error))) {
        scripts.notes.add(INTERFACE.routeExists, {});
        return 'there';
      }
      scripts.notes.add(INTERFACE.netlinkError, { code: 0, reason: reasonOf(error) });
      scripts.notes.add(rows.failed[family], {});
      return 'failed';
    }
  }

  async #deleteRoutes(): Promise<void> {
    const { record } = this.#parts;
    for (const route of this.#routes) await this.#act(ROUTE_DELETING, route);
    this.#routes.length = 0;
    record.keep([]);
    const former = this.#replaced;
    this.#replaced = undefined;
    if (former !== undefined && (await this.#act(ROUTE_ADDING, former)) === 'done') record.take(undefined);
  }

  // --- the end, scripts -------------------------------------------------------------------------------------------

  async #closeDevice(): Promise<void> {
    const { network, scripts } = this.#parts;
    const device = this.tun.name;
    if (device === undefined) return;
    scripts.notes.add(INTERFACE.closing, {});
    for (const address of this.#addresses.splice(0)) {
      if (address.peer !== undefined) scripts.notes.add(INTERFACE.pointToPointDeleted4, { local: address.ip, device });
      else if (address.family === 4) scripts.notes.add(INTERFACE.addressDeleted4, { address: address.ip, device });
      else scripts.notes.add(INTERFACE.addressDeleted6, { address: `${address.ip}/${address.bits}`, device });
      await network
        .deleteAddress(device, address)
        .catch((error: unknown) => scripts.notes.add(INTERFACE.netlinkError, { code: 0, reason: reasonOf(error) }));
    }
    this.tun.close();
  }

  #hook(name: Extract<ScriptName, 'up' | 'down' | 'route-up' | 'route-pre-down'>, context: 'init' | 'restart', signal?: string) {
    const { plan, mtu, daemon, scripts } = this.#parts;
    const second = plan.peer4 ?? (plan.address4 && bitsMask(plan.address4.bits));
    const addresses = plan.address4 === undefined || second === undefined ? [] : [formatIp(plan.address4.address), formatIp(second)];
    const args = name === 'route-up' ? [] : [this.name, String(mtu), '0', ...addresses, context];
    const env = this.env.set('script_context', context).set('signal', signal?.toLowerCase());
    return runScript(daemon.scripts, scripts, name, args, env);
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

function addressesOf(plan: TunnelPlan): IpPrefix[] {
  const { address4, address6, peer4 } = plan;
  return [
    ...(address4 === undefined
      ? []
      : [{ family: 4 as const, ip: formatIp(address4.address), bits: address4.bits, peer: peer4 && formatIp(peer4) }]),
    ...(address6 === undefined ? [] : [{ family: 6 as const, ip: formatIp(address6.address), bits: address6.bits }]),
  ];
}

function setAddressEnv(env: EnvList, plan: TunnelPlan): void {
  const { address4, address6, peer4, gateway6 } = plan;
  if (address4 !== undefined) {
    env.set('ifconfig_local', formatIp(address4.address));
    if (peer4 === undefined) env.set('ifconfig_netmask', formatIp(bitsMask(address4.bits)));
    else env.set('ifconfig_remote', formatIp(peer4));
  }
  if (address6 !== undefined) {
    env.set('ifconfig_ipv6_local', formatIp(address6.address));
    env.set('ifconfig_ipv6_netbits', address6.bits);
    env.set('ifconfig_ipv6_remote', gateway6 && formatIp(gateway6));
  }
}

function setRouteEnv(env: EnvList, plan: TunnelPlan): void {
  const inside = plan.gateway4 && formatIp(plan.gateway4);
  env.set('route_vpn_gateway', inside);
  const six = [...(plan.redirect === undefined ? [] : redirectRoutes(plan.redirect)), ...plan.routes].filter(({ family }) => family === 6);
  const four = plan.routes.filter(({ family }) => family === 4);
  for (const [index, route] of four.entries()) {
    env.set(`route_network_${index + 1}`, formatIp(route.network));
    env.set(`route_netmask_${index + 1}`, formatIp(bitsMask(route.bits)));
    env.set(`route_gateway_${index + 1}`, typeof route.gateway === 'string' ? inside : formatIp(route.gateway));
  }
  for (const [index, route] of six.entries()) {
    env.set(`route_ipv6_network_${index + 1}`, `${formatIp(route.network)}/${route.bits}`);
    env.set(`route_ipv6_gateway_${index + 1}`, plan.gateway6 && formatIp(plan.gateway6));
  }
}
