import type { BoundFormula, Formula, Limit, Matcher, Operand, Selector } from './expression.ts';

/** The text of a formula for Prometheus. Where thresholds have no numbers yet, their names stand as `$name`: that is for people. */
export function promql(formula: Formula | BoundFormula): string {
  switch (formula.kind) {
    case 'selector':
      return selectorText(formula);
    case 'range':
      return `${formula.function}(${selectorText(formula.of)}[${windowText(formula.window)}])`;
    case 'sum':
      return `sum by (${formula.by.join(', ')}) (${promql(formula.of)})`;
    case 'arithmetic':
    case 'compare':
      return `${operandText(formula.left)} ${formula.operator} ${operandText(formula.right)}`;
    case 'set': {
      const on = formula.on === undefined ? '' : `on (${formula.on.join(', ')}) `;
      return `${operandText(formula.left)} ${formula.operator} ${on}${operandText(formula.right)}`;
    }
  }
}

/** Every operation in brackets, so that nobody has to know which binds more. */
function operandText(operand: Operand<number | Limit>): string {
  switch (operand.kind) {
    case 'time':
      return 'time()';
    case 'number':
      return typeof operand.value === 'number' ? String(operand.value) : `$${operand.value.name}`;
    case 'arithmetic':
    case 'compare':
    case 'set':
      return `(${promql(operand)})`;
    default:
      return promql(operand);
  }
}

function selectorText({ metric, match }: Selector): string {
  return match.length === 0 ? metric : `${metric}{${match.map(matcherText).join(', ')}}`;
}

function matcherText([label, operator, value]: Matcher): string {
  return `${label}${operator}${quoted(value)}`;
}

/** A string of PromQL, which reads escapes as Go does. */
export function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function windowText(window: number | Limit): string {
  return typeof window === 'number' ? durationText(window) : `$${window.name}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** `5m`, `90s`, `250ms`: a length of time in seconds, in the largest unit that counts it whole, as Prometheus reads it. */
export function durationText(length: number): string {
  const milliseconds = Math.round(length * 1000);
  if (milliseconds === 0) return '0s';
  const [name, size] = UNITS.find(([, each]) => milliseconds % each === 0) ?? ['ms', 1];
  return `${milliseconds / size}${name}`;
}
