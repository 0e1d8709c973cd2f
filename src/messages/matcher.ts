import { partsOf, PLACEHOLDER_KINDS, type PlaceholderKind, type Row } from './row.ts';

/** Values by placeholder name. */
export type MatchedArgs = Readonly<Record<string, string>>;

/** One template of a row, ready to be compared with lines. */
export interface Matcher {
  readonly row: Row;
  /** What a line must begin with; may be empty. */
  readonly head: string;
  /** How much text is fixed: the more, the more specific. */
  readonly weight: number;
  /** The values, or undefined when the line is another message. Linear in the length of the line. */
  readonly match: (text: string) => MatchedArgs | undefined;
}

function fits(kind: PlaceholderKind, value: string): boolean {
  return PLACEHOLDER_KINDS[kind]?.test(value) ?? true;
}

/**
 * Compiles a template. Lines are hostile, so there is no backtracking: values of a checked kind are cut off from the right and
 * from the left at the nearest fixed text, what anything can stand in is left in the middle.
 */
export function compileTemplate(row: Row, template: string): Matcher {
  const { literals, placeholders } = partsOf(template);
  const head = literals[0] ?? '';
  const tail = placeholders.length === 0 ? '' : (literals.at(-1) ?? '');
  const weight = literals.reduce((sum, literal) => sum + literal.length, 0);
  const literal = (index: number): string => literals[index] ?? '';
  const checked = (index: number): boolean => {
    const kind = placeholders[index]?.kind;
    return kind !== undefined && PLACEHOLDER_KINDS[kind] !== undefined;
  };

  function match(text: string): MatchedArgs | undefined {
    if (placeholders.length === 0) return text === head ? {} : undefined;
    let from = head.length;
    let to = text.length - tail.length;
    if (from > to || !text.startsWith(head) || !text.endsWith(tail)) return undefined;
    const args: Record<string, string> = {};
    const take = (index: number, start: number, end: number): boolean => {
      const placeholder = placeholders[index];
      if (placeholder === undefined) return false;
      const value = text.slice(start, end);
      args[placeholder.name] = value;
      return fits(placeholder.kind, value);
    };
    const takeFirst = (index: number): boolean => {
      const at = text.indexOf(literal(index + 1), from);
      if (at < 0 || at + literal(index + 1).length > to || !take(index, from, at)) return false;
      from = at + literal(index + 1).length;
      return true;
    };
    const takeLast = (index: number): boolean => {
      const end = to;
      to = text.lastIndexOf(literal(index), end - literal(index).length);
      return to >= from && take(index, to + literal(index).length, end);
    };
    let first = 0;
    let last = placeholders.length - 1;
    while (first < last && checked(last)) if (!takeLast(last--)) return undefined;
    while (first < last && checked(first)) if (!takeFirst(first++)) return undefined;
    while (first < last) if (!takeFirst(first++)) return undefined;
    return take(first, from, to) ? args : undefined;
  }

  return { row, head, weight, match };
}
