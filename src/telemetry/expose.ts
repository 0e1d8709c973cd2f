import type { Now } from '../base/units.ts';
import { kuminaFamilies } from './kumina.ts';
import { labelBlock, labelPair } from './labels.ts';
import type { Metric } from './metrics/metric.ts';
import { METRICS, sampleName } from './metrics/table.ts';
import { Page } from './page.ts';
import type { DaemonView, FleetView } from './views.ts';

/** The two forms that Prometheus takes. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** What a page of metrics is like. */
export interface ExpositionOptions {
  readonly format: ExpositionFormat;
  /** Adds the metrics of openvpn_exporter, for dashboards that were made for it. */
  readonly compat?: 'kumina';
}

/** What each form is sent as. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** OpenMetrics for who asks for its version 1 at least as much as for plain text; else text. */
export function formatFor(accept: string | undefined): ExpositionFormat {
  let open = 0;
  let text = 0;
  for (const range of (accept ?? '').split(',', 32)) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
    const version = parameters.find((parameter) => parameter.startsWith('version='))?.slice(8);
    if (!(quality > 0)) continue;
    if (type === 'application/openmetrics-text' && (version === undefined || version.startsWith('1.'))) open = Math.max(open, quality);
    if (type === 'text/plain' || type === 'text/*' || type === '*/*') text = Math.max(text, quality);
  }
  return open > 0 && open >= text ? 'openmetrics' : 'text';
}

/** About so many bytes make a piece of the page. */
const PIECE = 32_768;
/** Series between two looks at how long the piece is. */
const LOT = 256;

/** Writes the page, in pieces of UTF-8, so that nobody holds it whole. Every sample is of the moment when its piece is made. */
export function* expose(fleet: FleetView, now: Now, options: ExpositionOptions): Generator<Uint8Array> {
  const page = new Page(options.format === 'openmetrics');
  const blocks = new Map([...fleet.daemons].map((daemon) => [daemon, labelPair('daemon', daemon.name)]));
  for (const metric of METRICS) {
    page.begin(metric, sampleName(metric));
    if (metric.of === 'fleet')
      metric.read(fleet, (value, ...labels) => page.sample(labelBlock(labels.map((text, at) => [metric.labels[at] ?? '', text])), value));
    else {
      for (const [daemon, block] of blocks) {
        if (metric.of === 'series') yield* seriesOf(page, metric, daemon);
        else readDaemon(page, metric, daemon, block, now);
        if (page.length > PIECE) yield page.take();
      }
    }
  }
  if (options.compat === 'kumina') {
    for (const family of kuminaFamilies(fleet)) {
      page.begin(family, family.type === 'counter' ? `${family.name}_total` : family.name);
      for (const [labels, value] of family.samples()) {
        page.sample(labels, value);
        if (page.length > PIECE) yield page.take();
      }
    }
  }
  page.end();
  yield page.take();
}

function* seriesOf(page: Page, metric: Extract<Metric, { of: 'series' }>, daemon: DaemonView): Generator<Uint8Array> {
  const all = [...daemon.series];
  for (let from = 0; from < all.length; from += LOT) {
    for (let index = from; index < from + LOT; index++) {
      const series = all[index];
      const value = series && metric.read(series);
      if (value !== undefined && series !== undefined) page.sample(series.labels, value);
    }
    if (page.length > PIECE) yield page.take();
  }
}

function readDaemon(page: Page, metric: Extract<Metric, { of: 'daemon' }>, daemon: DaemonView, block: string, now: Now): void {
  const pairs = (values: readonly string[]): string => {
    let text = block;
    for (let index = 0; index < values.length; index++) text += `,${labelPair(metric.labels[index] ?? '', values[index] ?? '')}`;
    return text;
  };
  if (metric.type === 'histogram') metric.read(daemon, (value, ...labels) => page.histogram(pairs(labels), value));
  else metric.read(daemon, (value, ...labels) => page.sample(`{${pairs(labels)}}`, value), now);
}

/** The whole page as one text. */
export function exposition(fleet: FleetView, now: Now, options: ExpositionOptions): string {
  return Buffer.concat([...expose(fleet, now, options)]).toString();
}
