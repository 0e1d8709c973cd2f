import { createConnection, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { startServer } from '../test/interop/support/daemons.ts';
import { ROOT } from '../test/support/sources.ts';
import { makeBed } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Section } from './support/figure.ts';
import { median, quantile } from './support/numbers.ts';

/** How long a management command takes, at a stock daemon and through the gateway before one. */

const MAIN = join(ROOT, 'build/bench/support/gateway-main.js');

/** What the gateway may add to a command, in milliseconds. */
const MOST_ADDED = 1;

/** The crowd of the busy measurement: clients that are shown the log, one of which asks for the status ten times a second. */
const WATCHERS = 5;
const POLL_MS = 100;

/** Until both programs are as fast as they get. */
const WARM_UP = 2000;

/** Measures it with `count` commands a round, one after the other. */
export async function benchGateway(rounds: number, count: number): Promise<Section> {
  const found = new Comparisons();
  const added: Record<string, number[]> = { alone: [], busy: [] };
  const bed = await makeBed([], 1);
  try {
    const paths: Record<string, string> = {};
    for (const program of PROGRAMS) {
      const server = await startServer(bed.network, bed.network.host(program), bed.pki, { program: 'stock' });
      paths[program] = server.managementPath;
    }
    const own = join(bed.network.folder, 'gateway.sock');
    const gateway = bed.network.start(bed.network.host('ours'), 'gateway', [process.execPath, MAIN, paths['ours'] ?? '', own]);
    await gateway.waitFor('ready');
    paths['ours'] = own;
    const talkers = { ours: await Talker.open(own), stock: await Talker.open(paths['stock'] ?? '') };
    for (const load of ['alone', 'busy'] as const) {
      const stop = load === 'busy' ? await crowd(own) : (): void => undefined;
      for (let round = 0; round < rounds; round++) {
        const times = { ours: [] as number[], stock: [] as number[] };
        for (const program of PROGRAMS) {
          await talkers[program].time(WARM_UP);
          times[program] = await talkers[program].time(count);
          found.add(program, `p50, ${load}`, 'ms', quantile(times[program], 0.5));
          found.add(program, `p99, ${load}`, 'ms', quantile(times[program], 0.99));
        }
        added[load]?.push(quantile(times.ours, 0.99) - quantile(times.stock, 0.99));
      }
      stop();
    }
    for (const talker of Object.values(talkers)) talker.close();
  } finally {
    await bed.network.remove();
  }
  return {
    title: 'A management command through the gateway',
    how: `${count} times \`pid\` a round, one after the other, over a unix socket to a stock daemon, and to a gateway before another; then with ${WATCHERS} more clients at the gateway that have \`log on\`, one of which asks for the status every ${POLL_MS} ms.`,
    comparisons: found.list(),
    rates: Object.entries(added).map(([load, values]) => ({
      what: `added at p99, ${load}`,
      unit: 'ms',
      value: median(values),
      target: { atMost: MOST_ADDED },
    })),
  };
}

/** A client that asks one thing after the other. */
class Talker {
  readonly #socket: Socket;
  #text = '';
  #heard: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#heard?.();
    });
  }

  static async open(path: string): Promise<Talker> {
    const socket = createConnection(path);
    await once(socket, 'connect');
    const talker = new Talker(socket);
    await talker.#until('>INFO:');
    return talker;
  }

  /** How long `count` commands took, each in milliseconds. */
  async time(count: number): Promise<number[]> {
    const times: number[] = [];
    for (let i = 0; i < count; i++) {
      this.#text = '';
      const began = performance.now();
      this.#socket.write('pid\n');
      await this.#until('SUCCESS: pid=');
      times.push(performance.now() - began);
    }
    return times;
  }

  close(): void {
    this.#socket.destroy();
  }

  #until(words: string): Promise<void> {
    return new Promise((resolve) => {
      this.#heard = () => {
        if (!this.#text.includes(words) || !this.#text.endsWith('\n')) return;
        this.#heard = undefined;
        resolve();
      };
    });
  }
}

/** Clients that are told everything. Gives what makes them go. */
async function crowd(path: string): Promise<() => void> {
  const sockets = await Promise.all(
    Array.from({ length: WATCHERS }, async () => {
      const socket = createConnection(path);
      await once(socket, 'connect');
      socket.resume().write('log on\nstate on\n');
      return socket;
    }),
  );
  const timer = setInterval(() => sockets[0]?.write('status 3\n'), POLL_MS);
  return () => {
    clearInterval(timer);
    for (const socket of sockets) socket.destroy();
  };
}
