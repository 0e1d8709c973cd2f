import type { Program, Server } from '../test/interop/support/daemons.ts';
import { benchServer, makeBed, PORTABLE } from './support/bed.ts';
import { Comparisons, PROGRAMS, type Section } from './support/figure.ts';
import { generate, partFromGenerator } from './support/generator.ts';
import { quantile } from './support/numbers.ts';
import { cpuSeconds } from './support/usage.ts';

/** How many clients a second a server takes in, and how long each waits. */

/** Connects under way at a time. */
const PARALLEL = [1, 8, 16];
/** Without it the first runs would measure how Node compiles a program that has just begun. */
const WARM_UP = { parallel: 16, seconds: 25 };
const AT_LEAST_AS_MANY = { atLeast: 1 };
const LOWER = { atMost: 1 };

/** Measures it, `rounds` times `seconds` each way. */
export async function benchHandshakes(rounds: number, seconds: number): Promise<Section> {
  const bed = await makeBed(['generator']);
  try {
    const servers: Record<Program, Server> = {
      ours: await benchServer(bed, 'ours', 'udp', PORTABLE),
      stock: await benchServer(bed, 'stock'),
    };
    for (const program of PROGRAMS) partFromGenerator(servers[program].process);
    for (const program of PROGRAMS) {
      const warm = await generate(bed, bed.network.host('generator'), program, { kind: 'handshakes', ...WARM_UP });
      await warm.process.stop('SIGKILL');
    }
    const found = new Comparisons();
    for (let round = 0; round < rounds; round++) {
      for (const parallel of PARALLEL) {
        for (const program of PROGRAMS) {
          const { pid } = servers[program].process;
          const before = cpuSeconds(pid);
          const run = await generate(bed, bed.network.host('generator'), program, { kind: 'handshakes', parallel, seconds });
          const cpu = cpuSeconds(pid) - before;
          await run.process.stop('SIGKILL');
          const { latencies, inTime, failed, unfinished } = run.report;
          const many = `${parallel} at a time`;
          found.add(program, `handshakes, ${many}`, '1/s', inTime / seconds, AT_LEAST_AS_MANY);
          found.add(program, `until PUSH_REPLY, ${many}: p50`, 'ms', quantile(latencies, 0.5));
          found.add(program, `until PUSH_REPLY, ${many}: p99`, 'ms', quantile(latencies, 0.99), LOWER);
          found.add(program, `server CPU a handshake, ${many}`, 'ms', (cpu * 1000) / latencies.length);
          if (failed + unfinished > 0) process.stderr.write(`${program}, ${many}: ${failed} failed, ${unfinished} without an end\n`);
        }
      }
    }
    return {
      title: 'Handshakes',
      how:
        'Our server has the portable data plane. One generator, our client engine over real UDP sockets in a process of its own, connects with certificate, tls-crypt and TLS 1.3 until ' +
        `the PUSH_REPLY, leaves and connects again, ${seconds} s a run, on one processor and the server on another, after a warm-up of ${WARM_UP.seconds} s. A handshake that found no end counts in the quantiles with the time it had.`,
      comparisons: found.list(),
      rates: [],
    };
  } finally {
    await bed.network.remove();
  }
}
