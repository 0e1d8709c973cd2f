import type { Metric } from './metrics/metric.ts';
import { METRIC_SUBJECTS, sampleName } from './metrics/table.ts';

/** What a dashboard is called. */
export interface DashboardOptions {
  readonly title: string;
  /** By which Grafana knows it again: importing one with the same replaces it. */
  readonly uid: string;
}

/** A query of a panel. */
interface Target {
  readonly expr: string;
  readonly legendFormat: string;
  /** Only the newest value, for panels that show no course. */
  readonly instant?: true;
}

/** How a metric is shown: by its type, unless it has a row in `SHOWN`. */
interface Shown {
  readonly type: 'timeseries' | 'stat' | 'table' | 'state-timeline';
  /** In Grafana's words. */
  readonly unit: string;
  readonly targets: readonly Target[];
}

/** Panels that the type alone would not make readable. */
const SHOWN: Readonly<Record<string, (metric: Metric) => Shown>> = {
  tunnelscope_up: (metric) => ({ type: 'state-timeline', unit: 'bool_on_off', targets: [target(metric, selected(metric))] }),
  tunnelscope_source_up: (metric) => ({ type: 'state-timeline', unit: 'bool_on_off', targets: [target(metric, selected(metric))] }),
  tunnelscope_state: (metric) => ({ type: 'state-timeline', unit: 'short', targets: [target(metric, `${selected(metric)} == 1`)] }),
};

const QUANTILES = [0.5, 0.95, 0.99];
const MOST_SERIES = 20;
const SIZE = { columns: 24, width: 8, height: 8 };
const DATA_SOURCE = { type: 'prometheus', uid: '${datasource}' };

/** The names of the metrics that have panels of their own making. */
export const SHOWN_NAMES: readonly string[] = Object.keys(SHOWN);

/** A Grafana dashboard, as the JSON that is imported: a row a subject of the table, a panel a metric. */
export function dashboardOf({ title, uid }: DashboardOptions): object {
  return {
    title,
    uid,
    description: 'Every metric of `tunnelscope monitor`.',
    tags: ['openvpn', 'tunnelscope'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    templating: { list: [DATA_SOURCE_CHOICE, DAEMON_CHOICE] },
    annotations: { list: [] },
    panels: panelsOf(METRIC_SUBJECTS),
  };
}

const DATA_SOURCE_CHOICE = { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', refresh: 1, hide: 0 };

const DAEMON_CHOICE = {
  name: 'daemon',
  label: 'Daemon',
  type: 'query',
  datasource: DATA_SOURCE,
  definition: 'label_values(tunnelscope_up, daemon)',
  query: { query: 'label_values(tunnelscope_up, daemon)', refId: 'daemon' },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { selected: true, text: ['All'], value: ['$__all'] },
};

function panelsOf(subjects: Readonly<Record<string, readonly Metric[]>>): object[] {
  const panels: object[] = [];
  const perRow = SIZE.columns / SIZE.width;
  let y = 0;
  for (const [subject, metrics] of Object.entries(subjects)) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: subject,
      collapsed: false,
      gridPos: place(0, y, SIZE.columns, 1),
      panels: [],
    });
    y += 1;
    for (const [index, metric] of metrics.entries()) {
      const gridPos = place((index % perRow) * SIZE.width, y + Math.floor(index / perRow) * SIZE.height, SIZE.width, SIZE.height);
      panels.push(panelOf(metric, panels.length + 1, gridPos));
    }
    y += Math.ceil(metrics.length / perRow) * SIZE.height;
  }
  return panels;
}

function place(x: number, y: number, w: number, h: number): object {
  return { x, y, w, h };
}

function panelOf(metric: Metric, id: number, gridPos: object): object {
  const { type, unit, targets } = SHOWN[metric.name]?.(metric) ?? shownByType(metric);
  return {
    id,
    type,
    title: titleOf(metric),
    description: metric.help,
    datasource: DATA_SOURCE,
    gridPos,
    fieldConfig: { defaults: { unit, ...(unit === 'dateTimeFromNow' ? {} : { min: 0 }) }, overrides: [] },
    options: {},
    targets: targets.map((each, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATA_SOURCE,
      ...each,
      ...(each.instant === true ? { range: false, format: type === 'table' ? 'table' : 'time_series' } : { range: true }),
    })),
  };
}

/** `tunnelscope_user_received_bytes` is `User received bytes`. */
function titleOf({ name }: Metric): string {
  const words = name.replace(/^tunnelscope_/, '').replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function shownByType(metric: Metric): Shown {
  switch (metric.type) {
    case 'info':
      return { type: 'table', unit: 'short', targets: [{ ...target(metric, selected(metric)), instant: true }] };
    case 'histogram':
      return { type: 'timeseries', unit: unitOf(metric), targets: QUANTILES.map((quantile) => quantileOf(metric, quantile)) };
    case 'counter':
      return {
        type: 'timeseries',
        unit: rateUnitOf(metric),
        targets: [target(metric, bounded(metric, rateOf(metric, '', labelsOf(metric))))],
      };
    case 'gauge':
      if (!isMoment(metric))
        return { type: 'timeseries', unit: unitOf(metric), targets: [target(metric, bounded(metric, selected(metric)))] };
      return { type: 'stat', unit: 'dateTimeFromNow', targets: [{ ...target(metric, `${selected(metric)} * 1000`), instant: true }] };
  }
}

function target(metric: Metric, expr: string): Target {
  return { expr, legendFormat: legendOf(labelsOf(metric)) };
}

function quantileOf(metric: Metric, quantile: number): Target {
  const rate = rateOf(metric, '_bucket', ['le', ...labelsOf(metric)]);
  return { expr: `histogram_quantile(${quantile}, ${rate})`, legendFormat: `p${quantile * 100} ${legendOf(labelsOf(metric))}` };
}

function rateOf(metric: Metric, suffix: string, labels: readonly string[]): string {
  const rate = `rate(${selected(metric, suffix)}[$__rate_interval])`;
  return labels.length === 0 ? `sum(${rate})` : `sum by (${labels.join(', ')}) (${rate})`;
}

/** Users may be very many. */
function bounded({ of }: Metric, expr: string): string {
  return of === 'series' ? `topk(${MOST_SERIES}, ${expr})` : expr;
}

function selected(metric: Metric, suffix = ''): string {
  return `${sampleName(metric)}${suffix}${metric.of === 'fleet' ? '' : '{daemon=~"$daemon"}'}`;
}

function labelsOf({ of, labels }: Metric): readonly string[] {
  return of === 'fleet' ? labels : ['daemon', ...labels];
}

function legendOf(labels: readonly string[]): string {
  return labels.length === 0 ? 'all' : labels.map((label) => `{{${label}}}`).join(' ');
}

/** A moment in time, in seconds since 1970. */
function isMoment({ name }: Metric): boolean {
  return name.endsWith('_timestamp_seconds') || name.endsWith('_start_time_seconds');
}

function unitOf({ unit }: Metric): string {
  if (unit === 'bytes') return 'bytes';
  return unit === 'seconds' ? 's' : 'short';
}

/** Of a counter by the second: seconds a second are a share. */
function rateUnitOf({ unit }: Metric): string {
  if (unit === 'bytes') return 'Bps';
  return unit === 'seconds' ? 'percentunit' : 'cps';
}
