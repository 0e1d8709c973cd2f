/** The fleet state: facts in, views out. */
export type * from './facts.ts';
export { FAULTS, SEVERITIES, SOURCES } from './facts.ts';
export { Fleet } from './fleet.ts';
export { clientOf, factOfEvent, factOfReply, statusOfReport } from './from-port.ts';
export { lineSeen, severityOf } from './lines.ts';
export { DEFAULT_FLEET, type FleetOptions } from './options.ts';
export { DEFAULT_SERIES, type SeriesPolicy } from './series.ts';
export type * from './views.ts';
