import { join } from 'node:path';
import { ROOT } from '../../support/sources.ts';
import type { Host, Network } from './network.ts';
import type { Faults, RelayCommand, RelayCounts, RelaySetup } from './relay-main.ts';
import type { Running } from './running.ts';

const PROGRAM = join(ROOT, 'build/test/interop/support/relay-main.js');

/** A UDP relay on a host of the network: clients speak to it as if it were the server. */
export class Relay {
  readonly host: Host;
  readonly #process: Running;

  private constructor(host: Host, running: Running) {
    this.host = host;
    this.#process = running;
  }

  /** Starts a relay on `host`, on the port it relays to unless another is given, with packets chosen by `seed`. */
  static async start(
    network: Network,
    host: Host,
    to: { readonly ip: string; readonly port: number },
    faults: Faults = {},
    { seed = 1, port = to.port }: { readonly seed?: number; readonly port?: number } = {},
  ): Promise<Relay> {
    const setup: RelaySetup = { port, to, seed, faults };
    const running = network.start(host, 'relay', [process.execPath, PROGRAM, JSON.stringify(setup)]);
    await running.waitFor('relay is up');
    return new Relay(host, running);
  }

  /** Changes what happens to packets from now on. */
  setFaults(faults: Faults): void {
    this.#tell({ kind: 'faults', faults });
  }

  /** Changes the port, and with `ip` the address, that the server sees clients at. */
  async float(ip?: string): Promise<void> {
    const from = this.#process.mark();
    this.#tell(ip === undefined ? { kind: 'float' } : { kind: 'float', ip });
    await this.#process.waitFor('floated', { from });
  }

  /** What it has done so far. */
  async counts(): Promise<RelayCounts> {
    const from = this.#process.mark();
    this.#tell({ kind: 'count' });
    const line = await this.#process.waitFor(/^counts /, { from });
    return JSON.parse(line.slice('counts '.length)) as RelayCounts;
  }

  #tell(command: RelayCommand): void {
    this.#process.write(`${JSON.stringify(command)}\n`);
  }
}
