import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '../base/result.ts';
import { failureFrom, formatFailure } from './errno.ts';
import { readTextFile } from './files.ts';
import { reasonOf } from '../base/errors.ts';

/** How a configuration means to use a path. `write` also takes a file that can be made. */
export type PathUse = 'read' | 'write' | 'directory' | 'execute';

/** Undefined when a path can be used so; else the system's reason: `No such file or directory (errno=2)`. */
export function whyUnusable(path: string, use: PathUse): string | undefined {
  try {
    if (use === 'write') checkWritable(path);
    else if (use === 'directory' && !statSync(path).isDirectory()) return 'Not a directory (errno=20)';
    else accessSync(path, use === 'execute' ? constants.X_OK : constants.R_OK);
    return undefined;
  } catch (thrown) {
    return formatFailure(failureFrom(thrown));
  }
}

function checkWritable(path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (thrown) {
    if (failureFrom(thrown).code !== 'ENOENT') throw thrown;
    accessSync(dirname(path), constants.W_OK | constants.X_OK);
  }
}

/** The text of a file, or the system's reason why there is none. */
export function readText(path: string): Result<string, string> {
  try {
    // The system's own words first: errors of the wrapper name the path once more.
    accessSync(path, constants.R_OK);
    return ok(readTextFile(path));
  } catch (thrown) {
    const failure = failureFrom(thrown);
    return fail(failure.errno === 0 ? reasonOf(thrown) : formatFailure(failure));
  }
}

/** The names in a folder, in no order, or the system's reason why there are none. */
export function listFolder(path: string): Result<string[], string> {
  try {
    return ok(readdirSync(path));
  } catch (thrown) {
    return fail(formatFailure(failureFrom(thrown)));
  }
}

/** True when a key file can be read by others than its owner. */
export function isOpenToOthers(path: string): boolean {
  try {
    return (statSync(path).mode & 0o077) !== 0;
  } catch {
    return false;
  }
}
