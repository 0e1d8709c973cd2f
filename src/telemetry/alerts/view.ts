import type { Duration } from '../../base/units.ts';

/** What metrics and health show of the alerts. */
export interface AlertingView {
  /** How many there are of each rule, daemon and state. */
  counts(): Iterable<{
    readonly daemon: string;
    readonly rule: string;
    readonly severity: string;
    readonly state: 'pending' | 'firing';
    readonly count: number;
  }>;
  /** The rules that can say nothing about a daemon, by the names of the daemons. */
  withoutData(): ReadonlyMap<string, readonly string[]>;
  /** How long the last evaluation took; undefined before the first. */
  readonly took: Duration | undefined;
  readonly seriesLeftOut: number;
}
