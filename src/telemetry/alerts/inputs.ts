import type { CertificateRole, SourceKind } from '../facts.ts';
import type { Metric } from '../metrics/metric.ts';
import { METRICS, sampleName } from '../metrics/table.ts';
import type { DaemonView } from '../views.ts';
import type { Evaluator } from './evaluator.ts';
import type { Formula, Operand, Selector } from './expression.ts';
import { meets } from './label-set.ts';
import type { Rule } from './rule.ts';

/** What a daemon is watched by. */
export interface Supply {
  readonly sources: ReadonlySet<SourceKind>;
  /** Its process is known. */
  readonly pid: boolean;
  readonly certificates: ReadonlySet<CertificateRole>;
  /** Files of it are known, whose disks are watched. */
  readonly files: boolean;
}

const BY_SAMPLE: ReadonlyMap<string, Metric> = new Map(METRICS.map((metric) => [sampleName(metric), metric]));

/** The metric of the table whose samples these are. Throws RangeError for one that is not there. */
export function metricOf(sample: string): Metric {
  const metric = BY_SAMPLE.get(sample);
  if (metric === undefined) throw new RangeError(`there is no metric ${sample}`);
  return metric;
}

/** The selectors that a formula cannot do without, as far as they lack something; empty when it can be evaluated. */
export function lacking(formula: Formula, has: (selector: Selector) => boolean): readonly Selector[] {
  const walk = (of: Operand<unknown>): readonly Selector[] => {
    switch (of.kind) {
      case 'selector':
        return has(of) ? [] : [of];
      case 'range':
      case 'sum':
        return walk(of.of);
      case 'arithmetic':
      case 'compare':
        return [...walk(of.left), ...walk(of.right)];
      case 'set': {
        const [left, right] = [walk(of.left), walk(of.right)];
        if (of.operator === 'or') return left.length > 0 && right.length > 0 ? [...left, ...right] : [];
        return [...left, ...right];
      }
      case 'number':
      case 'time':
        return [];
    }
  };
  return walk(formula);
}

/** The metrics that a rule looks at. */
export function inputsOf({ formula }: Rule): readonly Metric[] {
  return [...new Set(lacking(formula, () => false).map(({ metric }) => metricOf(metric)))];
}

/** The metrics that a rule needs and these sources cannot tell. */
export function missingFor(rule: Rule, supply: Supply): readonly string[] {
  return [...new Set(lacking(rule.formula, (selector) => supplies(supply, selector)).map(({ metric }) => metric))];
}

function supplies({ sources, pid, certificates, files }: Supply, { metric: name, match }: Selector): boolean {
  const metric = metricOf(name);
  if (metric.sources.includes('monitor')) return true;
  if (metric.wants === 'pid') return pid;
  if (metric.wants === 'files') return files;
  if (metric.wants === 'certificates')
    return [...certificates].some((role) => match.every((each) => each[0] !== 'role' || meets(each)(role)));
  // Another process is known by its id alone.
  return metric.sources.some((source) => (source === 'process' ? pid : source !== 'monitor' && sources.has(source)));
}

/**
 * The rules that can say nothing about a daemon now: something that they look at has no sample of it. What has samples only while there is
 * something to tell counts as long as a source works that would tell it.
 */
export function rulesWithoutData(evaluator: Evaluator, daemons: Iterable<DaemonView>): ReadonlyMap<string, readonly string[]> {
  const seen = new Map<Selector, ReadonlySet<string>>();
  const daemonsOf = (selector: Selector): ReadonlySet<string> => {
    let found = seen.get(selector);
    if (found === undefined) {
      const all = [...(evaluator.selection(selector)?.series ?? [])].filter(({ stale }) => !stale);
      found = new Set(all.map(({ labels }) => labels.pairs.get('daemon') ?? ''));
      seen.set(selector, found);
    }
    return found;
  };
  const result = new Map<string, readonly string[]>();
  for (const { name, sources, mode } of daemons) {
    const up = new Set([...sources.values()].filter((source) => source.up).map(({ kind }) => kind));
    const has = (selector: Selector): boolean => {
      const metric = metricOf(selector.metric);
      if (metric.sparse === true) return metric.sources.some((source) => source !== 'monitor' && up.has(source));
      return daemonsOf(selector).has(name);
    };
    const about = evaluator.variants.filter(
      ({ rule, daemon }) => daemon(name) && (rule.mode === undefined || mode === undefined || mode.value === rule.mode),
    );
    const without = about.filter(({ formula }) => lacking(formula, has).length > 0).map(({ rule }) => rule.name);
    if (without.length > 0) result.set(name, [...new Set(without)]);
  }
  return result;
}
