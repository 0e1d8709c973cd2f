import { performance } from 'node:perf_hooks';
import type { Instant, Now, WallTime } from '../src/base/units.ts';
import { Evaluator } from '../src/telemetry/alerts/evaluator.ts';
import { sampleFleet } from '../src/telemetry/alerts/sampling.ts';
import { RULES } from '../src/telemetry/alerts/table.ts';
import { Fleet } from '../src/telemetry/fleet.ts';
import type { Section } from './support/figure.ts';
import { median } from './support/numbers.ts';

/** What an evaluation of all rules costs: a fleet of daemons, each with every figure that rules look at, in virtual time. */

const INSTANCES = 10_000;
const DAEMONS = Math.ceil(INSTANCES / RULES.length);
const INTERVAL_MS = 15_000;

function moment(round: number): Now {
  return { at: (round * INTERVAL_MS) as Instant, wall: (1_800_000_000_000 + round * INTERVAL_MS) as WallTime };
}

function fleetAt(round: number, fleet: Fleet): void {
  const now = moment(round);
  for (const { name } of fleet.daemons) {
    const tell = (fact: Parameters<Fleet['handle']>[0]['fact'], source: 'native' | 'process' = 'native'): void =>
      fleet.handle({ daemon: name, source, now, fact });
    tell({ kind: 'source-up', where: 'here', lines: true });
    tell({ kind: 'state', state: { time: moment(0).wall, name: 'CONNECTED', detail: 'SUCCESS' } });
    tell({ kind: 'pool', size: 250 });
    tell({ kind: 'bytes', received: round * 100_000, sent: round * 200_000 });
    tell({ kind: 'management', at: 'gateway', clients: 1, refused: 0 });
    tell(
      {
        kind: 'process',
        process: { pid: 9, started: moment(0).wall, cpuSeconds: round, residentBytes: 1, openFiles: 9, maxOpenFiles: 99 },
      },
      'process',
    );
    const notAfter = (moment(0).wall + 90 * 86_400_000) as WallTime;
    tell(
      {
        kind: 'certificates',
        certificates: [
          { role: 'certificate', file: 'a', subject: 'CN=a', notAfter },
          { role: 'crl', file: 'b', subject: 'CN=b', notAfter },
        ],
      },
      'process',
    );
    tell({ kind: 'rooms', rooms: [{ use: 'log', path: '/var/log', freeBytes: 50, sizeBytes: 100 }] }, 'process');
  }
}

/** Measures sampling and evaluation over an hour of samples. */
export function benchAlerts(rounds: number): Promise<Section> {
  const fleet = new Fleet();
  fleet.setDaemons(Array.from({ length: DAEMONS }, (_all, index) => `daemon${index}`));
  const evaluator = new Evaluator({ rules: RULES, settings: { site: {}, daemons: new Map() }, runbookUrl: '' });
  const took = { sample: [] as number[], evaluate: [] as number[] };
  for (let round = 0; round < rounds + 240; round++) {
    fleetAt(round, fleet);
    const began = performance.now();
    sampleFleet(fleet, evaluator.store, moment(round));
    const sampled = performance.now();
    evaluator.evaluate(moment(round));
    if (round < 240) continue;
    took.sample.push(sampled - began);
    took.evaluate.push(performance.now() - sampled);
  }
  return Promise.resolve({
    title: 'Alerts',
    how: `${RULES.length} rules over ${DAEMONS} daemons, each with an hour of samples of every figure that rules look at: ${DAEMONS * RULES.length} rule instances, ${evaluator.store.size} series.`,
    comparisons: [],
    rates: [
      { what: 'all rules evaluated once', unit: 'ms', value: median(took.evaluate), target: { atMost: 100 } },
      { what: 'samples for it taken from the fleet', unit: 'ms', value: median(took.sample) },
      { what: 'the longest evaluation', unit: 'ms', value: Math.max(...took.evaluate) },
    ],
  });
}
