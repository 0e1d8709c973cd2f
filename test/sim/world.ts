import { DeadlineQueue } from '../../src/base/deadline-queue.ts';
import { SeededRandom } from '../../src/base/random.ts';
import type { Instant, Now, WallTime } from '../../src/base/units.ts';
import type { ClientSettings } from '../../src/engine/client-types.ts';
import type { ServerSettings } from '../../src/engine/settings.ts';
import { inner } from '../support/data-packets.ts';
import { Agenda } from './agenda.ts';
import { clientIdentity, type FakeIdentity, serverIdentity } from './certificates.ts';
import { ClientStation } from './client-station.ts';
import { FakeAuthority } from './fake-tls.ts';
import { KIND, type LinkModel, Network } from './network.ts';
import { ServerStation } from './server-station.ts';
import { clientSettings, serverSettings, type WrapName } from './settings.ts';
import type { Station } from './station.ts';
import { Streams } from './streams.ts';

/** What a world is made of. */
export interface WorldConfig {
  readonly seed: number;
  readonly link?: Partial<LinkModel>;
  readonly wrap?: WrapName;
  /** Changes to the server's settings. */
  readonly server?: (settings: ServerSettings) => Partial<ServerSettings>;
  readonly tlsRoundTrips?: 1 | 2;
  readonly verb?: number;
}

/** What one client is made of. */
export interface ClientConfig {
  readonly identity?: FakeIdentity;
  readonly settings?: (settings: ClientSettings) => Partial<ClientSettings>;
  readonly reconnects?: boolean;
  readonly port?: number;
}

const SERVER = { host: '192.0.2.1', port: 1194 };
const CLIENT_HOST = '198.51.100.7';
const START_WALL = 1_700_000_000_000;

/** A server and its clients in virtual time: nothing here waits, and one seed always gives one course of events. */
export class World {
  readonly authority = new FakeAuthority();
  readonly network: Network;
  readonly streams: Streams;
  readonly server: ServerStation;
  readonly clients: ClientStation[] = [];
  readonly #config: WorldConfig;
  readonly #agenda = new Agenda();
  readonly #wakes = new DeadlineQueue<Station>();
  readonly #random: SeededRandom;
  #at = 1000;
  #payloads = 0;

  constructor(config: WorldConfig) {
    this.#config = config;
    this.#random = new SeededRandom(Math.imul(config.seed, 0x9e37_79b1));
    this.network = new Network({ ...KIND, ...config.link }, this.#agenda, new SeededRandom(this.deriveSeed()), () => this.#at);
    this.streams = new Streams(this.#agenda, () => this.#at);
    const settings = serverSettings(config.wrap);
    this.server = new ServerStation(
      { world: this, name: 'server', endpoint: SERVER, identity: serverIdentity(), ...this.#tls() },
      { ...settings, ...config.server?.(settings) },
      config.verb ?? 4,
    );
  }

  get now(): Now {
    return { at: this.#at as Instant, wall: (START_WALL + this.#at) as WallTime };
  }

  /** Seeds for what is random apart from the network. */
  deriveSeed(): number {
    return this.#random.bytes(4).readUInt32BE();
  }

  // --- making -----------------------------------------------------------------------------------------------------

  addClient(name: string, config: ClientConfig = {}): ClientStation {
    const settings = clientSettings(SERVER, this.#config.wrap);
    const client = new ClientStation(
      {
        world: this,
        name,
        endpoint: { host: CLIENT_HOST, port: config.port ?? 40_000 + this.clients.length },
        identity: config.identity ?? clientIdentity(name),
        ...this.#tls(),
      },
      { ...settings, ...config.settings?.(settings) },
      this.#config.verb ?? 4,
      config.reconnects ?? false,
    );
    this.clients.push(client);
    return client;
  }

  /** Adds clients, starts them and waits until all are connected. */
  connect(...names: string[]): ClientStation[] {
    const added = names.map((name) => this.addClient(name));
    for (const client of added) client.start();
    this.until(() => added.every((client) => client.isConnected), 60_000);
    // The server is connected before; whatever is still on its way arrives.
    this.run(50);
    return added;
  }

  #tls(): { readonly tlsRoundTrips?: 1 | 2 } {
    return this.#config.tlsRoundTrips === undefined ? {} : { tlsRoundTrips: this.#config.tlsRoundTrips };
  }

  // --- time -------------------------------------------------------------------------------------------------------

  later(delay: number, action: () => void): void {
    this.#agenda.add(this.#at + delay, action);
  }

  wakeAt(station: Station, at: Instant | undefined): void {
    this.#wakes.set(station, at);
  }

  /** Calls `action` every so many milliseconds from now on, `count` times. */
  every(interval: number, count: number, action: (index: number) => void): void {
    for (let index = 0; index < count; index++) this.later(interval * (index + 1), () => action(index));
  }

  /** Lets `milliseconds` pass. */
  run(milliseconds: number): void {
    const end = this.#at + milliseconds;
    while (this.#step(end));
    this.#at = end;
  }

  /** Lets time pass until something is so; fails when that takes longer than `limit` milliseconds. */
  until(isSo: () => boolean, limit: number): void {
    const end = this.#at + limit;
    while (!isSo()) if (!this.#step(end)) throw new Error(`not so after ${limit} ms: ${isSo.toString()}`);
  }

  /** When the next thing happens; undefined when nothing is pending anywhere. */
  next(): number | undefined {
    const planned = this.#agenda.next();
    const wake = this.#wakes.next();
    return planned === undefined || (wake !== undefined && wake < planned) ? wake : planned;
  }

  #step(end: number): boolean {
    const next = this.next();
    if (next === undefined || next > end) return false;
    this.#at = Math.max(this.#at, next);
    const action = this.#agenda.take(this.#at);
    if (action !== undefined) action();
    else this.#wakes.takeDue(this.#at as Instant)?.wake();
    return true;
  }

  // --- traffic ----------------------------------------------------------------------------------------------------

  /** Sends one inner packet whose body no other has, and gives that body. */
  send(from: ClientStation, to: ClientStation | 'server'): string {
    const body = `payload ${++this.#payloads}`;
    from.sendInner(inner(from.address, to === 'server' ? '10.8.0.1' : to.address, body));
    return body;
  }

  /** The same from the server. */
  sendFromServer(to: ClientStation): string {
    const body = `payload ${++this.#payloads}`;
    this.server.sendInner(inner('10.8.0.1', to.address, body));
    return body;
  }
}
