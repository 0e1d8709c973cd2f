/** Line ends of every kind, and what steers terminals: C0, DEL, C1 and the separators of Unicode. */
const CONTROL_CHARACTERS = /[\x00-\x1f\x7f-\x9f\u2028\u2029]/g;
const CONTROL_CHARACTER = new RegExp(CONTROL_CHARACTERS.source);

/** A peer's text made fit for logs, status lines, environments and scripts: one line, each control character `_`. */
export function printable(text: string): string {
  return CONTROL_CHARACTER.test(text) ? text.replace(CONTROL_CHARACTERS, '_') : text;
}
