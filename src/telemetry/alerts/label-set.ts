import { createHash } from 'node:crypto';
import type { Matcher } from './expression.ts';

/** The labels of a series or of an alert: no two names alike, in the order of their names. What is made of it is kept. */
export class LabelSet {
  static readonly EMPTY = new LabelSet([]);
  readonly pairs: ReadonlyMap<string, string>;
  /** Equal for equal sets. */
  readonly key: string;
  readonly #kept = new Map<string, LabelSet>();

  private constructor(sorted: readonly (readonly [string, string])[]) {
    this.pairs = new Map(sorted);
    this.key = sorted.map(([name, value]) => `${name}\0${value}`).join('\0\0');
  }

  /** A label without a value is none. */
  static of(pairs: Iterable<readonly [name: string, value: string]>): LabelSet {
    const filled = [...new Map(pairs)].filter(([, value]) => value !== '');
    return new LabelSet(filled.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  }

  /** Those of these names alone. */
  keep(names: readonly string[]): LabelSet {
    const which = names.join('\0');
    let kept = this.#kept.get(which);
    if (kept === undefined) {
      kept = LabelSet.of([...this.pairs].filter(([name]) => names.includes(name)));
      this.#kept.set(which, kept);
    }
    return kept;
  }

  /** Sixteen digits that are equal for equal sets. */
  get fingerprint(): string {
    return createHash('sha256').update(this.key).digest('hex').slice(0, 16);
  }
}

/** What tells whether a value meets a condition; a missing label counts as empty. Throws SyntaxError for a wrong regular expression. */
export function meets([, operator, wanted]: Matcher): (value: string) => boolean {
  if (operator === '=') return (value) => value === wanted;
  if (operator === '!=') return (value) => value !== wanted;
  const pattern = new RegExp(`^(?:${wanted})$`, 'su');
  return operator === '=~' ? (value) => pattern.test(value) : (value) => !pattern.test(value);
}

/** Text as a regular expression that matches it alone, for RE2 and JavaScript alike. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
