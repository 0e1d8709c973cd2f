import { TUNNEL_SERVER4 } from '../test/interop/support/daemons.ts';
import { makeBed } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Section } from './support/figure.ts';
import { quantile } from './support/numbers.ts';
import { clientName, pair } from './throughput.ts';

/** How long a packet takes through an idle tunnel and back. */

const EVERY_SECONDS = 0.02;
const TARGET = { atMost: 1.3 };

/** Measures it with `count` echo requests a round. */
export async function benchPing(rounds: number, count: number): Promise<Section> {
  const found = new Comparisons();
  const bed = await makeBed(PROGRAMS.map((program) => clientName(program)));
  try {
    for (const program of PROGRAMS) await pair(bed, program, 'udp');
    for (let round = 0; round < rounds; round++) {
      for (const program of PROGRAMS) {
        const command = ['ping', '-n', '-c', String(count), '-i', String(EVERY_SECONDS), '-W', '2', TUNNEL_SERVER4];
        const output = await bed.network.run(bed.network.host(clientName(program)), command);
        const times = [...output.matchAll(/ time=([0-9.]+) ms/g)].map((match) => Number(match[1]));
        found.add(program, 'average', 'ms', times.reduce((sum, time) => sum + time, 0) / times.length, TARGET);
        found.add(program, 'p50', 'ms', quantile(times, 0.5));
        found.add(program, 'p99', 'ms', quantile(times, 0.99));
      }
    }
  } finally {
    await bed.network.remove();
  }
  return {
    title: 'Idle round trip',
    how: `${count} echo requests a round from a stock client to the server's inner address, one each ${EVERY_SECONDS * 1000} ms, UDP.`,
    comparisons: found.list(),
    rates: [],
  };
}
