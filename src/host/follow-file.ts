import type { Stats } from 'node:fs';
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { TunnelscopeError } from '../base/errors.ts';
import { failureFrom } from './errno.ts';

/** How a file is read. */
export interface FollowOptions {
  /** Go on when its end is reached: wait for more, and for the file that takes its place after a rotation. */
  readonly follow: boolean;
  /** Begins at the end of what is there. */
  readonly fromEnd?: boolean;
  /** Called once the file is open. */
  readonly opened?: () => void;
  /** How often to look for more, in milliseconds. */
  readonly everyMs?: number;
  /** Ends the following. */
  readonly signal?: AbortSignal;
  /** Begins there, if it is still that file; else as `fromEnd` says. */
  readonly from?: FilePlace | undefined;
  /** Hears how far lines were taken by whoever asked for them. */
  readonly reached?: ((place: FilePlace) => void) | undefined;
  /** Leaves a line that has no end yet to a later reading. */
  readonly whole?: boolean;
}

/** A place in a file, whatever that is called by now. */
export interface FilePlace {
  readonly inode: number;
  /** Bytes before it: a line begins there. */
  readonly position: number;
}

const EVERY_MS = 200;
const CHUNK_BYTES = 256 << 10;
/** A line without an end is given in pieces. */
const MAX_LINE = 1 << 20;
const LINE_FEED = 0x0a;
/** Rotated files that are looked at. */
const MAX_BESIDE = 1000;

/** The lines of a file, without their ends, the last one also without its end. Throws FILE. */
export async function* fileLines(path: string, options: FollowOptions): AsyncGenerator<string> {
  let file = await openFile(path);
  const lines = new LineCutter();
  const buffer = Buffer.alloc(CHUNK_BYTES);
  // Pipes have no positions, and no successors.
  const found = await file.stat();
  const isFile = found.isFile();
  let position = isFile ? startIn(found, options) : 0;
  let place: FilePlace = { inode: found.ino, position };
  try {
    options.opened?.();
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, isFile ? position : null);
      const piece = buffer.subarray(0, bytesRead);
      yield* lines.push(piece);
      const end = piece.lastIndexOf(LINE_FEED);
      if (end !== -1) place = { ...place, position: position + end + 1 };
      position += bytesRead;
      if (isFile) options.reached?.(place);
      if (bytesRead > 0) continue;
      if (!options.follow || !isFile || options.signal?.aborted === true) break;
      const next = await successor(path, file, position);
      if (next === 'truncated') {
        position = 0;
        place = { ...place, position };
      } else if (next !== undefined) {
        yield* lines.end();
        await file.close();
        file = next;
        position = 0;
        place = { inode: (await file.stat()).ino, position };
      } else await pause(options.everyMs ?? EVERY_MS, options.signal);
    }
    if (options.whole !== true) yield* lines.end();
  } finally {
    await file.close();
  }
}

function startIn({ ino, size }: Stats, { from, fromEnd }: FollowOptions): number {
  if (from !== undefined && from.inode === ino && from.position <= size) return from.position;
  return fromEnd === true ? size : 0;
}

/** Where the file with this inode is now: at its path, or beside it under a longer name, where rotation has put it. */
export async function findByInode(path: string, inode: number): Promise<string | undefined> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(basename(path))).slice(0, MAX_BESIDE)) {
    const found = await stat(join(folder, name)).catch(() => undefined);
    if (found?.isFile() === true && found.ino === inode) return join(folder, name);
  }
  return undefined;
}

/** The lines of a stream, such as standard input. */
export async function* streamLines(stream: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const lines = new LineCutter();
  for await (const chunk of stream) yield* lines.push(chunk);
  yield* lines.end();
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, 'r');
    if (!(await file.stat()).isDirectory()) return file;
    await file.close();
  } catch (thrown) {
    throw new TunnelscopeError('FILE', `cannot open ${path}: ${failureFrom(thrown).words}`, { cause: thrown });
  }
  throw new TunnelscopeError('FILE', `cannot open ${path}: it is a directory`);
}

/** What to read after the end of a file: the same from the start when it was truncated, or the one that took its place. */
async function successor(path: string, file: FileHandle, position: number): Promise<FileHandle | 'truncated' | undefined> {
  const own = await file.stat();
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return undefined;
  if (own.ino === there.ino && own.dev === there.dev) return own.size < position ? 'truncated' : undefined;
  // What was written between the last read and the rotation comes first.
  if (own.size > position) return undefined;
  return open(path, 'r').catch(() => undefined);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, milliseconds);
    signal?.addEventListener('abort', finish);
  });
}

class LineCutter {
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  *push(bytes: Buffer): Generator<string> {
    const lines = (this.#rest + this.#decoder.write(bytes)).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    if (this.#rest.length > MAX_LINE) yield* this.end();
  }

  *end(): Generator<string> {
    const rest = this.#rest + this.#decoder.end();
    this.#rest = '';
    if (rest !== '') yield rest;
  }
}
