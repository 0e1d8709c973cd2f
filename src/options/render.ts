import { quoteWord } from '../base/tokenize.ts';
import type { Directive } from './parse.ts';

/** Writes a name and its values as one line that the parser reads back. */
export function renderLine(name: string, values: readonly string[]): string {
  return [name, ...values].map(quoteWord).join(' ');
}

/** Writes a directive as it would stand in a file. What stood in a block is left out: it may be a key. */
export function renderDirective(directive: Directive): string {
  if (directive.block !== undefined) return `<${directive.name}>[inline]</${directive.name}>`;
  return renderLine(directive.name, directive.values);
}
