/**
 * The language that rules are stated in: a part of PromQL, as values. From one expression come the text for Prometheus (`promql.ts`),
 * the evaluator inside the monitor (`evaluate.ts`) and what a rule needs to be supplied with (`inputs.ts`).
 */

/** A condition on a label, as PromQL has it; regular expressions match the whole value. */
export type Matcher = readonly [label: string, operator: '=' | '!=' | '=~' | '!~', value: string];

/** A threshold of the rule, by its name: its value is put in by `bind`. */
export interface Limit {
  readonly kind: 'limit';
  readonly name: string;
}

/** What the newest sample of each series of a metric says, unless it is older than five minutes or the series is gone. */
export interface Selector {
  readonly kind: 'selector';
  /** As samples are called: counters with `_total`. */
  readonly metric: string;
  readonly match: readonly Matcher[];
}

/** Functions over the samples of a length of time. */
export type RangeFunction = 'rate' | 'increase' | 'changes' | 'max_over_time';

/** Operators that compare. */
export type Comparison = '>' | '>=' | '<' | '<=' | '==' | '!=';

/** A formula whose numbers are of type `S`: numbers or limits where a rule is stated, numbers alone where it is evaluated. */
export type Expression<S> =
  | Selector
  | { readonly kind: 'range'; readonly function: RangeFunction; readonly of: Selector /** Seconds. */; readonly window: S }
  | { readonly kind: 'sum'; readonly by: readonly string[]; readonly of: Expression<S> }
  | { readonly kind: 'arithmetic'; readonly operator: '+' | '-' | '*' | '/'; readonly left: Expression<S>; readonly right: Operand<S> }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Expression<S>; readonly right: Operand<S> }
  | {
      readonly kind: 'set';
      readonly operator: 'and' | 'or';
      readonly left: Expression<S>;
      readonly right: Expression<S>;
      /** The labels that both sides have to share; all of them where it is undefined. */
      readonly on: readonly string[] | undefined;
    };

/** The right side of an operator: a vector, a number, or the time in seconds since 1970. */
export type Operand<S> = Expression<S> | { readonly kind: 'number'; readonly value: S } | { readonly kind: 'time' };

/** A formula with named thresholds, as rules state it. */
export type Formula = Expression<number | Limit>;

/** A formula with the numbers of one configuration, as it is evaluated. */
export type BoundFormula = Expression<number>;

type Given = Formula | number | Limit | { readonly kind: 'time' };

/** The time in seconds since 1970. */
export const TIME = { kind: 'time' } as const;

/** The threshold of this name. */
export function limit(name: string): Limit {
  return { kind: 'limit', name };
}

/** Series of a metric. */
export function metric(name: string, ...match: readonly Matcher[]): Selector {
  return { kind: 'selector', metric: name, match };
}

/** `rate(of[window])` and its kin; the window counts seconds. */
export function over(name: RangeFunction, of: Selector, window: number | Limit): Formula {
  return { kind: 'range', function: name, of, window };
}

/** `sum by (...) (of)`. */
export function sumBy(by: readonly string[], of: Formula): Formula {
  return { kind: 'sum', by, of };
}

/** Two vectors of equal labels, or a vector and a number, calculated with. */
export function calculate(left: Formula, operator: '+' | '-' | '*' | '/', right: Given): Formula {
  return { kind: 'arithmetic', operator, left, right: operand(right) };
}

/** What of the left side compares like this to the right. */
export function compare(left: Formula, operator: Comparison, right: Given): Formula {
  return { kind: 'compare', operator, left, right: operand(right) };
}

/** What of the left side has a partner on the right. */
export function and(left: Formula, right: Formula, on?: readonly string[]): Formula {
  return { kind: 'set', operator: 'and', left, right, on };
}

/** The left side, and what of the right has no partner there. */
export function or(left: Formula, right: Formula, on?: readonly string[]): Formula {
  return { kind: 'set', operator: 'or', left, right, on };
}

function operand(given: Given): Operand<number | Limit> {
  return typeof given === 'number' || given.kind === 'limit' ? { kind: 'number', value: given } : given;
}

/** Puts in the values of thresholds, and adds conditions to every selector. Throws RangeError for a threshold that is not among the values. */
export function bind(formula: Formula, values: ReadonlyMap<string, number>, match: readonly Matcher[]): BoundFormula {
  const number = (given: number | Limit): number => {
    if (typeof given === 'number') return given;
    const value = values.get(given.name);
    if (value === undefined) throw new RangeError(`there is no threshold ${given.name}`);
    return value;
  };
  const selector = (of: Selector): Selector => ({ ...of, match: [...of.match, ...match] });
  const side = (of: Operand<number | Limit>): Operand<number> => {
    if (of.kind === 'time') return of;
    return of.kind === 'number' ? { kind: 'number', value: number(of.value) } : whole(of);
  };
  const whole = (of: Formula): BoundFormula => {
    switch (of.kind) {
      case 'selector':
        return selector(of);
      case 'range':
        return { ...of, of: selector(of.of), window: number(of.window) };
      case 'sum':
        return { ...of, of: whole(of.of) };
      case 'arithmetic':
      case 'compare':
        return { ...of, left: whole(of.left), right: side(of.right) };
      case 'set':
        return { ...of, left: whole(of.left), right: whole(of.right) };
    }
  };
  return whole(formula);
}

/** The selectors of a formula, each with the seconds that it looks back; 0 for the newest sample alone. */
export function selectorsOf(formula: BoundFormula): readonly { readonly selector: Selector; readonly window: number }[] {
  const found: { selector: Selector; window: number }[] = [];
  const walk = (of: Operand<number>): void => {
    switch (of.kind) {
      case 'selector':
        found.push({ selector: of, window: 0 });
        return;
      case 'range':
        found.push({ selector: of.of, window: of.window });
        return;
      case 'sum':
        return walk(of.of);
      case 'arithmetic':
      case 'compare':
      case 'set':
        walk(of.left);
        return walk(of.right);
      case 'number':
      case 'time':
        return;
    }
  };
  walk(formula);
  return found;
}
