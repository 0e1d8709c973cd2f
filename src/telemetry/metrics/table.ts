import { CLIENT_METRICS, SERIES_METRICS } from './clients.ts';
import { DAEMON_METRICS } from './daemon.ts';
import { MACHINE_METRICS, MONITOR_METRICS } from './machine.ts';
import type { Metric } from './metric.ts';
import { ALERT_METRICS, PATTERN_METRICS } from './patterns.ts';
import { TARGET_METRICS } from './targets.ts';

/** The metrics by subject, in the order of the page and of the exposition. */
export const METRIC_SUBJECTS: Readonly<Record<string, readonly Metric[]>> = {
  Daemon: DAEMON_METRICS,
  Clients: CLIENT_METRICS,
  'Users and clients one by one': SERIES_METRICS,
  'Log, management, files, process': MACHINE_METRICS,
  'What strikes': PATTERN_METRICS,
  Monitor: MONITOR_METRICS,
  Alerts: ALERT_METRICS,
  'Shipping and delivery': TARGET_METRICS,
};

/** Every metric. */
export const METRICS: readonly Metric[] = Object.values(METRIC_SUBJECTS).flat();

/** How samples of a metric are called: counters end in `_total`, what is told of a thing in `_info`. */
export function sampleName({ name, type }: Metric): string {
  if (type === 'counter') return `${name}_total`;
  return type === 'info' ? `${name}_info` : name;
}
