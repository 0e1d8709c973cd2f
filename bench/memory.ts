import { setTimeout as delay } from 'node:timers/promises';
import { benchServer, makeBed, PORTABLE } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Section } from './support/figure.ts';
import { generate } from './support/generator.ts';
import { residentBytes } from './support/usage.ts';

/** How much memory a connected client costs a server. */

/** Before each look at a server, for what it does late. */
const SETTLE_MS = 5000;
const PARALLEL = 8;
const TARGET = { atMost: 0.7 };

/** Measures it with so many clients. */
export async function benchMemory(rounds: number, clients: number): Promise<Section> {
  const found = new Comparisons();
  const bed = await makeBed(['generator'], clients);
  try {
    for (let round = 0; round < rounds; round++) {
      for (const program of PROGRAMS) {
        const server = await benchServer(bed, program, 'udp', program === 'ours' ? PORTABLE : []);
        await delay(SETTLE_MS);
        const base = residentBytes(server.process.pid);
        const run = await generate(bed, bed.network.host('generator'), program, { kind: 'hold', clients, parallel: PARALLEL });
        await delay(SETTLE_MS);
        const grown = residentBytes(server.process.pid);
        found.add(program, 'without clients', 'MB', base / 1e6);
        found.add(program, `with ${clients} clients`, 'MB', grown / 1e6);
        found.add(program, 'growth a client', 'kB', (grown - base) / clients / 1e3, TARGET);
        await run.process.stop('SIGKILL');
        await server.process.stop('SIGKILL');
      }
    }
  } finally {
    await bed.network.remove();
  }
  return {
    title: 'Memory',
    how:
      `Our server has the portable data plane. Resident memory of the server process before and after the generator connected ${clients} clients and kept them, each look after ` +
      `${SETTLE_MS / 1000} s of rest. A fresh server each round; nothing asks it to collect garbage.`,
    comparisons: found.list(),
    rates: [],
  };
}
