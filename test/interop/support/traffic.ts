import type { Host, Network } from './network.ts';
import type { Running } from './running.ts';

/** How many echo requests went out and how many answers came. */
export interface PingCount {
  readonly sent: number;
  readonly received: number;
}

function countsOf(output: string): PingCount {
  const counts = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  if (counts === null) throw new Error(`ping said nothing of its counts:\n${output}`);
  return { sent: Number(counts[1]), received: Number(counts[2]) };
}

/** Sends `count` echo requests 100 ms apart, each answered within 2 s or lost. */
export async function ping(network: Network, from: Host, to: string, count = 5, more: readonly string[] = []): Promise<PingCount> {
  const running = network.start(from, `ping ${to}`, ['ping', '-n', '-q', '-c', String(count), '-i', '0.1', '-W', '2', ...more, to]);
  await running.ended;
  return countsOf(running.lines.join('\n'));
}

/** A ping that goes on until it is stopped. */
export class LongPing {
  readonly #running: Running;

  constructor(network: Network, from: Host, to: string, everySeconds = 0.05) {
    this.#running = network.start(from, `ping ${to}`, ['ping', '-n', '-q', '-i', String(everySeconds), '-W', '2', to]);
  }

  /** Ends it and gives the counts; the last request may still have been on its way. */
  async stop(): Promise<PingCount> {
    await this.#running.stop('SIGINT');
    return countsOf(this.#running.lines.join('\n'));
  }
}

/** Options of one iperf3 run. */
export interface IperfOptions {
  /** Seconds to run. */
  readonly seconds?: number;
  readonly streams?: number;
  /** The server sends instead of the client. */
  readonly reverse?: boolean;
}

/** Bits per second of TCP that arrive when `client` sends to the address `to` of `server`. */
export async function iperf(network: Network, server: Host, client: Host, to: string, options: IperfOptions = {}): Promise<number> {
  const listener = network.start(server, 'iperf3 server', ['iperf3', '-s', '-1', '-B', to, '--forceflush']);
  await listener.waitFor('listening');
  const words = ['iperf3', '-c', to, '-J', '-t', String(options.seconds ?? 2), '-P', String(options.streams ?? 1)];
  const output = await network.run(client, options.reverse === true ? [...words, '-R'] : words);
  await listener.stop('SIGTERM');
  const report = JSON.parse(output) as { end: { sum_received: { bits_per_second: number } } };
  return report.end.sum_received.bits_per_second;
}
