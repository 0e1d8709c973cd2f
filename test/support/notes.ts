import { Notes } from '../../src/messages/notes.ts';
import { renderRow } from '../../src/messages/row.ts';

/** Notes that are kept as the texts they become. */
export function recordedNotes(verb = 4): { readonly notes: Notes; readonly lines: string[] } {
  const lines: string[] = [];
  return { notes: new Notes(verb, (note) => lines.push(renderRow(note.row, note.args))), lines };
}
