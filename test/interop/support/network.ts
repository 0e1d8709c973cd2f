import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Running } from './running.ts';

const execute = promisify(execFile);

/** One host of the network: a namespace with one interface. */
export interface Host {
  readonly name: string;
  readonly namespace: string;
  /** `10.99.0.N`, prefix 24. */
  readonly ip4: string;
  /** `fd99::N`, prefix 64. */
  readonly ip6: string;
}

let made = 0;
const standing = new Set<Network>();

// A test that dies leaves no namespace behind; the processes in it die with the test process.
process.once('exit', () => {
  for (const network of standing) network.removeNow();
});

/**
 * Hosts on one switch, each in a network namespace with a name of this process alone. Nothing of it touches the network
 * of the machine. Remove it at the end: that stops what was started in it and takes the namespaces away.
 */
export class Network {
  /** A folder for configurations, keys, logs and sockets; goes with the network. */
  readonly folder: string;
  readonly #hosts = new Map<string, Host>();
  readonly #switch: string;
  readonly #prefix: string;
  readonly #running: Running[] = [];

  private constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'tunnelscope-interop-'));
    this.#prefix = `ts${process.pid}n${++made}`;
    this.#switch = `${this.#prefix}-switch`;
  }

  /** Makes a network of hosts with these names. */
  static async create(names: readonly string[]): Promise<Network> {
    const network = new Network();
    standing.add(network);
    await ip('netns', 'add', network.#switch);
    await ip('-n', network.#switch, 'link', 'add', 'br0', 'type', 'bridge');
    await ip('-n', network.#switch, 'link', 'set', 'br0', 'up');
    for (const name of names) await network.addHost(name);
    return network;
  }

  /** Adds a host; its addresses count up in the order of adding, from .1. */
  async addHost(name: string): Promise<Host> {
    const number = this.#hosts.size + 1;
    const namespace = `${this.#prefix}-${name}`;
    const host = { name, namespace, ip4: `10.99.0.${number}`, ip6: `fd99::${number}` };
    await ip('netns', 'add', namespace);
    this.#hosts.set(name, host);
    await ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', `port${number}`, 'netns', this.#switch);
    await ip('-n', this.#switch, 'link', 'set', `port${number}`, 'master', 'br0', 'up');
    await ip('-n', namespace, 'link', 'set', 'lo', 'up');
    await ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    await this.addAddresses(host, [`${host.ip4}/24`, `${host.ip6}/64`]);
    return host;
  }

  /** Gives a host more addresses on its interface. */
  async addAddresses(host: Host, addresses: readonly string[]): Promise<void> {
    for (const address of addresses) {
      const noDuplicateCheck = address.includes(':') ? ['nodad'] : [];
      await ip('-n', host.namespace, 'address', 'add', address, 'dev', 'eth0', ...noDuplicateCheck);
    }
  }

  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  }

  /** Starts a program on a host; it is stopped with the network at the latest. */
  start(host: Host, name: string, command: readonly string[], environment?: Readonly<Record<string, string>>): Running {
    const running = new Running(name, host.namespace, command, environment);
    this.#running.push(running);
    return running;
  }

  /** Runs a program on a host to its end and gives its output. Throws on an exit code other than 0. */
  async run(host: Host, command: readonly string[]): Promise<string> {
    const { stdout } = await execute('ip', ['netns', 'exec', host.namespace, ...command]);
    return stdout;
  }

  /** Ends every process on the network, without asking it. */
  async stopAll(): Promise<void> {
    const ends = this.#running.splice(0).map(async (running) => {
      running.signal('SIGKILL');
      await running.ended;
    });
    await Promise.all(ends);
  }

  /** Stops everything and takes the network away. */
  async remove(): Promise<void> {
    await this.stopAll();
    this.removeNow();
  }

  /** Takes namespaces and folder away without waiting for anything. */
  removeNow(): void {
    if (!standing.delete(this)) return;
    for (const running of this.#running) running.signal('SIGKILL');
    for (const namespace of [...[...this.#hosts.values()].map((host) => host.namespace), this.#switch]) {
      try {
        execFileSync('ip', ['netns', 'delete', namespace], { stdio: 'ignore' });
      } catch {
        // It was never made: creation failed before it, and that failure is what the test reports.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

async function ip(...words: string[]): Promise<void> {
  await execute('ip', words);
}
