import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type ClientOptions, PORT, type Server, type ServerOptions, type StockClient, startClient, startServer } from './daemons.ts';
import { type Host, Network } from './network.ts';
import { type Identity, TestPki } from './pki.ts';
import { Relay } from './relay.ts';
import type { Faults } from './relay-main.ts';
import { LongPing, type PingCount, ping } from './traffic.ts';

/**
 * A network with a server host, a PKI and whatever a test starts in it; what a test started is stopped when it ends.
 * Clients run on the host that bears their name.
 */
export class Lab {
  #network: Network | undefined;
  #pki: TestPki | undefined;
  readonly #identities = new Map<string, Identity>();
  #files = 0;

  get network(): Network {
    if (this.#network === undefined) throw new Error('the lab is used outside its tests');
    return this.#network;
  }

  get pki(): TestPki {
    if (this.#pki === undefined) throw new Error('the lab is used outside its tests');
    return this.#pki;
  }

  get serverHost(): Host {
    return this.network.host('server');
  }

  /** Builds it; `useLab` calls this. */
  async open(hosts: readonly string[]): Promise<void> {
    this.#network = await Network.create(['server', ...hosts]);
    this.#pki = await TestPki.create(join(this.network.folder, 'pki'));
  }

  /** Takes it away; `useLab` calls this. */
  async close(): Promise<void> {
    await this.#network?.remove();
  }

  /** The certificate of a client, made at first use. */
  async identity(name: string): Promise<Identity> {
    const known = this.#identities.get(name);
    if (known !== undefined) return known;
    const identity = await this.pki.client(name);
    this.#identities.set(name, identity);
    return identity;
  }

  /** Starts the server and waits until it is up. */
  server(options?: ServerOptions): Promise<Server> {
    return startServer(this.network, this.serverHost, this.pki, options);
  }

  /** Starts a stock client on the host of its name, or of `host`, and waits until it is up. */
  async client(who: string | Identity, options: ClientOptions & { readonly host?: string } = {}): Promise<StockClient> {
    const identity = typeof who === 'string' ? await this.identity(who) : who;
    const host = this.network.host(options.host ?? identity.name);
    return startClient(this.network, host, this.serverHost, this.pki, identity, options);
  }

  /** Starts a relay to the server on the host `relay`. */
  relay(faults: Faults = {}, seed = 1): Promise<Relay> {
    return Relay.start(this.network, this.network.host('relay'), { ip: this.serverHost.ip4, port: PORT }, faults, { seed });
  }

  ping(from: StockClient | Server, to: string, count?: number): Promise<PingCount> {
    return ping(this.network, from.host, to, count);
  }

  longPing(from: StockClient, to: string, everySeconds?: number): LongPing {
    return new LongPing(this.network, from.host, to, everySeconds);
  }

  /** Writes a file into the lab's folder and gives its path. */
  file(text: string, mode = 0o644): string {
    const path = join(this.network.folder, `file${++this.#files}`);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  /** Writes a shell script and gives its path. */
  script(body: string): string {
    return this.file(`#!/bin/sh\n${body}\n`, 0o755);
  }
}

/** The text of a file, empty while it is not there. */
export function textIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Makes a lab for the tests of the surrounding `describe`, with these hosts beside the server's. */
export function useLab(hosts: readonly string[]): Lab {
  const lab = new Lab();
  beforeAll(() => lab.open(hosts));
  afterEach(() => lab.network.stopAll());
  afterAll(() => lab.close());
  return lab;
}
