import type { RangeFunction } from './expression.ts';
import type { Series } from './samples.ts';

/**
 * Functions over the samples of a length of time, exactly as Prometheus 2 calculates them: both ends of the time belong to it. (Prometheus
 * 3 leaves out the earlier end, which no sample of a real scrape ever hits.)
 */

/** The samples of a series from `first` to `last`, its indices. */
interface Range {
  readonly series: Series;
  readonly first: number;
  readonly last: number;
}

type Function = (range: Range, start: number, end: number) => number | undefined;

const FUNCTIONS: Readonly<Record<RangeFunction, Function>> = {
  rate: (range, start, end) => divided(extrapolatedIncrease(range, start, end), (end - start) / 1000),
  increase: extrapolatedIncrease,
  changes({ series, first, last }) {
    let count = 0;
    for (let index = first + 1; index <= last; index++) {
      const [before, now] = [series.value(index - 1), series.value(index)];
      if (now !== before && !(Number.isNaN(now) && Number.isNaN(before))) count++;
    }
    return count;
  },
  max_over_time({ series, first, last }) {
    let best = series.value(first);
    for (let index = first + 1; index <= last; index++) {
      const value = series.value(index);
      if (value > best || Number.isNaN(best)) best = value;
    }
    return best;
  },
};

/** What a function makes of the samples from `start` to `end`, in milliseconds; undefined where there are too few. */
export function overTime(name: RangeFunction, series: Series, start: number, end: number): number | undefined {
  let first = 0;
  while (first < series.count && series.time(first) < start) first++;
  let last = series.count - 1;
  while (last >= first && series.time(last) > end) last--;
  return last < first ? undefined : FUNCTIONS[name]({ series, first, last }, start, end);
}

function divided(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : value / by;
}

/** Samples that are no farther from an end than this many of their distances are taken to reach it. */
const REACH = 1.1;

/**
 * What a counter grew by, resets taken out, stretched to the whole time: to an end that the samples nearly reach, else half a distance of
 * samples towards it; never to before the counter was 0.
 */
function extrapolatedIncrease({ series, first, last }: Range, start: number, end: number): number | undefined {
  if (last - first < 1) return undefined;
  let grown = series.value(last) - series.value(first);
  for (let index = first + 1; index <= last; index++) {
    const before = series.value(index - 1);
    if (series.value(index) < before) grown += before;
  }
  const sampled = (series.time(last) - series.time(first)) / 1000;
  const distance = sampled / (last - first);
  let toStart = (series.time(first) - start) / 1000;
  const toEnd = (end - series.time(last)) / 1000;
  const value = series.value(first);
  if (grown > 0 && value >= 0) toStart = Math.min(toStart, sampled * (value / grown));
  const stretch = (gap: number): number => (gap < distance * REACH ? gap : distance / 2);
  return grown * ((sampled + stretch(toStart) + stretch(toEnd)) / sampled);
}
