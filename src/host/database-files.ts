import { existsSync, renameSync } from 'node:fs';

/** The files of a database in SQLite, as what follows its path: itself, its write-ahead log, and the index of that. */
export const DATABASE_FILES = ['', '-wal', '-shm'] as const;

/** Puts a database that nobody has open aside, under a name that none has. Gives the name. Throws what the system says. */
export function setDatabaseAside(path: string): string {
  let number = 1;
  while (DATABASE_FILES.some((file) => existsSync(`${path}.damaged-${number}${file}`))) number++;
  const aside = `${path}.damaged-${number}`;
  // What the log of a damaged database holds may be sound: it goes along.
  for (const file of DATABASE_FILES.toReversed()) if (existsSync(path + file)) renameSync(path + file, aside + file);
  return aside;
}
