import { type FileHandle, open, rename, stat } from 'node:fs/promises';
import { TunnelscopeError } from '../base/errors.ts';
import type { Duration } from '../base/units.ts';
import { failureFrom, formatFailure } from './errno.ts';

/** When a file is put aside, and how many of those stay: `path.1` is the newest. */
export interface Rotation {
  readonly maxBytes: number;
  readonly maxAge: Duration;
  readonly keep: number;
}

interface OpenFile {
  readonly handle: FileHandle;
  bytes: number;
  /** When it was made, in milliseconds since 1970. */
  readonly born: number;
  readonly inode: number;
}

const FILE_MODE = 0o640;
const TAIL = 64 << 10;

/** A file of whole lines that is rotated by size and age. Of one that ends within a line, after an end in the middle of a write, that part is cut off. */
export class RotatingFile {
  readonly #path: string;
  readonly #rotation: Rotation;
  #file: OpenFile | undefined;

  constructor(path: string, rotation: Rotation) {
    this.#path = path;
    this.#rotation = rotation;
  }

  /** When the system has taken the lines; all of them are in one file. Rejects with FILE, and then none of them counts. */
  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    try {
      let file = await this.#current();
      const { maxBytes, maxAge } = this.#rotation;
      const full = file.bytes > 0 && file.bytes + bytes.length > maxBytes;
      if (full || Date.now() - file.born > maxAge) {
        await this.#rotate();
        file = await this.#current();
      }
      for (let at = 0; at < bytes.length; ) at += (await file.handle.write(bytes, at, bytes.length - at, file.bytes + at)).bytesWritten;
      file.bytes += bytes.length;
    } catch (thrown) {
      await this.close();
      throw new TunnelscopeError('FILE', `cannot write ${this.#path}: ${formatFailure(failureFrom(thrown))}`, { cause: thrown });
    }
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.handle.close().catch(() => undefined);
  }

  /** The file at the path, opened anew when others have put it away. */
  async #current(): Promise<OpenFile> {
    const there = await stat(this.#path).catch(() => undefined);
    if (this.#file !== undefined && there?.ino !== this.#file.inode) await this.close();
    if (this.#file !== undefined) return this.#file;
    const handle = await open(this.#path, there === undefined ? 'w+' : 'r+', FILE_MODE);
    const found = await handle.stat();
    const bytes = await wholeLines(handle, found.size);
    if (bytes < found.size) await handle.truncate(bytes);
    // Where the system knows no birth it says 1970, or the last change.
    const born = found.birthtimeMs > 0 ? found.birthtimeMs : found.mtimeMs;
    this.#file = { handle, bytes, born, inode: found.ino };
    return this.#file;
  }

  async #rotate(): Promise<void> {
    const { keep } = this.#rotation;
    await this.close();
    for (let number = keep - 1; number >= 1; number--)
      await rename(`${this.#path}.${number}`, `${this.#path}.${number + 1}`).catch(() => undefined);
    await rename(this.#path, `${this.#path}.1`);
  }
}

/** Bytes up to the end of the last whole line. */
async function wholeLines(handle: FileHandle, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    const begin = Math.max(0, end - TAIL);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - begin), 0, end - begin, begin);
    const last = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
    if (last !== -1) return begin + last + 1;
    end = begin;
  }
  return 0;
}
