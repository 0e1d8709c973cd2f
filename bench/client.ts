import { type Program, READY, type StockClient, startClient, TUNNEL_SERVER4 } from '../test/interop/support/daemons.ts';
import { iperf } from '../test/interop/support/traffic.ts';
import { type Bed, benchServer, makeBed, serverHost } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Section } from './support/figure.ts';
import { median } from './support/numbers.ts';

/** How soon a client is connected, and how much TCP passes through it; both clients at the same stock server. */

/** What either client says first when it runs. */
const UP = /OpenVPN 2\.6\.14 /;
const AS_SOON = { atMost: 1 };
const ENOUGH = { atLeast: 0.4 };
/** Milliseconds that Node may take beyond a program of C to come up. */
const LATER = { atMost: 500 };

/** Measures it, `starts` starts of each client and then `rounds` runs of `seconds` each way. */
export async function benchClient(starts: number, rounds: number, seconds: number): Promise<Section> {
  const found = new Comparisons();
  const bed = await makeBed(PROGRAMS.map(hostOf));
  try {
    await benchServer(bed, 'stock');
    const whole: Record<Program, number[]> = { ours: [], stock: [] };
    for (let start = 0; start < starts; start++) {
      for (const program of PROGRAMS) {
        const times = await timedStart(bed, program);
        found.add(program, 'process up until connected', 'ms', times.connected - times.up, AS_SOON);
        found.add(program, 'started until connected', 'ms', times.connected);
        whole[program].push(times.connected);
        await times.client.process.stop('SIGKILL');
      }
    }
    const clients = { ours: await connect(bed, 'ours'), stock: await connect(bed, 'stock') };
    for (let round = 0; round < rounds; round++) {
      for (const reverse of [false, true]) {
        for (const program of PROGRAMS) {
          const bits = await iperf(bed.network, serverHost(bed, 'stock'), clients[program].host, TUNNEL_SERVER4, { seconds, reverse });
          found.add(program, `udp, ${reverse ? 'down' : 'up'}, 1 stream`, 'Mbit/s', bits / 1e6, ENOUGH);
        }
      }
    }
    return {
      title: 'Client',
      beside: "stock's client",
      how:
        'Our client and stock’s at the same stock server, each in a network namespace of its own, taking turns. A process is up when it ' +
        `logs its version; it is connected when it says so. iperf3 runs through the tunnel for ${seconds} s each time.`,
      comparisons: found.list(),
      rates: [{ what: 'a whole start beyond stock’s', unit: 'ms', value: median(whole.ours) - median(whole.stock), target: LATER }],
    };
  } finally {
    await bed.network.remove();
  }
}

function hostOf(program: Program): string {
  return `client-${program}`;
}

function begin(bed: Bed, program: Program): Promise<StockClient> {
  const own = program === 'stock' ? ['disable-dco'] : [];
  return startClient(bed.network, bed.network.host(hostOf(program)), serverHost(bed, 'stock'), bed.pki, bed.client, {
    program,
    wait: false,
    without: ['verb'],
    lines: ['verb 3', ...own],
  });
}

async function connect(bed: Bed, program: Program): Promise<StockClient> {
  const client = await begin(bed, program);
  await client.process.waitFor(READY);
  return client;
}

/** Starts a client; milliseconds since then. */
async function timedStart(
  bed: Bed,
  program: Program,
): Promise<{ readonly client: StockClient; readonly up: number; readonly connected: number }> {
  const began = performance.now();
  const client = await begin(bed, program);
  await client.process.waitFor(UP, { promptly: true });
  const up = performance.now() - began;
  await client.process.waitFor(READY, { promptly: true });
  return { client, up, connected: performance.now() - began };
}
