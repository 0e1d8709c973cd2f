import { type Duration, seconds } from '../base/units.ts';
import { DEFAULT_SERIES, type SeriesPolicy } from './series.ts';

/** What a fleet keeps, and for how long a word counts. A fleet and all in it look at one such object, which may change while they live. */
export interface FleetOptions {
  readonly series: SeriesPolicy;
  /** A better source that says nothing for so long no longer keeps worse ones out. */
  readonly silentAfter: Duration;
  /** Clients that are known of one daemon at once; more are counted only. */
  readonly maxClients: number;
  /** Keeps each daemon's routing table, for `compat: kumina`. */
  readonly keepRoutes: boolean;
}

/** What holds where nothing is said. */
export const DEFAULT_FLEET: FleetOptions = { series: DEFAULT_SERIES, silentAfter: seconds(150), maxClients: 65_536, keepRoutes: false };
