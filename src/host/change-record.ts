import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where records are; it goes with the next boot, as does what they tell of. */
export const RECORDS = '/run/tunnelscope';

/** Larger records than this are none of ours. */
const MAX_BYTES = 4 << 20;

/** Whose changes a record tells of: a process of this boot, in a network of its own or not. */
interface Owner {
  readonly boot: string;
  readonly network: string;
  /** In the system's ticks: tells it from a later process of the same number. */
  readonly started: string;
}

/**
 * What this process changed on the system and has to take back, in a file for as long as it stands: whoever starts after its violent
 * death puts it right. Where no such file can be written, there is none.
 */
export class ChangeRecord {
  readonly #folder: string;
  readonly #pid: number;

  constructor(pid: number, folder = RECORDS) {
    this.#folder = folder;
    this.#pid = pid;
  }

  /** Takes the place of what was written before; undefined: nothing is changed any more. */
  write(changes: unknown): void {
    const path = join(this.#folder, `${this.#pid}.json`);
    const owner = ownerOf(this.#pid);
    try {
      if (changes === undefined) return rmSync(path, { force: true });
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      writeFileSync(path, JSON.stringify({ ...owner, changes }), { mode: 0o600 });
    } catch {
      // Without the right to write there the client does without, as it did before.
    }
  }

  /** The changes of processes in this network that died, each told once. */
  static takeLeft(folder = RECORDS): unknown[] {
    const here = ownerOf(process.pid);
    return namesIn(folder).flatMap((name) => {
      const pid = Number(/^(\d+)\.json$/.exec(name)?.[1]);
      const record = readRecord(join(folder, name));
      if (Number.isNaN(pid) || record === undefined) return [];
      if (record.boot === here?.boot && (record.network !== here.network || ownerOf(pid)?.started === record.started)) return [];
      rmSync(join(folder, name), { force: true });
      return record.boot === here?.boot ? [record.changes] : [];
    });
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readRecord(path: string): (Owner & { readonly changes: unknown }) | undefined {
  try {
    const text = readFileSync(path, 'utf8');
    const read: unknown = text.length > MAX_BYTES ? undefined : JSON.parse(text);
    if (typeof read !== 'object' || read === null || !('changes' in read)) return undefined;
    const { boot, network, started } = { boot: '', network: '', started: '', ...read };
    return { boot, network, started, changes: read.changes };
  } catch {
    return undefined;
  }
}

/** Undefined for a process that is not there, and where the system does not tell. */
function ownerOf(pid: number): Owner | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return {
      boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
      network: readlinkSync(`/proc/${pid}/ns/net`),
      // The name before it stands in brackets and may hold anything.
      started: stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '',
    };
  } catch {
    return undefined;
  }
}
