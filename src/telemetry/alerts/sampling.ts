import type { Now } from '../../base/units.ts';
import { type Metric } from '../metrics/metric.ts';
import type { FleetView } from '../views.ts';
import { metricOf } from './inputs.ts';
import type { SampleStore } from './samples.ts';

/** Takes a sample of everything that the rules look at, as a scrape would. The fleet is brought up to now before. */
export function sampleFleet(fleet: FleetView, store: SampleStore, now: Now): void {
  store.begin(now.at);
  for (const name of store.metrics) sampleMetric(name, metricOf(name), fleet, store, now);
  store.end();
}

/** Names of labels with that of the daemon before them, by metric. */
const NAMES = new WeakMap<Metric, readonly string[]>();

function namesOf(metric: Metric): readonly string[] {
  let names = NAMES.get(metric);
  if (names === undefined) {
    names = ['daemon', ...metric.labels];
    NAMES.set(metric, names);
  }
  return names;
}

/** Distributions and series of users are not among what rules look at. */
function sampleMetric(name: string, metric: Metric, fleet: FleetView, store: SampleStore, now: Now): void {
  if (metric.of === 'fleet') metric.read(fleet, (value, ...labels) => store.sample(name, metric.labels, labels, value));
  if (metric.of !== 'daemon' || metric.type === 'histogram') return;
  const names = namesOf(metric);
  for (const daemon of fleet.daemons)
    metric.read(daemon, (value, ...labels) => store.sample(name, names, [daemon.name, ...labels], value), now);
}
