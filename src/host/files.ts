import { closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { TunnelscopeError } from '../base/errors.ts';
import { failureFrom, formatFailure } from './errno.ts';

/** The largest file that a configuration may name: a revocation list of a large authority still fits. */
export const MAX_FILE_BYTES = 32 << 20;

/** Reads a whole file. Throws `FILE` with the system's words when it cannot, or when it holds more than `limit` bytes. */
export function readWholeFile(path: string, limit = MAX_FILE_BYTES): Buffer {
  try {
    return readDescriptor(openSync(path, 'r'), path, limit);
  } catch (thrown) {
    throw fileError(`cannot read ${path}`, thrown);
  }
}

/** The same as text. A byte order mark is taken off. */
export function readTextFile(path: string, limit = MAX_FILE_BYTES): string {
  const text = readWholeFile(path, limit).toString('utf8');
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}

function readDescriptor(fd: number, path: string, limit: number): Buffer {
  try {
    if (fstatSync(fd).isDirectory()) throw new TunnelscopeError('FILE', `cannot read ${path}: it is a directory`);
    const pieces: Buffer[] = [];
    let total = 0;
    for (;;) {
      const piece = Buffer.allocUnsafe(65_536);
      const count = readSync(fd, piece);
      if (count === 0) return Buffer.concat(pieces);
      total += count;
      if (total > limit) throw new TunnelscopeError('FILE', `cannot read ${path}: it holds more than ${limit} bytes`);
      pieces.push(piece.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}

function fileError(what: string, thrown: unknown): TunnelscopeError {
  if (thrown instanceof TunnelscopeError) return thrown;
  return new TunnelscopeError('FILE', `${what}: ${formatFailure(failureFrom(thrown))}`, { cause: thrown });
}

/** Tells whether a file is another than when it was last looked at: by size, time of change and inode. */
export class FileWatch {
  readonly #path: string;
  #stamp: string | undefined;

  /** Takes the file as it is now for known. */
  constructor(path: string) {
    this.#path = path;
    this.#stamp = stampOf(path);
  }

  /** `changed` once for each change; `missing` as long as there is no such file. One system call: cheap enough for every handshake. */
  look(): 'same' | 'changed' | 'missing' {
    const stamp = stampOf(this.#path);
    if (stamp === undefined) return 'missing';
    if (stamp === this.#stamp) return 'same';
    this.#stamp = stamp;
    return 'changed';
  }
}

function stampOf(path: string): string | undefined {
  try {
    const { mtimeNs, ctimeNs, size, ino } = statSync(path, { bigint: true });
    return `${mtimeNs} ${ctimeNs} ${size} ${ino}`;
  } catch {
    return undefined;
  }
}

/** How a file is written. */
export interface WriteOptions {
  /** Of a new file; one that exists keeps its own. */
  readonly mode?: number;
  /** Hears that it was written in place: who reads at that moment may see a part. */
  readonly onInPlace?: () => void;
}

const DEFAULT_MODE = 0o600;

/**
 * Writes a file so that readers see the old content or the new, never a part: beside it, then renamed over it. Mode and
 * owner of an existing file are kept. What is no regular file (`/dev/stdout`, a pipe) and what lies in a folder that
 * cannot be written is written in place. Rejects with `FILE`.
 */
export async function writeWholeFile(path: string, content: Uint8Array | string, options: WriteOptions = {}): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    const known = await stat(target).catch(() => undefined);
    if (known !== undefined && !known.isFile()) return await writeInPlace(target, content, options);
    const done = await replace(target, content, known, options);
    if (!done) await writeInPlace(target, content, options);
  } catch (thrown) {
    throw fileError(`cannot write ${path}`, thrown);
  }
}

let serial = 0;

/** False when the folder takes no new file. */
async function replace(
  target: string,
  content: Uint8Array | string,
  known: { readonly mode: number; readonly uid: number; readonly gid: number } | undefined,
  options: WriteOptions,
): Promise<boolean> {
  const beside = join(dirname(target), `.${basename(target)}.${process.pid}.${serial++}.tmp`);
  const mode = (known?.mode ?? options.mode ?? DEFAULT_MODE) & 0o7777;
  const file = await open(beside, 'wx', mode).catch((error: unknown) => {
    if (IN_PLACE.has(failureFrom(error).code)) return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    await file.writeFile(content);
    await file.chmod(mode);
    const own = await file.stat();
    if (known !== undefined && (known.uid !== own.uid || known.gid !== own.gid))
      await file.chown(known.uid, known.gid).catch(() => undefined);
    await file.close();
    await rename(beside, target);
    return true;
  } catch (thrown) {
    await file.close().catch(() => undefined);
    await unlink(beside).catch(() => undefined);
    throw thrown;
  }
}

/** Privileges were dropped since the start, say, and only the file itself is ours. */
const IN_PLACE = new Set(['EACCES', 'EPERM', 'EROFS']);

async function writeInPlace(target: string, content: Uint8Array | string, options: WriteOptions): Promise<void> {
  const file = await open(
    target,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NONBLOCK,
    options.mode ?? DEFAULT_MODE,
  );
  try {
    await file.writeFile(content);
    options.onInPlace?.();
  } finally {
    await file.close();
  }
}

/**
 * Files that stay open, for a process that gives root away: where it may not open them any more, it still reads and writes
 * them. Names count from the working directory of the time.
 */
export class HeldFiles {
  readonly #files = new Map<string, FileHandle>();

  /** Opens a regular file, made if it is not there. What cannot be opened is not held: its next write says why. */
  async hold(path: string): Promise<void> {
    const key = resolve(path);
    if (this.#files.has(key)) return;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK;
    const file = await open(key, flags, DEFAULT_MODE).catch(() => undefined);
    if (file === undefined) return;
    if ((await file.stat()).isFile()) this.#files.set(key, file);
    else await file.close();
  }

  /** True of a file that can be written whatever its folder says now. */
  has(path: string): boolean {
    return this.#files.has(resolve(path));
  }

  /** The text of a file that is held; undefined of any other. */
  async read(path: string): Promise<string | undefined> {
    const file = this.#files.get(resolve(path));
    if (file === undefined) return undefined;
    const bytes = Buffer.alloc(Math.min((await file.stat()).size, MAX_FILE_BYTES));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.toString('utf8', 0, bytesRead);
  }

  /** As `writeWholeFile`; what may not be written by name is written in place when it is held. */
  async write(path: string, content: Uint8Array | string, options: WriteOptions = {}): Promise<void> {
    try {
      await writeWholeFile(path, content, options);
    } catch (thrown) {
      const file = this.#files.get(resolve(path));
      if (file === undefined) throw thrown;
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      await file.write(bytes, 0, bytes.length, 0);
      await file.truncate(bytes.length);
      options.onInPlace?.();
    }
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }
}

/** Writes the newest state of one file again and again: while a write is under way only the latest content waits. */
export class StateFile {
  readonly #path: string;
  readonly #options: WriteOptions;
  readonly #held: HeldFiles;
  readonly #failed: (error: unknown) => void;
  #next: Uint8Array | string | undefined;
  #running: Promise<void> | undefined;

  /** `failed` hears each write that did not succeed; the next is tried all the same. */
  constructor(path: string, failed: (error: unknown) => void, held = new HeldFiles(), options: WriteOptions = {}) {
    this.#path = path;
    this.#failed = failed;
    this.#held = held;
    this.#options = options;
  }

  /** Takes the place of content that still waits. */
  write(content: Uint8Array | string): void {
    this.#next = content;
    this.#running ??= this.#run();
  }

  /** When all is written. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#next !== undefined) {
      const content = this.#next;
      this.#next = undefined;
      await this.#held.write(this.#path, content, this.#options).catch(this.#failed);
    }
    this.#running = undefined;
  }
}
