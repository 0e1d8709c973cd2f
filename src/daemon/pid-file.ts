import { resolve } from 'node:path';
import { TunnelscopeError } from '../base/errors.ts';
import { writeWholeFile } from '../host/files.ts';
import { removeFile } from '../host/temporary.ts';

/** The file of `writepid`: written once a process, removed at its end. */
export class PidFile {
  #path: string | undefined;

  /** Throws FILE in stock's words. */
  async write(path: string | undefined, pid: number): Promise<void> {
    if (path === undefined) return;
    // Where it is now: a reload may change the folder that paths count from.
    const absolute = resolve(path);
    try {
      await writeWholeFile(absolute, `${pid}\n`, { mode: 0o644 });
    } catch (error) {
      const reason = /: ([^:]*\(errno=\d+\))$/.exec(String(error))?.[1] ?? String(error);
      throw new TunnelscopeError('FILE', `Open error on pid file ${path}: ${reason}`, { cause: error });
    }
    this.#path = absolute;
  }

  /** A process without root may not be able to; then the file stays, as with stock. */
  async remove(): Promise<void> {
    const path = this.#path;
    this.#path = undefined;
    if (path !== undefined) await removeFile(path).catch(() => undefined);
  }
}
