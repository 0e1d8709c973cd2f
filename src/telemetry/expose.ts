import type { Now } from '../base/units.ts';
import { kuminaFamilies } from './kumina.ts';
import { labelBlock, labelPair } from './labels.ts';
import type { Metric } from './metrics/metric.ts';
import { METRICS, sampleName } from './metrics/table.ts';
import type { DaemonView, FleetView, HistogramView } from './views.ts';

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

/** About so many characters make a piece of the page. */
const PIECE = 32_768;
/** Series between two looks at how long the piece is. */
const LOT = 256;

/** Writes the page, in pieces, so that nobody holds it whole. Every sample is of the moment when its piece is made. */
export function* expose(fleet: FleetView, now: Now, options: ExpositionOptions): Generator<string> {
  const page = new Page(options.format);
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

function* seriesOf(page: Page, metric: Extract<Metric, { of: 'series' }>, daemon: DaemonView): Generator<string> {
  let left = LOT;
  for (const series of daemon.series) {
    const value = metric.read(series);
    if (value !== undefined) page.sample(series.labels, value);
    if (--left > 0) continue;
    left = LOT;
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
  return [...expose(fleet, now, options)].join('');
}

/** What a family's head is made of. */
interface Head {
  readonly name: string;
  readonly type: Metric['type'];
  readonly unit?: string;
  readonly help: string;
}

/** A page in the making. A family without samples leaves no trace. */
class Page {
  readonly #open: boolean;
  #text = '';
  #head: string | undefined;
  #name = '';

  constructor(format: ExpositionFormat) {
    this.#open = format === 'openmetrics';
  }

  get length(): number {
    return this.#text.length;
  }

  begin({ name, type, unit, help }: Head, sample: string): void {
    this.#name = sample;
    if (this.#open) {
      const unitLine = unit === undefined ? '' : `# UNIT ${name} ${unit}\n`;
      this.#head = `# HELP ${name} ${escapeHelp(help).replaceAll('"', '\\"')}\n# TYPE ${name} ${type}\n${unitLine}`;
    } else this.#head = `# HELP ${sample} ${escapeHelp(help)}\n# TYPE ${sample} ${type === 'info' ? 'gauge' : type}\n`;
  }

  /** `labels` is a block with its braces, or nothing. */
  sample(labels: string, value: number): void {
    this.#writeHead();
    this.#text += `${this.#name}${labels} ${numberText(value)}\n`;
  }

  #writeHead(): void {
    if (this.#head === undefined) return;
    this.#text += this.#head;
    this.#head = undefined;
  }

  /** `labels` comes without braces, and is never empty. */
  histogram(labels: string, { bounds, counts, sum, count }: HistogramView): void {
    this.#writeHead();
    let below = 0;
    for (const [index, bound] of bounds.entries()) {
      below += counts[index] ?? 0;
      this.#text += `${this.#name}_bucket{${labels},le="${boundText(bound)}"} ${below}\n`;
    }
    this.#text += `${this.#name}_bucket{${labels},le="+Inf"} ${count}\n`;
    this.#text += `${this.#name}_sum{${labels}} ${numberText(sum)}\n${this.#name}_count{${labels}} ${count}\n`;
  }

  end(): void {
    if (this.#open) this.#text += '# EOF\n';
  }

  take(): string {
    const text = this.#text;
    this.#text = '';
    return text;
  }
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** As OpenMetrics wants it, in both forms, so that a series has one name. */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound);
}
