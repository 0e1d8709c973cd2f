import { fstatSync } from 'node:fs';

/** The variable in which systemd says which stream it reads: `device:inode`. */
const VARIABLE = 'JOURNAL_STREAM';

/** True when what is written to this descriptor goes to systemd's journal, which takes a priority before each line. */
export function isJournal(fd: number, environment: Readonly<Record<string, string | undefined>> = process.env): boolean {
  const stream = environment[VARIABLE];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
