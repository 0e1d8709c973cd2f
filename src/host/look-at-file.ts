import { constants } from 'node:fs';
import { open, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TunnelscopeError } from '../base/errors.ts';
import type { WallTime } from '../base/units.ts';
import { failureFrom } from './errno.ts';

/** A file as it was found. */
export interface SeenFile {
  /** Another one for another content, as far as the system tells. */
  readonly stamp: string;
  readonly changed: WallTime;
  readonly bytes: number;
}

/** What there is at a path now. Never waits on a pipe. Rejects with FILE in the system's words. */
export async function lookAtFile(path: string): Promise<SeenFile> {
  const found = await system(path, () => stat(path, { bigint: true }));
  if (!found.isFile()) throw new TunnelscopeError('FILE', `${path}: it is no file`);
  const { mtimeNs, ctimeNs, mtimeMs, size, ino, dev } = found;
  return { stamp: `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`, changed: Number(mtimeMs) as WallTime, bytes: Number(size) };
}

/** The text of a file of at most `limit` bytes, read without waiting for anybody. Rejects with FILE. */
export async function readTextAside(path: string, limit: number): Promise<string> {
  return system(path, async () => {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = await file.stat();
      if (!found.isFile()) throw new TunnelscopeError('FILE', `${path}: it is no file`);
      if (found.size > limit) throw new TunnelscopeError('FILE', `${path}: it holds more than ${limit} bytes`);
      return await file.readFile({ encoding: 'utf8' });
    } finally {
      await file.close();
    }
  });
}

/** Room on the disk that a file stands on, or would stand on. */
export async function roomFor(path: string): Promise<{ readonly freeBytes: number; readonly sizeBytes: number }> {
  return system(path, async () => {
    const { bsize, bavail, blocks } = await statfs(path).catch(() => statfs(dirname(path)));
    return { freeBytes: bsize * bavail, sizeBytes: bsize * blocks };
  });
}

async function system<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (thrown) {
    if (thrown instanceof TunnelscopeError) throw thrown;
    throw new TunnelscopeError('FILE', `${path}: ${failureFrom(thrown).words}`, { cause: thrown });
  }
}
