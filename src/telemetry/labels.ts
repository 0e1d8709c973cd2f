/** Label values as both exposition formats take them, whatever peers and operators called themselves. */

/** What no text of ours holds: control characters but the line feed, which has an escape, and halves of characters. */
const UNFIT = /[\0-\x09\x0b-\x1f\x7f\p{Surrogate}]/gu;
const ESCAPED = /[\\"\n]/g;
const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n' };

/** Names are cut here, in UTF-16 code units. */
const MAX_LENGTH = 256;

/** A name as a label shows it: bounded, and encodable. Names that are equal after this are one name. */
export function labelText(text: string): string {
  return text.slice(0, MAX_LENGTH).replace(UNFIT, '\ufffd');
}

/** What most values are: nothing in them has to be changed. */
const PLAIN = /^[ !#-[\]-~]{0,256}$/;

/** `a="b"` of a value that may hold anything. */
export function labelPair(name: string, value: string): string {
  if (PLAIN.test(value)) return `${name}="${value}"`;
  return `${name}="${labelText(value).replace(ESCAPED, (found) => ESCAPES[found] ?? found)}"`;
}

/** `{a="b",c="d"}`; nothing without pairs. */
export function labelBlock(pairs: readonly (readonly [name: string, value: string])[]): string {
  return pairs.length === 0 ? '' : `{${pairs.map(([name, value]) => labelPair(name, value)).join(',')}}`;
}
