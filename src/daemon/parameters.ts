import type { Notes } from '../messages/notes.ts';
import { START } from '../messages/start.ts';

/** A block shows its name alone: `<key>[inline]</key>`. */
const BLOCK = /^<([\w-]+)>(.*)<\/\1>$/;
/** Their values may be anybody's secret, also where they are pushed; the name of a variable is none. */
const SECRET = /^(setenv(?:-safe)? \S+|auth-token|push "(?:setenv(?:-safe)? \S+|auth-token)) .*$/;

/** At verb 4, what was configured: a line for each directive, in the order in which they stand (facts: logging 2). */
export function noteParameters(notes: Notes, listing: readonly string[]): void {
  if (!notes.wants(START.parameter)) return;
  notes.add(START.parametersBegin, {});
  for (const line of listing) {
    const [, block, inside = ''] = BLOCK.exec(line) ?? [];
    if (block !== undefined) {
      notes.add(START.parameter, { name: block, value: inside });
      continue;
    }
    const shown = line.replace(SECRET, '$1 [hidden]');
    const blank = shown.indexOf(' ');
    // What has no value is on when it is there.
    const [name, value] = blank < 0 ? [shown, 'ENABLED'] : [shown.slice(0, blank), shown.slice(blank + 1)];
    notes.add(START.parameter, { name, value });
  }
}
