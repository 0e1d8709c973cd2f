import { Bench } from 'tinybench';
import { SystemClock } from '../src/host/clock.ts';
import { MULTI } from '../src/messages/multi.ts';
import type { PeerRef } from '../src/model/peer-ref.ts';
import { Logging } from '../src/service/logging.ts';
import { clientRecord, recordedServer, unix } from '../src/status/testing.ts';
import { statusText } from '../src/status/write.ts';
import { benchForward } from './forward.bench.ts';
import type { Rate, Section } from './support/figure.ts';

/** What the parts do by themselves, on one thread, without sockets and processes. */

const PEER: PeerRef = {
  session: 1,
  clientId: 0,
  address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 37930 },
  commonName: 'alice',
};
const SINCE = 1_795_352_445;
const CLIENTS = 1000;
/** Calls a measured turn: one alone is shorter than the clock's steps. */
const LOT = 100;

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
    rates: [...packets, ...(await benchText(milliseconds))],
  };
}

async function benchText(milliseconds: number): Promise<Rate[]> {
  const bench = new Bench({ time: milliseconds, warmupTime: milliseconds / 4 });
  let written = 0;
  const outlet = { write: (line: string) => (written += line.length), close: () => Promise.resolve() };
  const logging = new Logging(new SystemClock(), outlet, outlet);
  const logLot = (): void => {
    for (let i = 0; i < LOT; i++) logging.notes.add(MULTI.learn, { route: '10.8.0.2', client: 'alice/10.99.0.2:37930' }, PEER);
  };
  bench.add('log lines shown', logLot, { beforeAll: () => logging.setVerb(4) });
  bench.add('log lines below the verbosity', logLot, { beforeAll: () => logging.setVerb(1) });
  const clients = Array.from({ length: CLIENTS }, (_, i) => clientRecord({ clientId: i, peerId: i, commonName: `client${i}` }));
  const report = recordedServer(SINCE, clients);
  for (const version of [1, 2, 3] as const) {
    bench.add(`status version ${version} of ${CLIENTS} clients`, () => {
      written += statusText({ ...report, time: unix(SINCE) }, { version, compat: '2.6' }).length;
    });
  }
  const tasks = await bench.run();
  return tasks.map(({ name, result }) => {
    const perSecond = 'latency' in result ? 1000 / result.latency.p50 : Number.NaN;
    return name.startsWith('log')
      ? { what: name, unit: 'lines/s', value: perSecond * LOT }
      : { what: name, unit: 'reports/s', value: perSecond };
  });
}
