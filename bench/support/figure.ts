import type { Program } from '../../test/interop/support/daemons.ts';
import { median, rounded } from './numbers.ts';

/** What a comparison must reach: the ratio of medians, ours to stock's. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One quantity measured of both servers, round by round. */
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
}

/** What one bench found out. */
export interface Section {
  readonly title: string;
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
export function isMet(comparison: Comparison): boolean | undefined {
  const { target } = comparison;
  if (target === undefined) return undefined;
  const ratio = ratioOf(comparison);
  return 'atLeast' in target ? ratio >= target.atLeast : ratio <= target.atMost;
}

/** A section of the results page. */
export function sectionText({ title, how, comparisons, rates }: Section): string {
  const lines = [`## ${title}`, '', how, ''];
  if (comparisons.length > 0) {
    lines.push('| what | unit | ours ÷ stock | target | ours: median (min – max) | stock: median (min – max) |');
    lines.push('|---|---|---:|---|---:|---:|', ...comparisons.map(comparisonLine), '');
  }
  if (rates.length > 0) {
    lines.push('| what | unit | ours |', '|---|---|---:|');
    lines.push(...rates.map(({ what, unit, value }) => `| ${what} | ${unit} | ${rounded(value)} |`), '');
  }
  return lines.join('\n');
}

function comparisonLine(comparison: Comparison): string {
  const { what, unit, values } = comparison;
  const cells = [what, unit, `**${rounded(ratioOf(comparison))}**`, targetText(comparison), spread(values.ours), spread(values.stock)];
  return `| ${cells.join(' | ')} |`;
}

function targetText(comparison: Comparison): string {
  const { target } = comparison;
  if (target === undefined) return '';
  const text = 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
  return `${text} ${isMet(comparison) === true ? 'met' : '**missed**'}`;
}

function spread(values: readonly number[]): string {
  return `${rounded(median(values))} (${rounded(Math.min(...values))} – ${rounded(Math.max(...values))})`;
}
