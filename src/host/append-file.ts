import { close, constants, fstat, fstatSync, openSync, stat, write } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { TunnelscopeError } from '../base/errors.ts';
import { failureFrom, formatFailure } from './errno.ts';

/** What a log file tells of itself, for a line of the log. */
export type AppendNews =
  /** Writing works again after `milliseconds`; `lost` lines were dropped meanwhile, just before the next line. */
  | { readonly kind: 'recovered'; readonly lost: number; readonly milliseconds: number; readonly reason: string }
  | { readonly kind: 'reopened' }
  /** The file was renamed or removed and cannot be opened again: the old one is still written. Said once. */
  | { readonly kind: 'reopen-failed'; readonly reason: string };

/** How a file is opened. */
export interface AppendOptions {
  /** Empty it first: `log`, not `log-append`. */
  readonly truncate: boolean;
  /** Unwritten bytes at most. */
  readonly maxWaitingBytes?: number;
  /** Look so often whether it was renamed or removed. */
  readonly lookEveryMs?: number;
}

/** Unwritten bytes at most: seconds of the busiest log. */
const MAX_WAITING_BYTES = 4 << 20;
/** A write is never larger, so that a slow disk holds back little. */
const MAX_WRITE_BYTES = 256 << 10;
/** A full pipe is looked at again soon, a failing disk less often. */
const RETRY_MS = { full: 20, failed: 200 };
/** Lines are collected for so long before they are written: to wake the thread that writes costs more than making them does. */
const COLLECT_MS = 10;
/** How long the end waits for a reader or a disk. */
const CLOSE_LIMIT_MS = 1000;
/** So that a rotated file is noticed within a second. */
const LOOK_EVERY_MS = 500;
const APPENDING = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
/** After an overflow, lines are taken again from so much room on: not one by one. */
const ROOM_AGAIN = 0.75;
/** A reader that is slow for a moment is no news. */
const BUSY = 'EAGAIN';

const writeBytes = promisify(write);
const closeDescriptor = promisify(close);
const statDescriptor = promisify(fstat);
const statPath = promisify(stat);

/**
 * A log file: opened for appending, so that rotation by copy and truncate works, and without waiting for readers of
 * pipes; one write at a time. What cannot be written now is tried again, in order, while a bounded queue takes what
 * comes after. A file that was renamed or removed is opened anew under its path. With descriptor 1 it is standard output.
 */
export class AppendFile {
  /** Hears of trouble that is over and of rotations. */
  onNews: (news: AppendNews) => void = () => {};
  readonly #maxWaiting: number;
  readonly #path: string | undefined;
  #waiting: string[] = [];
  #fd: number;
  /** Opened anew; takes the place of `#fd` between two lines. */
  #nextFd: number | undefined;
  #watch: NodeJS.Timeout | undefined;
  #reopenFailed = false;
  #waitingBytes = 0;
  #dropped = 0;
  #overflowing = false;
  #trouble: { readonly since: number; reason: string; lost: number; worthSaying: boolean } | undefined;
  #running: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closed = false;
  #givenUp = false;

  private constructor(fd: number, maxWaiting: number, path?: string) {
    this.#fd = fd;
    this.#maxWaiting = maxWaiting;
    this.#path = path;
  }

  /** Opens or makes the file (mode 0600). Throws `FILE` in the system's words. */
  static open(path: string, options: AppendOptions): AppendFile {
    try {
      const fd = openSync(path, options.truncate ? APPENDING | constants.O_TRUNC : APPENDING, 0o600);
      const file = new AppendFile(fd, options.maxWaitingBytes ?? MAX_WAITING_BYTES, resolve(path));
      if (fstatSync(fd).isFile()) file.#startWatch(options.lookEveryMs ?? LOOK_EVERY_MS);
      return file;
    } catch (thrown) {
      throw new TunnelscopeError('FILE', `cannot open ${path}: ${formatFailure(failureFrom(thrown))}`, { cause: thrown });
    }
  }

  /** An open descriptor, such as 1 for standard output. It is closed with the sink, but for 0 to 2. */
  static over(fd: number, maxWaitingBytes = MAX_WAITING_BYTES): AppendFile {
    return new AppendFile(withoutWaiting(fd), maxWaitingBytes);
  }

  /** Lines dropped so far, for want of room. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Why the last write failed; undefined when it did not. */
  get failure(): string | undefined {
    return this.#trouble?.reason;
  }

  /** Never waits. False when the line was dropped because too much is unwritten. */
  append(line: string): boolean {
    const length = Buffer.byteLength(line);
    if (this.#closed || !this.#hasRoom(length)) {
      this.#drop();
      return false;
    }
    if (this.#trouble !== undefined && this.#trouble.lost > 0) this.#recovered();
    this.#waiting.push(line);
    this.#waitingBytes += length;
    this.#running ??= this.#run();
    return true;
  }

  /** When everything appended before the call was written. Waits as long as a reader does not read. */
  async flush(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** After a last flush, for which it waits a second at most. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#watch);
    this.#wake?.();
    let limit: NodeJS.Timeout | undefined;
    const outOfTime = new Promise<void>((finish) => {
      limit = setTimeout(finish, CLOSE_LIMIT_MS);
    });
    await Promise.race([this.flush(), outOfTime]);
    clearTimeout(limit);
    this.#givenUp = true;
    this.#wake?.();
    // A write that is still under way holds the descriptor.
    if (this.#running !== undefined && this.#wake === undefined) return;
    this.#swap();
    const fd = this.#fd;
    this.#fd = -1;
    if (fd > 2) await closeDescriptor(fd);
  }

  /** Opens the path anew when another file, or none, stands there. Nothing is truncated; failing, the old file stays. */
  async reopen(): Promise<void> {
    if (this.#path === undefined || this.#nextFd !== undefined || this.#closed) return;
    const fd = this.#fd;
    try {
      const [own, there] = await Promise.all([statDescriptor(fd), statPath(this.#path).catch(() => undefined)]);
      if (fd !== this.#fd || (there !== undefined && own.ino === there.ino && own.dev === there.dev)) return;
    } catch {
      // The descriptor was closed meanwhile.
      return;
    }
    this.#openAnew(this.#path);
  }

  #startWatch(everyMs: number): void {
    this.#watch = setInterval(() => void this.reopen(), everyMs);
    this.#watch.unref();
  }

  #openAnew(path: string): void {
    if (this.#nextFd !== undefined || this.#closed) return;
    try {
      this.#nextFd = openSync(path, APPENDING, 0o600);
      this.#reopenFailed = false;
    } catch (thrown) {
      if (!this.#reopenFailed) this.onNews({ kind: 'reopen-failed', reason: formatFailure(failureFrom(thrown)) });
      this.#reopenFailed = true;
      return;
    }
    if (this.#running === undefined) this.#swap();
    this.onNews({ kind: 'reopened' });
  }

  #hasRoom(length: number): boolean {
    const limit = this.#overflowing ? this.#maxWaiting * ROOM_AGAIN : this.#maxWaiting;
    if (this.#waitingBytes + length > limit && this.#waitingBytes > 0) {
      this.#overflowing = true;
      return false;
    }
    this.#overflowing = false;
    return true;
  }

  #drop(): void {
    this.#dropped++;
    if (this.#closed) return;
    this.#trouble ??= { since: performance.now(), reason: 'too much at once', lost: 0, worthSaying: true };
    this.#trouble.lost++;
  }

  #recovered(): void {
    const trouble = this.#trouble;
    this.#trouble = undefined;
    if (trouble === undefined || (trouble.lost === 0 && !trouble.worthSaying)) return;
    this.onNews({ kind: 'recovered', lost: trouble.lost, milliseconds: performance.now() - trouble.since, reason: trouble.reason });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#givenUp) {
      if (!this.#closed) await this.#sleep(COLLECT_MS);
      this.#swap();
      const bytes = this.#takeBatch();
      await this.#writeAll(bytes);
      this.#waitingBytes -= bytes.length;
      if (this.#waiting.length === 0) this.#recovered();
    }
    this.#swap();
    this.#running = undefined;
  }

  #swap(): void {
    if (this.#nextFd === undefined) return;
    const before = this.#fd;
    this.#fd = this.#nextFd;
    this.#nextFd = undefined;
    void closeDescriptor(before).catch(() => undefined);
  }

  #takeBatch(): Buffer {
    if (this.#waitingBytes <= MAX_WRITE_BYTES) {
      const lines = this.#waiting;
      this.#waiting = [];
      return Buffer.from(lines.join(''));
    }
    let count = 0;
    let length = 0;
    for (const line of this.#waiting) {
      if (count > 0 && length + line.length > MAX_WRITE_BYTES) break;
      length += line.length;
      count++;
    }
    return Buffer.from(this.#waiting.splice(0, count).join(''));
  }

  /** A file system may take less than it was given, or nothing for a while. */
  async #writeAll(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#givenUp; ) {
      try {
        at += (await writeBytes(this.#fd, bytes, at)).bytesWritten;
      } catch (thrown) {
        await this.#pause(thrown);
        // A line that is cut by a rotation is written whole into the new file.
        if (this.#nextFd !== undefined) {
          at = at === 0 ? 0 : bytes.lastIndexOf(0x0a, at - 1) + 1;
          this.#swap();
        }
      }
    }
  }

  async #pause(thrown: unknown): Promise<void> {
    const failure = failureFrom(thrown);
    const busy = failure.code === BUSY;
    this.#trouble ??= { since: performance.now(), reason: '', lost: 0, worthSaying: false };
    this.#trouble.reason = formatFailure(failure);
    if (!busy) this.#trouble.worthSaying = true;
    await this.#sleep(busy ? RETRY_MS.full : RETRY_MS.failed);
  }

  /** Until the time has passed, or the end cannot wait. */
  async #sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resume) => {
      const timer = setTimeout(resume, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resume();
      };
    });
    this.#wake = undefined;
  }
}

/**
 * A pipe as standard output belongs to whoever started us too, so it cannot be told not to wait; opened once more it can.
 * Without that, a reader that stops would hold a thread, and with it the end of the process.
 */
function withoutWaiting(fd: number): number {
  try {
    return fstatSync(fd).isFIFO() ? openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK) : fd;
  } catch {
    return fd;
  }
}
