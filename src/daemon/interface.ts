import { TunnelscopeError } from '../base/errors.ts';
import type { Configuration } from '../engine/settings-from-options.ts';
import type { Network } from '../host/ip.ts';
import type { Runner } from '../host/scripts.ts';
import type { SignalName } from '../host/signals.ts';
import type { Tun } from '../host/tun.ts';
import { INTERFACE } from '../messages/interface.ts';
import type { Notes } from '../messages/notes.ts';
import type { StateName } from '../model/daemon-port.ts';
import type { EnvList } from '../model/env-list.ts';
import { Scripts } from './scripts.ts';
import { Tunnel } from './tunnel.ts';

/** What an interface is opened with. */
export interface InterfaceWorld {
  readonly network: Network;
  readonly runner: Runner;
  readonly notes: Notes;
  /** What scripts are told of the daemon, given the name of the device. */
  env(configuration: Configuration, device: string): EnvList;
  /** Says how far the start has come. */
  state(name: StateName, configuration?: Configuration): void;
}

/**
 * The tunnel interface with the scripts that go with it: opened once, it stays over restarts as long as the configuration
 * wants the same one.
 */
export class TunnelInterface {
  readonly #world: InterfaceWorld;
  readonly #tunnel: Tunnel;
  /** The one in force: its scripts run at the end. */
  #configuration: Configuration;

  private constructor(configuration: Configuration, tunnel: Tunnel, world: InterfaceWorld) {
    this.#configuration = configuration;
    this.#tunnel = tunnel;
    this.#world = world;
  }

  /** Opens the device, sets addresses, runs `up`, sets routes, runs `route-up`. Throws TUN, and SCRIPT when `up` fails. */
  static async open(configuration: Configuration, world: InterfaceWorld): Promise<TunnelInterface> {
    const { server, daemon } = configuration;
    const tunnel = await Tunnel.open(server, daemon, world.network, world.notes);
    const opened = new TunnelInterface(configuration, tunnel, world);
    try {
      if (server.tunnel4 !== undefined) world.state('ASSIGN_IP', configuration);
      await tunnel.configure();
      await opened.#up('init');
      if (daemon.routes.length > 0) world.state('ADD_ROUTES');
      await tunnel.addRoutes();
      await opened.#hook('route-up', 'init');
      return opened;
    } catch (error) {
      await tunnel.close();
      throw error;
    }
  }

  get tun(): Tun {
    return this.#tunnel.tun;
  }

  /** What scripts are told of the daemon. */
  env(configuration: Configuration): EnvList {
    return this.#world.env(configuration, this.#tunnel.name);
  }

  /** True when a configuration can go on with this interface. */
  serves({ server, daemon }: Configuration): boolean {
    return this.#tunnel.serves(server, daemon);
  }

  /** Clients are gone, and others come soon: with `up-restart` the scripts hear of it. */
  async pause(signal: SignalName): Promise<void> {
    if (this.#configuration.daemon.scripts.upAtRestart) await this.#hook('down', 'restart', signal);
  }

  /** Goes on under a configuration that it serves. */
  async resume(configuration: Configuration): Promise<void> {
    this.#configuration = configuration;
    if (this.tun.name !== undefined) this.#world.notes.add(INTERFACE.preserving, { device: this.tun.name });
    if (configuration.daemon.scripts.upAtRestart) await this.#up('restart');
  }

  /** Takes routes and addresses away, ends the device and runs `down`. */
  async close(signal: SignalName | undefined): Promise<void> {
    const { downFirst } = this.#configuration.daemon.scripts;
    await this.#tunnel.deleteRoutes();
    if (downFirst) await this.#hook('down', 'init', signal);
    await this.#tunnel.close();
    if (!downFirst) await this.#hook('down', 'init', signal);
  }

  async #up(context: 'init' | 'restart'): Promise<void> {
    if (!(await this.#hook('up', context))) throw new TunnelscopeError('SCRIPT', 'the up script failed');
  }

  #hook(name: 'up' | 'down' | 'route-up', context: 'init' | 'restart', signal?: SignalName): Promise<boolean> {
    const { server, daemon } = this.#configuration;
    const { runner, notes } = this.#world;
    const env = this.env(this.#configuration);
    if (signal !== undefined) env.set('signal', signal.toLowerCase());
    return new Scripts(daemon, { runner, notes }).interfaceHook(name, server, this.#tunnel.name, env, context);
  }
}
