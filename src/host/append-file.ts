import { close, constants, fstat, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { TunnelscopeError } from '../base/errors.ts';
import { failureFrom, formatFailure } from './errno.ts';

/** Where lines are appended, whoever reads them, at whatever speed. */
export interface AppendSink {
  /** Never waits. False when the line was dropped because too much is unwritten. */
  append(line: string | Uint8Array): boolean;
  /** Lines dropped so far, for want of room or because a write failed. */
  readonly dropped: number;
  /** When everything appended before the call was written or dropped. */
  flush(): Promise<void>;
  /** After a last flush. */
  close(): Promise<void>;
}

/** Unwritten bytes at most: seconds of the busiest log. */
const MAX_WAITING_BYTES = 4 << 20;
/** A write is never larger, so that a slow disk holds back little. */
const MAX_WRITE_BYTES = 256 << 10;

const writeBytes = promisify(write);
const closeDescriptor = promisify(close);
const statDescriptor = promisify(fstat);

/**
 * A log file: opened for appending, so that rotation by copy and truncate works, and without waiting for readers of
 * pipes; one write at a time. With descriptor 1 it is standard output.
 */
export class AppendFile implements AppendSink {
  readonly #maxWaiting: number;
  readonly #waiting: Buffer[] = [];
  #fd: number;
  #waitingBytes = 0;
  #dropped = 0;
  #failure: string | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  private constructor(fd: number, maxWaiting: number) {
    this.#fd = fd;
    this.#maxWaiting = maxWaiting;
  }

  /** Opens or makes the file (mode 0600); `truncate` for `log`, not for `log-append`. Throws `FILE` in the system's words. */
  static open(path: string, options: { readonly truncate: boolean; readonly maxWaitingBytes?: number }): AppendFile {
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
    try {
      const fd = openSync(path, options.truncate ? flags | constants.O_TRUNC : flags, 0o600);
      return new AppendFile(fd, options.maxWaitingBytes ?? MAX_WAITING_BYTES);
    } catch (thrown) {
      throw new TunnelscopeError('FILE', `cannot open ${path}: ${formatFailure(failureFrom(thrown))}`, { cause: thrown });
    }
  }

  /** An open descriptor, such as 1 for standard output. It is closed with the sink, but for 0 to 2. */
  static over(fd: number, maxWaitingBytes = MAX_WAITING_BYTES): AppendFile {
    return new AppendFile(fd, maxWaitingBytes);
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Why the last write failed; undefined when it did not. */
  get failure(): string | undefined {
    return this.#failure;
  }

  append(line: string | Uint8Array): boolean {
    const bytes = typeof line === 'string' ? Buffer.from(line) : Buffer.from(line);
    if (this.#closed || this.#waitingBytes + bytes.length > this.#maxWaiting) {
      this.#dropped++;
      return false;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#running ??= this.#run();
    return true;
  }

  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    const fd = this.#fd;
    this.#fd = -1;
    if (fd > 2) await closeDescriptor(fd);
  }

  /** True when the file has gone from its folder: somebody rotated it by renaming and removing. */
  async isUnlinked(): Promise<boolean> {
    return (await statDescriptor(this.#fd)).nlink === 0;
  }

  async #run(): Promise<void> {
    // Let the lines of this turn come together first.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#takeBatch();
      const bytes = Buffer.concat(batch);
      try {
        await this.#writeAll(bytes);
        this.#failure = undefined;
      } catch (thrown) {
        this.#failure = formatFailure(failureFrom(thrown));
        this.#dropped += batch.length;
      }
      this.#waitingBytes -= bytes.length;
    }
    this.#running = undefined;
  }

  #takeBatch(): Buffer[] {
    let count = 0;
    let bytes = 0;
    for (const line of this.#waiting) {
      if (count > 0 && bytes + line.length > MAX_WRITE_BYTES) break;
      bytes += line.length;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** A file system may take less than it was given. */
  async #writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await writeBytes(this.#fd, bytes, at);
      at += bytesWritten;
    }
  }
}

/** Keeps lines in memory; a test may make it full. */
export class FakeAppendSink implements AppendSink {
  readonly lines: string[] = [];
  dropped = 0;
  full = false;
  closed = false;

  append(line: string | Uint8Array): boolean {
    if (this.full) {
      this.dropped++;
      return false;
    }
    this.lines.push(typeof line === 'string' ? line : Buffer.from(line).toString());
    return true;
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}
