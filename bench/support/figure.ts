import type { Program } from '../../test/interop/support/daemons.ts';
import { median, rounded } from './numbers.ts';

/** What a figure must reach; for a comparison, the ratio of medians, ours to the other's. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One quantity measured of both, round by round. The other is stock's server unless the section says otherwise. */
export interface Comparison {
  readonly what: string;
  readonly unit: string;
  readonly target?: Target;
  readonly values: Readonly<Record<Program, readonly number[]>>;
}

/** One quantity of ours alone. */
export interface Rate {
  readonly what: string;
  readonly unit: string;
  readonly value: number;
  readonly target?: Target;
}

/** What one bench found out. */
export interface Section {
  readonly title: string;
  /** Whom ours is compared with; `stock` without it. */
  readonly beside?: string;
  /** How it was measured, in a sentence or two. */
  readonly how: string;
  readonly comparisons: readonly Comparison[];
  readonly rates: readonly Rate[];
}

/** Which server a round measures: ours, then stock, then ours again, so that a noisy moment hits both. */
export const PROGRAMS: readonly Program[] = ['ours', 'stock'];

/** Collects the values of many quantities, in the order in which they were first named. */
export class Comparisons {
  readonly #rows = new Map<string, { unit: string; target: Target | undefined; values: Record<Program, number[]> }>();

  add(program: Program, what: string, unit: string, value: number, target?: Target): void {
    const row = this.#rows.get(what) ?? { unit, target, values: { ours: [], stock: [] } };
    this.#rows.set(what, row);
    row.values[program].push(value);
  }

  list(): Comparison[] {
    return [...this.#rows].map(([what, { unit, target, values }]) => ({ what, unit, values, ...(target === undefined ? {} : { target }) }));
  }
}

/** Ours to stock's, by medians. */
export function ratioOf({ values }: Comparison): number {
  return median(values.ours) / median(values.stock);
}

/** Undefined where there is no target. */
export function isMet(figure: Comparison | Rate): boolean | undefined {
  const { target } = figure;
  if (target === undefined) return undefined;
  const value = 'value' in figure ? figure.value : ratioOf(figure);
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost;
}

/** A section of the results page. */
export function sectionText({ title, beside = 'stock', how, comparisons, rates }: Section): string {
  const lines = [`## ${title}`, '', how, ''];
  if (comparisons.length > 0) {
    lines.push(`| what | unit | ours ÷ ${beside} | target | ours: median (min – max) | ${beside}: median (min – max) |`);
    lines.push('|---|---|---:|---|---:|---:|', ...comparisons.map(comparisonLine), '');
  }
  if (rates.length > 0) {
    lines.push('| what | unit | ours | target |', '|---|---|---:|---|', ...rates.map(rateLine), '');
  }
  return lines.join('\n');
}

function comparisonLine(comparison: Comparison): string {
  const { what, unit, values } = comparison;
  const cells = [what, unit, `**${rounded(ratioOf(comparison))}**`, targetText(comparison), spread(values.ours), spread(values.stock)];
  return `| ${cells.join(' | ')} |`;
}

function rateLine(rate: Rate): string {
  const { what, unit, value } = rate;
  return `| ${[what, unit, rounded(value), targetText(rate)].join(' | ')} |`;
}

function targetText(figure: Comparison | Rate): string {
  const { target } = figure;
  if (target === undefined) return '';
  const text = 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
  return `${text} ${isMet(figure) === true ? 'met' : '**missed**'}`;
}

function spread(values: readonly number[]): string {
  return `${rounded(median(values))} (${rounded(Math.min(...values))} – ${rounded(Math.max(...values))})`;
}
