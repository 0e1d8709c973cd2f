import { arityOf, type DirectiveRow, type Parameter } from './row.ts';

/**
 * What is wrong with the values of a directive, without `Options error: ` and place: `unrecognized` when there are too
 * few or too many, for which stock has one text that also covers unknown names.
 */
export function checkValues(row: DirectiveRow, values: readonly string[]): string | 'unrecognized' | undefined {
  const { min, max } = arityOf(row);
  if (values.length < min) return 'unrecognized';
  if (values.length > max) return row.parameters.some((each) => each.type.kind === 'command') ? tooManyWords(row, max) : 'unrecognized';
  for (const [i, value] of values.entries()) {
    const parameter: Parameter | undefined = row.parameters[Math.min(i, row.parameters.length - 1)];
    if (parameter === undefined || parameter.type.accepts(value)) continue;
    return parameter.type.stockError?.(value) ?? `--${row.name}: '${value}' is not ${parameter.type.expected}`;
  }
  return undefined;
}

/** Scripts with their arguments are the one thing that people forget to quote. */
function tooManyWords(row: DirectiveRow, max: number): string {
  const parameters = `${max} parameter${max === 1 ? '' : 's'}`;
  return `the --${row.name} directive should have at most ${parameters}.  To pass a list of arguments as one of the parameters, try enclosing them in double quotes ("").`;
}
