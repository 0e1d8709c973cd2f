import { readdir, readFile } from 'node:fs/promises';
import type { WallTime } from '../base/units.ts';

/** A process as the system sees it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly started: WallTime;
  /** User and system, since its start. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Undefined where only its owner may look. */
  readonly openFiles: number | undefined;
  readonly maxOpenFiles: number | undefined;
}

/** Linux counts these in hundredths for programs, whatever it counts itself. */
const TICKS_A_SECOND = 100;
const PAGE_BYTES = 4096;

/** Reads `/proc`; undefined when there is no such process. `root` is for tests. */
export async function processFacts(pid: number, root = '/proc'): Promise<ProcessFacts | undefined> {
  const folder = `${root}/${pid}`;
  const [stat, boot] = await Promise.all([textOf(`${folder}/stat`), textOf(`${root}/stat`)]);
  if (stat === undefined || boot === undefined) return undefined;
  // The name stands in brackets and may hold any of them.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, started = 0, pages = 0] = [fields[11], fields[12], fields[19], fields[21]];
  const bootSeconds = Number(/^btime (\d+)$/m.exec(boot)?.[1] ?? 0);
  const [status, limits, files] = await Promise.all([
    textOf(`${folder}/status`),
    textOf(`${folder}/limits`),
    readdir(`${folder}/fd`).catch(() => undefined),
  ]);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status ?? '')?.[1];
  const most = /^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1];
  return {
    pid,
    started: ((bootSeconds + started / TICKS_A_SECOND) * 1000) as WallTime,
    cpuSeconds: (user + system) / TICKS_A_SECOND,
    residentBytes: resident === undefined ? pages * PAGE_BYTES : Number(resident) * 1024,
    openFiles: files?.length,
    maxOpenFiles: most === undefined ? undefined : Number(most),
  };
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
