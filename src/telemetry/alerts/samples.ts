import { labelText } from '../labels.ts';
import type { Matcher, Selector } from './expression.ts';
import { LabelSet, meets } from './label-set.ts';

/** How long the newest sample of a series counts, in milliseconds: Prometheus's own five minutes. */
export const LOOKBACK_MS = 300_000;

const FIRST_CAPACITY = 16;

/** The samples of one series that are still looked at, the oldest first. */
export class Series {
  readonly labels: LabelSet;
  #times = new Float64Array(FIRST_CAPACITY);
  #values = new Float64Array(FIRST_CAPACITY);
  #first = 0;
  count = 0;
  /** It was not among the newest samples: it says nothing now, though its samples still count where a length of time is looked at. */
  stale = false;
  /** The round in which it was last sampled. */
  round = 0;

  constructor(labels: LabelSet) {
    this.labels = labels;
  }

  /** The time in milliseconds of the sample at `index`; 0 is the oldest. */
  time(index: number): number {
    return this.#times[(this.#first + index) & (this.#times.length - 1)] ?? Number.NaN;
  }

  value(index: number): number {
    return this.#values[(this.#first + index) & (this.#times.length - 1)] ?? Number.NaN;
  }

  /** Takes a sample, and lets go of those before `since`. */
  push(time: number, value: number, since: number): void {
    this.stale = false;
    this.forget(since);
    if (this.count === this.#times.length) this.#grow();
    const at = (this.#first + this.count) & (this.#times.length - 1);
    this.#times[at] = time;
    this.#values[at] = value;
    this.count++;
  }

  forget(since: number): void {
    while (this.count > 0 && this.time(0) < since) {
      this.#first = (this.#first + 1) & (this.#times.length - 1);
      this.count--;
    }
  }

  #grow(): void {
    const times = new Float64Array(this.#times.length * 2);
    const values = new Float64Array(times.length);
    for (let index = 0; index < this.count; index++) {
      times[index] = this.time(index);
      values[index] = this.value(index);
    }
    this.#times = times;
    this.#values = values;
    this.#first = 0;
  }
}

/** What one selector finds: kept up to date as series come and go. */
export interface Selection {
  readonly series: Set<Series>;
}

/** One metric that is looked at: its series, and by whom they are. */
interface Watched {
  readonly selections: {
    readonly match: readonly (readonly [label: string, meets: (value: string) => boolean])[];
    readonly selection: Selection;
  }[];
  /** By their labels as they were given; undefined is one that nobody looks at. */
  readonly series: Map<string, Series | undefined>;
  /** How long its samples are kept, in milliseconds. */
  keep: number;
}

/**
 * Samples of the metrics that rules look at, as far back as they look. A round is what a scrape is: `begin`, every sample, `end`.
 * What was there in the round before and is not in this one is stale from then on, as Prometheus has it.
 */
export class SampleStore {
  readonly #maxSeries: number;
  #watched = new Map<string, Watched>();
  #round = 0;
  #time = 0;
  #size = 0;
  #leftOut = 0;

  /** More series than `maxSeries` are counted and left out. */
  constructor(maxSeries = 200_000) {
    this.#maxSeries = maxSeries;
  }

  /** The metrics that somebody looks at. */
  get metrics(): Iterable<string> {
    return this.#watched.keys();
  }

  get size(): number {
    return this.#size;
  }

  get leftOut(): number {
    return this.#leftOut;
  }

  /** Looks from now on at what these select and at nothing else; samples that are still wanted stay. The selections are in their order. */
  select(wanted: readonly { readonly selector: Selector; readonly window: number }[]): readonly Selection[] {
    const before = this.#watched;
    this.#watched = new Map();
    const selections = wanted.map(({ selector, window }) => {
      const watched = this.#watched.get(selector.metric) ?? {
        selections: [],
        series: new Map<string, Series | undefined>(),
        keep: LOOKBACK_MS,
      };
      this.#watched.set(selector.metric, watched);
      watched.keep = Math.max(watched.keep, window * 1000);
      const selection: Selection = { series: new Set() };
      watched.selections.push({ match: selector.match.map((each: Matcher) => [each[0], meets(each)] as const), selection });
      return selection;
    });
    this.#size = 0;
    for (const [name, watched] of this.#watched) {
      for (const [key, series] of before.get(name)?.series ?? []) if (series !== undefined) this.#add(watched, key, series);
    }
    return selections;
  }

  /** A round begins, at this time in milliseconds; times only grow. */
  begin(time: number): void {
    this.#round++;
    this.#time = time;
  }

  /** One sample of a metric that somebody looks at. `names` are those of the labels, which `values` have in their order. */
  sample(metric: string, names: readonly string[], values: readonly string[], value: number): void {
    const watched = this.#watched.get(metric);
    if (watched === undefined) return;
    const key = values.join('\0');
    let series = watched.series.get(key);
    if (series === undefined) {
      if (watched.series.has(key)) return;
      series = this.#add(
        watched,
        key,
        new Series(LabelSet.of(names.map((name, index) => [name, labelText(values[index] ?? '')] as const))),
      );
      if (series === undefined) return;
    }
    if (series.round === this.#round) return;
    series.round = this.#round;
    series.push(this.#time, value, this.#time - watched.keep);
  }

  /** The round is over: what it did not have is stale, and forgotten when nothing of it is looked at any more. */
  end(): void {
    for (const watched of this.#watched.values()) {
      for (const [key, series] of watched.series) {
        if (series === undefined || series.round === this.#round) continue;
        series.stale = true;
        series.forget(this.#time - watched.keep);
        if (series.count === 0) this.#drop(watched, key, series);
      }
      // What nobody looks at is remembered so that it costs little, but not without bound.
      if (watched.series.size > this.#maxSeries)
        for (const [key, series] of watched.series) if (series === undefined) watched.series.delete(key);
    }
  }

  #add(watched: Watched, key: string, series: Series): Series | undefined {
    const wanting = watched.selections.filter(({ match }) => match.every(([label, good]) => good(series.labels.pairs.get(label) ?? '')));
    if (wanting.length === 0) {
      watched.series.set(key, undefined);
      return undefined;
    }
    if (this.#size >= this.#maxSeries) {
      this.#leftOut++;
      return undefined;
    }
    this.#size++;
    watched.series.set(key, series);
    for (const { selection } of wanting) selection.series.add(series);
    return series;
  }

  #drop(watched: Watched, key: string, series: Series): void {
    this.#size--;
    watched.series.delete(key);
    for (const { selection } of watched.selections) selection.series.delete(series);
  }
}
