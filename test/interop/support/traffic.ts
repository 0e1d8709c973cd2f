import type { Host, Network } from './network.ts';
import type { Running } from './running.ts';

/** How many echo requests went out and how many answers came. */
export interface PingCount {
  readonly sent: number;
  readonly received: number;
}

/** The counts that one or several pings say at their ends, summed. */
function countsOf(output: string): PingCount {
  const counts = [...output.matchAll(/(\d+) packets transmitted, (\d+) (?:packets )?received/g)];
  if (counts.length === 0) throw new Error(`ping said nothing of its counts:\n${output}`);
  const sum = (index: number): number => counts.reduce((total, each) => total + Number(each[index]), 0);
  return { sent: sum(1), received: sum(2) };
}

/** A ping waits for a late answer only as long as two others took: each request is a ping of its own, which waits for 2 s. */
const SEPARATE_PINGS = 'count=$1; shift; for i in $(seq "$count"); do ping -n -q -c 1 -W 2 "$@" & sleep 0.1; done; wait';

/** Sends `count` echo requests 100 ms apart, each answered within 2 s or lost. */
export async function ping(network: Network, from: Host, to: string, count = 5, more: readonly string[] = []): Promise<PingCount> {
  const running = network.start(from, `ping ${to}`, ['sh', '-c', SEPARATE_PINGS, 'ping', String(count), ...more, to]);
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
  /** At most so many megabits a second; as fast as it goes without. */
  readonly megabits?: number;
  /** The server sends instead of the client. */
  readonly reverse?: boolean;
}

interface IperfReport {
  readonly start: { readonly tcp_mss_default: number };
  readonly end: { readonly sum_received: { readonly bits_per_second: number } };
}

async function iperfReport(network: Network, server: Host, client: Host, to: string, words: readonly string[]): Promise<IperfReport> {
  const listener = network.start(server, 'iperf3 server', ['iperf3', '-s', '-1', '-B', to, '--forceflush']);
  await listener.waitFor('listening');
  const output = await network.run(client, ['iperf3', '-c', to, '-J', ...words]);
  await listener.stop();
  return JSON.parse(output) as IperfReport;
}

/** Bits per second of TCP that arrive when `client` sends to the address `to` of `server`. */
export async function iperf(network: Network, server: Host, client: Host, to: string, options: IperfOptions = {}): Promise<number> {
  const rate = options.megabits === undefined ? [] : ['-b', `${options.megabits}M`];
  const direction = options.reverse === true ? ['-R'] : [];
  const words = ['-t', String(options.seconds ?? 2), '-P', String(options.streams ?? 1), ...rate, ...direction];
  return (await iperfReport(network, server, client, to, words)).end.sum_received.bits_per_second;
}

/** Payload bytes of a full TCP segment from `client` to `to` on `server`, as the two agreed. */
export async function segmentSize(network: Network, server: Host, client: Host, to: string): Promise<number> {
  return (await iperfReport(network, server, client, to, ['-n', '1K'])).start.tcp_mss_default;
}
