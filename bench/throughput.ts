import { PORT, type Program, type Server, startClient, type StockClient, TUNNEL_SERVER4 } from '../test/interop/support/daemons.ts';
import { iperf } from '../test/interop/support/traffic.ts';
import { type Bed, benchServer, makeBed, serverHost } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Section, type Target } from './support/figure.ts';
import { cpuSeconds } from './support/usage.ts';

/** How much TCP passes between a client and a server, and what that costs whoever is measured. */

/** Which of the two is ours where ours is measured; stock is always at both ends. */
type Ends = 'server' | 'client' | 'both';

interface Case {
  readonly proto: 'udp' | 'tcp';
  readonly streams: number;
}

/** One setup, and what it must reach over UDP. */
interface Setup {
  readonly ends: Ends;
  /** Lines of our programs. */
  readonly lines?: readonly string[];
  /** Goes before what is measured. */
  readonly name?: string;
  readonly throughput: Target;
  readonly cpu?: Target;
}

const UDP: readonly Case[] = [
  { proto: 'udp', streams: 1 },
  { proto: 'udp', streams: 4 },
];
const ONE: readonly Case[] = [{ proto: 'udp', streams: 1 }];
const TCP: readonly Case[] = [{ proto: 'tcp', streams: 1 }];
/** Over UDP, where packets are carried in batches. */
const TARGET = { throughput: { atLeast: 1.1 }, cpu: { atMost: 0.85 } };

const HOW =
  'iperf3 inside the tunnel, AES-256-GCM, each of the four programs in a network namespace of its own on one switch, both pairs standing ' +
  'all the time and taking turns. Up is towards the server.';

/** Our server with a stock client, over UDP, then over TCP with fewer rounds. */
export async function benchThroughput(rounds: number, seconds: number): Promise<Section> {
  const found = new Comparisons();
  const setup: Setup = { ends: 'server', ...TARGET };
  await measure(found, setup, UDP, rounds, seconds);
  await measure(found, setup, TCP, Math.min(2, rounds), seconds);
  return {
    title: 'Throughput',
    how:
      `${HOW} The client is stock. ${seconds} s a run. CPU is what the server process used, in user and kernel mode, for each 10⁹ bytes ` +
      'that arrived.',
    comparisons: found.list(),
    rates: [],
  };
}

/** Our client with a stock server. */
export async function benchClientThroughput(rounds: number, seconds: number): Promise<Section> {
  const found = new Comparisons();
  await measure(found, { ends: 'client', ...TARGET }, UDP, rounds, seconds);
  return {
    title: 'Throughput of a client',
    how: `${HOW} The server is stock. ${seconds} s a run. CPU is what the client process used.`,
    comparisons: found.list(),
    rates: [],
  };
}

/** Ours at both ends, without and with packets of many segments on the TUN devices. */
export async function benchBothEnds(rounds: number, seconds: number): Promise<Section> {
  const found = new Comparisons();
  const lines = ['data-plane batched no-vnet-hdr'];
  await measure(found, { ends: 'both', lines, name: 'without vnet-hdr, ', throughput: { atLeast: 1.5 } }, ONE, rounds, seconds);
  await measure(found, { ends: 'both', name: 'with all steps, ', throughput: { atLeast: 2.5 } }, ONE, rounds, seconds);
  return {
    title: 'Throughput with ours at both ends',
    how:
      `${HOW} ${seconds} s a run. CPU is what the server process used. The switch hands packets that travel together through whole, as one ` +
      'machine does; a network card has to take them apart and put them together.',
    comparisons: found.list(),
    rates: [],
  };
}

async function measure(found: Comparisons, setup: Setup, cases: readonly Case[], rounds: number, seconds: number): Promise<void> {
  const proto = cases[0]?.proto ?? 'udp';
  const bed = await makeBed(PROGRAMS.map((program) => clientName(program)));
  try {
    const pairs = { ours: await pair(bed, 'ours', proto, setup), stock: await pair(bed, 'stock', proto) };
    for (let round = 0; round < rounds; round++) {
      for (const { streams } of cases) {
        for (const reverse of [false, true]) {
          for (const program of PROGRAMS) {
            const { pid } = setup.ends === 'client' ? pairs[program].client.process : pairs[program].server.process;
            const before = cpuSeconds(pid);
            const host = bed.network.host(clientName(program));
            const bits = await iperf(bed.network, serverHost(bed, program), host, TUNNEL_SERVER4, { seconds, streams, reverse });
            const gigabytes = (bits * seconds) / 8e9;
            const name = `${setup.name ?? ''}${proto}, ${reverse ? 'down' : 'up'}, ${streams} stream${streams > 1 ? 's' : ''}`;
            found.add(program, name, 'Mbit/s', bits / 1e6, proto === 'udp' ? setup.throughput : undefined);
            const cpu = (cpuSeconds(pid) - before) / gigabytes;
            const whose = setup.ends === 'client' ? 'client' : 'server';
            found.add(program, `${name}: ${whose} CPU`, 's/GB', cpu, proto === 'udp' ? setup.cpu : undefined);
          }
        }
      }
    }
  } finally {
    await bed.network.remove();
  }
}

/** A server and a client that is connected to it. */
export interface Pair {
  readonly server: Server;
  readonly client: StockClient;
}

/** Makes a pair on the hosts of `program`; only `ends` of it are ours where that is what is measured. */
export async function pair(
  bed: Bed,
  program: Program,
  proto: 'udp' | 'tcp',
  { ends, lines = [] }: Pick<Setup, 'ends' | 'lines'> = { ends: 'server' },
): Promise<Pair> {
  const isOurs = (end: Ends): boolean => program === 'ours' && (ends === end || ends === 'both');
  const server = await benchServer(bed, program, proto === 'udp' ? 'udp' : 'tcp-server', isOurs('server') ? lines : [], {
    program: isOurs('server') ? 'ours' : 'stock',
  });
  const clientProto = proto === 'udp' ? 'udp' : 'tcp-client';
  const own = isOurs('client') ? lines : ['disable-dco'];
  const client = await startClient(bed.network, bed.network.host(clientName(program)), serverHost(bed, program), bed.pki, bed.client, {
    program: isOurs('client') ? 'ours' : 'stock',
    proto: clientProto,
    port: PORT,
    without: ['verb', 'proto'],
    lines: [...own, 'verb 3', `proto ${clientProto}`],
  });
  return { server, client };
}

/** The host of the client that speaks to a program's server. */
export function clientName(program: Program): string {
  return `to-${program}`;
}
