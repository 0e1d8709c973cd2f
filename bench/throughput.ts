import { PORT, type Program, type Server, startClient, TUNNEL_SERVER4 } from '../test/interop/support/daemons.ts';
import { iperf } from '../test/interop/support/traffic.ts';
import { type Bed, benchServer, makeBed, serverHost } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Section } from './support/figure.ts';
import { cpuSeconds } from './support/usage.ts';

/** How much TCP passes between a stock client and a server, and what that costs the server. */

interface Case {
  readonly proto: 'udp' | 'tcp';
  readonly streams: number;
}

const UDP: readonly Case[] = [
  { proto: 'udp', streams: 1 },
  { proto: 'udp', streams: 4 },
];
const TCP: readonly Case[] = [{ proto: 'tcp', streams: 1 }];
/** Over UDP, where packets are carried in batches. */
const TARGET = { throughput: { atLeast: 1.1 }, cpu: { atMost: 0.85 } };

/** Measures it over UDP, then over TCP with fewer rounds. */
export async function benchThroughput(rounds: number, seconds: number): Promise<Section> {
  const found = new Comparisons();
  await measure(found, UDP, rounds, seconds);
  await measure(found, TCP, Math.min(2, rounds), seconds);
  return {
    title: 'Throughput',
    how:
      'iperf3 inside the tunnel between a stock client and the server, AES-256-GCM, each of the four in a network namespace of its own on one ' +
      `switch, both pairs standing all the time and taking turns, ${seconds} s a run. Up is towards the server. CPU is what the server process ` +
      'used, in user and kernel mode, for each 10⁹ bytes that arrived.',
    comparisons: found.list(),
    rates: [],
  };
}

async function measure(found: Comparisons, cases: readonly Case[], rounds: number, seconds: number): Promise<void> {
  const proto = cases[0]?.proto ?? 'udp';
  const bed = await makeBed(PROGRAMS.map((program) => clientName(program)));
  try {
    const servers: Record<Program, Server> = { ours: await pair(bed, 'ours', proto), stock: await pair(bed, 'stock', proto) };
    for (let round = 0; round < rounds; round++) {
      for (const { streams } of cases) {
        for (const reverse of [false, true]) {
          for (const program of PROGRAMS) {
            const { pid } = servers[program].process;
            const before = cpuSeconds(pid);
            const client = bed.network.host(clientName(program));
            const bits = await iperf(bed.network, serverHost(bed, program), client, TUNNEL_SERVER4, { seconds, streams, reverse });
            const gigabytes = (bits * seconds) / 8e9;
            const name = `${proto}, ${reverse ? 'down' : 'up'}, ${streams} stream${streams > 1 ? 's' : ''}`;
            found.add(program, name, 'Mbit/s', bits / 1e6, proto === 'udp' ? TARGET.throughput : undefined);
            const cpu = (cpuSeconds(pid) - before) / gigabytes;
            found.add(program, `${name}: server CPU`, 's/GB', cpu, proto === 'udp' ? TARGET.cpu : undefined);
          }
        }
      }
    }
  } finally {
    await bed.network.remove();
  }
}

/** A server and a stock client that is connected to it. */
export async function pair(bed: Bed, program: Program, proto: 'udp' | 'tcp'): Promise<Server> {
  const server = await benchServer(bed, program, proto === 'udp' ? 'udp' : 'tcp-server');
  const lines = ['disable-dco', 'verb 3'];
  await startClient(bed.network, bed.network.host(clientName(program)), serverHost(bed, program), bed.pki, bed.client, {
    proto: proto === 'udp' ? 'udp' : 'tcp-client',
    port: PORT,
    without: ['verb', 'proto'],
    lines: [...lines, `proto ${proto === 'udp' ? 'udp' : 'tcp-client'}`],
  });
  return server;
}

/** The host of the client that speaks to a program's server. */
export function clientName(program: Program): string {
  return `to-${program}`;
}
