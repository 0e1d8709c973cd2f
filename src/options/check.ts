import { arityOf, type DirectiveRow, type Parameter } from './row.ts';

/** What is wrong with a directive: stock has one text for unknown names and wrong counts, and many for wrong values. */
export type Fault = { readonly kind: 'unrecognized' } | { readonly kind: 'value'; readonly text: string };

/** Checks the values of a directive. Texts are without `Options error: ` and place. */
export function checkValues(row: DirectiveRow, values: readonly string[]): Fault | undefined {
  const { min, max } = arityOf(row);
  if (values.length < min) return { kind: 'unrecognized' };
  if (values.length > max) {
    const hasCommand = row.parameters.some((each) => each.type.kind === 'command');
    return hasCommand ? { kind: 'value', text: tooManyWords(row, max) } : { kind: 'unrecognized' };
  }
  for (const [i, value] of values.entries()) {
    const parameter: Parameter | undefined = row.parameters[Math.min(i, row.parameters.length - 1)];
    if (parameter === undefined || parameter.type.accepts(value)) continue;
    return { kind: 'value', text: parameter.type.stockError?.(value) ?? `--${row.name}: '${value}' is not ${parameter.type.expected}` };
  }
  return undefined;
}

/** Scripts with their arguments are the one thing that people forget to quote. */
function tooManyWords(row: DirectiveRow, max: number): string {
  const parameters = `${max} parameter${max === 1 ? '' : 's'}`;
  return `the --${row.name} directive should have at most ${parameters}.  To pass a list of arguments as one of the parameters, try enclosing them in double quotes ("").`;
}
