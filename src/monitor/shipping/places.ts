import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { after, milliseconds } from '../../base/units.ts';
import type { WallTime } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import { readTextFile, writeWholeFile } from '../../host/files.ts';
import type { LinePlace } from '../sources/line-tap.ts';

/** How long after a line its place is written: what comes in that time is read twice after a SIGKILL. */
const SAVE_AFTER = milliseconds(200);
const MAX_BYTES = 8 << 20;

/** How far the logs of daemons were read, kept in a file: never further than what was read is safe. */
export class LinePlaces {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #safe: () => Promise<boolean>;
  readonly #places: Map<string, LinePlace>;
  #changed = false;
  #cancel: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();

  /** `safe` resolves to true when every line so far is where it survives. */
  constructor(path: string, clock: Clock, safe: () => Promise<boolean>) {
    this.#path = path;
    this.#clock = clock;
    this.#safe = safe;
    this.#places = new Map(Object.entries(readPlaces(path)));
  }

  of(daemon: string): LinePlace | undefined {
    return this.#places.get(daemon);
  }

  /** Of each source the place that it told last. */
  set(daemon: string, place: LinePlace): void {
    this.#places.set(daemon, { ...this.#places.get(daemon), ...place });
    this.#changed = true;
    this.#cancel ??= this.#clock.schedule(after(this.#clock.now().at, SAVE_AFTER), () => {
      this.#saving = this.#saving.then(() => this.#save()).then(() => (this.#cancel = undefined));
    });
  }

  /** Forgets daemons that are watched no more. */
  keep(daemons: ReadonlySet<string>): void {
    for (const name of this.#places.keys()) if (!daemons.has(name)) this.#places.delete(name);
  }

  /** Writes what is known. */
  async close(): Promise<void> {
    this.#cancel?.();
    await this.#saving;
    await this.#save();
  }

  /** A place that cannot be written, or is not safe, costs doubles after the next start, and no line. */
  async #save(): Promise<void> {
    if (!this.#changed) return;
    this.#changed = false;
    const text = JSON.stringify(Object.fromEntries(this.#places));
    if (!(await this.#safe())) return;
    try {
      await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
      await writeWholeFile(this.#path, text);
    } catch {
      // The spools beside it say what is wrong with the disk.
    }
  }
}

/** Of a file that is missing, foreign or torn nothing is known. */
function readPlaces(path: string): Record<string, LinePlace> {
  try {
    const value: unknown = JSON.parse(readTextFile(path, MAX_BYTES));
    if (!isObject(value)) return {};
    return Object.fromEntries(Object.entries(value).map(([daemon, place]) => [daemon, placeFrom(place)]));
  } catch {
    return {};
  }
}

function placeFrom(value: unknown): LinePlace {
  const { file, management } = isObject(value) ? value : {};
  return {
    ...(isObject(file) && isCount(file['inode']) && isCount(file['position'])
      ? { file: { inode: file['inode'], position: file['position'] } }
      : {}),
    ...(isObject(management) && isCount(management['time']) && typeof management['text'] === 'string'
      ? { management: { time: wallOf(management['time']), text: management['text'] } }
      : {}),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

function wallOf(time: number): WallTime {
  return time as WallTime;
}
