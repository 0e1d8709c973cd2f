import { type BoundFormula, type Comparison, type Operand, type Selector, selectorsOf } from './expression.ts';
import type { LabelSet } from './label-set.ts';
import { overTime } from './range-functions.ts';
import { LOOKBACK_MS, type SampleStore, type Selection } from './samples.ts';

/** A value with the labels of what it is the value of; the name of a metric is not among them, as alerts do not show it. */
export interface Point {
  readonly labels: LabelSet;
  readonly value: number;
}

/** The moment of an evaluation. */
export interface Moment {
  /** In milliseconds, on the clock of the samples. */
  readonly at: number;
  /** What `time()` is: seconds since 1970. */
  readonly seconds: number;
}

/** A formula ready to be evaluated. */
export type Evaluation = (moment: Moment) => readonly Point[];

/** Formulas ready to be evaluated, and what each of their selectors finds. */
export interface Evaluations {
  readonly evaluations: readonly Evaluation[];
  readonly selections: ReadonlyMap<Selector, Selection>;
}

const NOTHING: Selection = { series: new Set() };

/** Makes formulas ready over the samples of a store, which from then on keeps what they look at and nothing else. */
export function evaluationsOf(formulas: readonly BoundFormula[], store: SampleStore): Evaluations {
  const wanted = formulas.flatMap(selectorsOf);
  const found = store.select(wanted);
  const selections = new Map(wanted.map(({ selector }, index) => [selector, found[index] ?? NOTHING]));
  const of = (selector: Selector): Selection => selections.get(selector) ?? NOTHING;
  return { evaluations: formulas.map((formula) => compiled(formula, of)), selections };
}

type Find = (selector: Selector) => Selection;

function compiled(formula: BoundFormula, find: Find): Evaluation {
  switch (formula.kind) {
    case 'selector': {
      const selection = find(formula);
      return ({ at }) => newest(selection, at);
    }
    case 'range': {
      const selection = find(formula.of);
      return ({ at }) => {
        const points: Point[] = [];
        for (const series of selection.series) {
          const value = overTime(formula.function, series, at - formula.window * 1000, at);
          if (value !== undefined) points.push({ labels: series.labels, value });
        }
        return points;
      };
    }
    case 'sum': {
      const of = compiled(formula.of, find);
      return (moment) => summed(of(moment), formula.by);
    }
    case 'arithmetic': {
      const left = compiled(formula.left, find);
      const right = side(formula.right, find);
      const calculate = CALCULATIONS[formula.operator];
      return (moment) => paired(left(moment), right(moment), (a, b) => calculate(a, b));
    }
    case 'compare': {
      const left = compiled(formula.left, find);
      const right = side(formula.right, find);
      const holds = COMPARISONS[formula.operator];
      return (moment) => paired(left(moment), right(moment), (a, b) => (holds(a, b) ? a : undefined));
    }
    case 'set': {
      const left = compiled(formula.left, find);
      const right = compiled(formula.right, find);
      return (moment) => SETS[formula.operator](left(moment), right(moment), keyOn(formula.on));
    }
  }
}

const CALCULATIONS = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  '/': (a: number, b: number) => a / b,
} as const;

const COMPARISONS: Readonly<Record<Comparison, (a: number, b: number) => boolean>> = {
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
};

function newest({ series: all }: Selection, at: number): readonly Point[] {
  const points: Point[] = [];
  for (const series of all) {
    const last = series.count - 1;
    if (series.stale || last < 0 || series.time(last) < at - LOOKBACK_MS) continue;
    points.push({ labels: series.labels, value: series.value(last) });
  }
  return points;
}

/** The right side of an operator: a number, or a vector. */
function side(operand: Operand<number>, find: Find): (moment: Moment) => number | readonly Point[] {
  if (operand.kind === 'number') return () => operand.value;
  return operand.kind === 'time' ? ({ seconds }) => seconds : compiled(operand, find);
}

/** Each point of the left side with the number, or with its partner of equal labels. */
function paired(
  left: readonly Point[],
  right: number | readonly Point[],
  make: (a: number, b: number) => number | undefined,
): readonly Point[] {
  const points: Point[] = [];
  const partners = typeof right === 'number' ? undefined : new Map(right.map((point) => [point.labels.key, point.value]));
  for (const { labels, value } of left) {
    const other = typeof right === 'number' ? right : partners?.get(labels.key);
    const result = other === undefined ? undefined : make(value, other);
    if (result !== undefined) points.push({ labels, value: result });
  }
  return points;
}

function summed(points: readonly Point[], by: readonly string[]): readonly Point[] {
  const sums = new Map<string, { labels: LabelSet; value: number }>();
  for (const { labels, value } of points) {
    const group = labels.keep(by);
    const sum = sums.get(group.key);
    if (sum === undefined) sums.set(group.key, { labels: group, value });
    else sum.value += value;
  }
  return [...sums.values()];
}

type Key = (labels: LabelSet) => string;

function keyOn(on: readonly string[] | undefined): Key {
  return on === undefined ? (labels) => labels.key : (labels) => labels.keep(on).key;
}

const SETS: Readonly<Record<'and' | 'or', (left: readonly Point[], right: readonly Point[], key: Key) => readonly Point[]>> = {
  and(left, right, key) {
    const there = new Set(right.map(({ labels }) => key(labels)));
    return left.filter(({ labels }) => there.has(key(labels)));
  },
  or(left, right, key) {
    const there = new Set(left.map(({ labels }) => key(labels)));
    return [...left, ...right.filter(({ labels }) => !there.has(key(labels)))];
  },
};
