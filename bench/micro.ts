import { Bench } from 'tinybench';
import { clientRecord, recordedServer, unix } from '../src/status/testing.ts';
import { statusText } from '../src/status/write.ts';
import { benchForward } from './forward.bench.ts';
import type { Rate, Section } from './support/figure.ts';

/** What the parts do by themselves, on one thread, without sockets and processes. */

const SINCE = 1_795_352_445;
const CLIENTS = 1000;

/** Measures everything, `milliseconds` each. */
export async function benchMicro(milliseconds: number): Promise<Section> {
  const forward = await benchForward(milliseconds);
  const packets = forward.map(({ direction, cipher, size, packetsPerSecond }) => ({
    what: `data plane, ${direction}, ${cipher}, ${size} bytes`,
    unit: 'packets/s',
    value: packetsPerSecond,
  }));
  return {
    title: 'Parts',
    how: 'On one thread, without sockets, device or a second process. Stock has no counterpart that could be called alone.',
    comparisons: [],
    rates: [...packets, ...(await benchStatus(milliseconds))],
  };
}

async function benchStatus(milliseconds: number): Promise<Rate[]> {
  const bench = new Bench({ time: milliseconds, warmupTime: milliseconds / 4 });
  let written = 0;
  const clients = Array.from({ length: CLIENTS }, (_, i) => clientRecord({ clientId: i, peerId: i, commonName: `client${i}` }));
  const report = recordedServer(SINCE, clients);
  for (const version of [1, 2, 3] as const) {
    bench.add(`status version ${version} of ${CLIENTS} clients`, () => {
      written += statusText({ ...report, time: unix(SINCE) }, { version, compat: '2.6' }).length;
    });
  }
  const tasks = await bench.run();
  return tasks.map(({ name, result }) => ({
    what: name,
    unit: 'reports/s',
    value: 'latency' in result ? 1000 / result.latency.p50 : Number.NaN,
  }));
}
