import { levelOf } from '../../../src/messages/kinds.ts';
import { recognise } from '../../../src/messages/recogniser.ts';

/** A line of a log as what counts of it: which message it is, with which level and flags. */
export interface ComparedLine {
  /** `ID WORD`, the word in hexadecimal; `unknown: TEXT WORD` for what no row of the catalogue knows. */
  readonly key: string;
  readonly word: number;
  readonly text: string;
}

/** The lines of a log with `machine-readable-output`. */
export function comparedLines(lines: readonly string[]): ComparedLine[] {
  return lines.map((line) => {
    const { row, word = -1, text } = recognise(line);
    return { key: `${row?.id ?? `unknown: ${text}`} ${word.toString(16)}`, word, text };
  });
}

/** Those that a log at this verbosity has. */
export function linesUpTo(lines: readonly ComparedLine[], verb: number): ComparedLine[] {
  return lines.filter(({ word }) => levelOf(word) <= verb);
}

/** What is in one and not in the other, order counting: the longest common sequence is taken out. */
export function differing(stock: readonly ComparedLine[], ours: readonly ComparedLine[]): string[] {
  const rows = Array.from({ length: stock.length + 1 }, () => new Array<number>(ours.length + 1).fill(0));
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = stock.length - 1; i >= 0; i--) {
    for (let j = ours.length - 1; j >= 0; j--) {
      const row = rows[i];
      if (row !== undefined) row[j] = stock[i]?.key === ours[j]?.key ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: string[] = [];
  for (let i = 0, j = 0; i < stock.length || j < ours.length; ) {
    if (i < stock.length && j < ours.length && stock[i]?.key === ours[j]?.key) {
      i++;
      j++;
    } else if (j >= ours.length || (i < stock.length && at(i + 1, j) >= at(i, j + 1))) found.push(`stock ${stock[i++]?.key}`);
    else found.push(`ours ${ours[j++]?.key}`);
  }
  return found;
}
