import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host, Network } from './network.ts';
import { eventually } from './running.ts';

/** It scrapes each second, and what it scrapes was told by others who have their own pace. */
const WITHIN = 60_000;
const ADDRESS = '127.0.0.1:9090';

/** Values by one of their labels. */
export type Samples = Map<string, number>;

/** A Prometheus that scrapes something on its own host each second, and answers questions. */
export class Prometheus {
  readonly #network: Network;
  readonly #host: Host;

  private constructor(network: Network, host: Host) {
    this.#network = network;
    this.#host = host;
  }

  /** Starts it; `token` is what it shows to `target`. */
  static async start(network: Network, host: Host, target: string, token: string): Promise<Prometheus> {
    const job = `  - job_name: openvpn\n    authorization: { credentials: ${token} }\n    static_configs: [{ targets: ['${target}'] }]\n`;
    const config = join(network.folder, 'prometheus.yml');
    writeFileSync(config, `global: { scrape_interval: 1s }\nscrape_configs:\n${job}`);
    const storage = `--storage.tsdb.path=${join(network.folder, 'prometheus')}`;
    const process = network.start(host, 'prometheus', [
      'prometheus',
      `--config.file=${config}`,
      storage,
      `--web.listen-address=${ADDRESS}`,
    ]);
    await process.waitFor('Server is ready');
    return new Prometheus(network, host);
  }

  /** What the query API says of an expression: its values by this label. */
  async query(expression: string, label = 'daemon'): Promise<Samples> {
    const words = ['promtool', 'query', 'instant', '-o', 'json', `http://${ADDRESS}`, expression];
    const said: unknown = JSON.parse(await this.#network.run(this.#host, words));
    if (!Array.isArray(said)) throw new Error(`not a vector: ${JSON.stringify(said)}`);
    return new Map(said.map(({ metric, value }) => [String(metric[label]), Number(value[1])]));
  }

  /** Waits until an expression has these values, and maybe others. */
  comes(what: string, expression: string, wanted: Readonly<Record<string, number>>, label?: string): Promise<true> {
    return eventually(
      what,
      async () => {
        const found = await this.query(expression, label);
        return Object.entries(wanted).every(([name, value]) => found.get(name) === value);
      },
      WITHIN,
    );
  }
}
