import { resolve } from 'node:path';
import { reasonOf } from '../base/errors.ts';
import { runThrough } from '../base/steps.ts';
import { after, type Instant, seconds } from '../base/units.ts';
import type { AddressPool, PoolEntry } from '../engine/pool.ts';
import type { Clock } from '../host/clock.ts';
import { type HeldFiles, StateFile } from '../host/files.ts';
import { readTextIfThere } from '../host/temporary.ts';
import { OURS } from '../messages/ours.ts';
import type { Notes } from '../messages/notes.ts';
import { runPaced } from '../service/paced.ts';

/** Between writes that changes ask for. */
const CHANGE_PAUSE = seconds(1);

/** What files of state are kept with. */
export interface FileWorld {
  readonly clock: Clock;
  readonly notes: Notes;
  /** Those that stay open. */
  readonly held: HeldFiles;
}

/**
 * A file that shows the newest state: written at the start and after the first second, then in its interval, and once more at the
 * end. A failure is said once, until a write succeeds again.
 */
export class PeriodicFile {
  readonly #path: string;
  readonly #held: HeldFiles;
  readonly #file: StateFile;
  readonly #content: () => Generator<void, Uint8Array, void>;
  readonly #clock: Clock;
  readonly #everySeconds: number;
  #cancel: (() => void) | undefined;
  /** Cancels the write that a change asked for. */
  #soon: (() => void) | undefined;
  #changedAt: Instant | undefined;
  #stopped = false;
  /** Content is being made, and must be made again. */
  #making = false;
  #again = false;
  /** The newest write failed. */
  #failing = false;
  #said = false;

  /** `everySeconds` 0 writes at the end alone. `content` makes in steps what is to be shown. */
  constructor(path: string, everySeconds: number, content: () => Generator<void, Uint8Array, void>, world: FileWorld) {
    const { clock, notes, held } = world;
    const failed = (error: unknown): void => {
      if (!this.#said) notes.add(OURS.stateFileFailed, { file: path, reason: reasonOf(error) });
      this.#said = true;
      this.#failing = true;
    };
    // A reload reads from other folders for a moment, while a write may be under way.
    this.#path = resolve(path);
    this.#held = held;
    let inPlace = false;
    const onInPlace = (): void => {
      if (!inPlace) notes.add(OURS.stateFileInPlace, { file: path });
      inPlace = true;
    };
    this.#file = new StateFile(this.#path, failed, held, { onInPlace });
    this.#content = content;
    this.#clock = clock;
    this.#everySeconds = everySeconds;
  }

  /** Makes the file at once: readers that look for it shall find it. */
  start(): void {
    if (this.#everySeconds === 0) return;
    this.write();
    this.#arm(Math.min(1, this.#everySeconds));
  }

  /** Writes now, or as soon as what is being made is written; the interval goes on. */
  write(): void {
    if (this.#making) {
      this.#again = true;
      return;
    }
    this.#making = true;
    this.#again = false;
    runPaced(this.#content(), this.#clock, (content) => {
      this.#making = false;
      if (this.#stopped) return;
      this.#hand(content);
      if (this.#again) this.write();
    });
  }

  #hand(content: Uint8Array): void {
    this.#said &&= this.#failing;
    this.#failing = false;
    this.#file.write(content);
  }

  /** Writes when something changed: now, or a second after the last change that was written. Without an interval, never. */
  writeSoon(): void {
    if (this.#everySeconds === 0 || this.#soon !== undefined || this.#stopped) return;
    const now = this.#clock.now();
    const at = this.#changedAt === undefined ? now.at : after(this.#changedAt, CHANGE_PAUSE);
    this.#soon = this.#clock.schedule(at > now.at ? at : now.at, () => {
      this.#soon = undefined;
      this.#changedAt = this.#clock.now().at;
      this.write();
    });
  }

  /** Keeps the file open, for after root is given away. */
  async hold(): Promise<void> {
    await this.#file.settled();
    await this.#held.hold(this.#path);
  }

  /** Writes a last time. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#soon?.();
    this.#hand(runThrough(this.#content()));
    await this.#file.settled();
  }

  #arm(inSeconds: number): void {
    this.#cancel = this.#clock.schedule(after(this.#clock.now().at, seconds(inSeconds)), () => {
      this.write();
      this.#arm(this.#everySeconds);
    });
  }
}

/** An `ifconfig-pool-persist` file: lines `CN,IPv4,IPv6` (facts: status 10). */
export function* poolContent(pool: AddressPool): Generator<void, Uint8Array, void> {
  const lines = pool.entries().map((entry) => `${entry.commonName},${entry.address4},${entry.address6}\n`);
  yield;
  return Buffer.from(lines.join(''));
}

/** What an earlier run left; nothing when there is no such file. */
export async function readPoolFile(path: string, held: HeldFiles): Promise<PoolEntry[]> {
  const text = await readTextIfThere(path).catch(async (error: unknown) => {
    // After root was given away the name may lead nowhere.
    const kept = await held.read(path);
    if (kept === undefined) throw error;
    return kept;
  });
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      // Names may hold commas; addresses do not.
      const parts = line.split(',');
      const address6 = parts.length > 2 ? (parts.pop() ?? '') : '';
      const address4 = parts.pop() ?? '';
      return { commonName: parts.join(','), address4, address6 };
    });
}
