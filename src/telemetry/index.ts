/** The fleet state, its metrics and its health: facts in, views out. */
export type { ExpositionFormat, ExpositionOptions } from './expose.ts';
export { CONTENT_TYPES, expose, exposition, formatFor } from './expose.ts';
export type * from './facts.ts';
export { FAULTS, SEVERITIES, SOURCES } from './facts.ts';
export { Fleet } from './fleet.ts';
export { clientOf, factOfEvent, factOfReply, statusOfReport } from './from-port.ts';
export type { CheckName, Health, HealthReason, Measure, Thresholds, Verdict } from './health.ts';
export { DEFAULT_THRESHOLDS, healthOf, PLUGIN_STATUS, pluginLine, worstVerdict } from './health.ts';
export { lineSeen, severityOf } from './lines.ts';
export type { FailureNotice, FleetWatcher, SessionNotice, StateNotice } from './notices.ts';
export type { Metric } from './metrics/metric.ts';
export { METRIC_SUBJECTS, METRICS, sampleName } from './metrics/table.ts';
export { DEFAULT_FLEET, type FleetOptions } from './options.ts';
export { DEFAULT_SERIES, type SeriesPolicy } from './series.ts';
export type { TargetView } from './targets.ts';
export type * from './views.ts';
