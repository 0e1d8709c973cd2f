import { randomBytes } from 'node:crypto';
import { open, readFile, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TunnelscopeError } from '../base/errors.ts';
import { failureFrom, formatFailure } from './errno.ts';

/** What scripts are handed and hand back is small. */
const MAX_TEXT_BYTES = 1 << 20;

/**
 * Makes a file that only we can read, under a name that nobody can foresee; `folder` undefined takes the system's. Rejects with
 * `FILE`. The caller removes it.
 */
export async function writeTemporary(folder: string | undefined, content: string): Promise<string> {
  const path = join(folder ?? tmpdir(), `tunnelscope_${randomBytes(16).toString('hex')}.tmp`);
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    return path;
  } catch (thrown) {
    throw new TunnelscopeError('FILE', `cannot write ${path}: ${formatFailure(failureFrom(thrown))}`, { cause: thrown });
  }
}

/** The text of a small file; undefined when there is none. Rejects with `FILE` when it cannot be read or is too large. */
export async function readTextIfThere(path: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (thrown) {
    const failure = failureFrom(thrown);
    if (failure.code === 'ENOENT' || failure.code === 'ENOTDIR') return undefined;
    throw new TunnelscopeError('FILE', `cannot read ${path}: ${formatFailure(failure)}`, { cause: thrown });
  }
  if (bytes.length > MAX_TEXT_BYTES) throw new TunnelscopeError('FILE', `cannot read ${path}: it holds more than ${MAX_TEXT_BYTES} bytes`);
  return bytes.toString('utf8');
}

/** Removes a file; that it is gone already is no failure. */
export async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((thrown: unknown) => {
    if (failureFrom(thrown).code !== 'ENOENT') throw new TunnelscopeError('FILE', `cannot remove ${path}`, { cause: thrown });
  });
}
