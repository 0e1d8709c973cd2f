import { changePriority } from '../host/process.ts';
import type { Notes } from '../messages/notes.ts';
import { START } from '../messages/start.ts';

/** `nice`: makes the process more or less urgent, and says whether that worked. As in stock, 0 is nothing to do. */
export function carryOutNice(nice: number | undefined, notes: Notes): void {
  if (nice === undefined || nice === 0) return;
  const failed = changePriority(nice);
  if (failed === undefined) notes.add(START.niceSet, { by: nice });
  else notes.add(START.niceFailed, { by: nice, reason: failed });
}
