import { type FileHandle, mkdir, open, readdir, readFile, stat, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { frameCursor, MAX_RECORD, readCursor, readRecord, RECORD_HEAD } from './spool-record.ts';

/** The files of a spool: segments that are named after the number of their first record, and the cursor. Rejects as the system does. */

/** One segment; its records are numbered one after the other. */
export interface Segment {
  /** Number of its first record. */
  readonly first: number;
  readonly path: string;
  /** Number behind its last record. */
  end: number;
  /** As far as it is known to be written. */
  bytes: number;
}

const NAME = /^(\d{16})\.spool$/;
const CURSOR = 'cursor';
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const CHUNK = 256 << 10;

/** A segment that does not stand yet. */
export function segmentAt(folder: string, first: number): Segment {
  return { first, path: join(folder, `${String(first).padStart(16, '0')}.spool`), end: first, bytes: 0 };
}

/** What was found in a folder: segments in order, the number behind the last record, and the last that is done with. */
export interface Found {
  readonly segments: Segment[];
  readonly next: number;
  readonly done: number;
  /** The segment that ends in something that is no record. */
  readonly torn: string | undefined;
}

/** Makes the folder, or looks at what is there. */
export async function lookIntoSpool(folder: string): Promise<Found> {
  await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  const numbers = (await readdir(folder)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  const segments: Segment[] = [];
  for (const first of numbers.toSorted((a, b) => a - b)) {
    const segment = segmentAt(folder, first);
    const before = segments.at(-1);
    if (before !== undefined) before.end = first;
    segments.push({ ...segment, bytes: (await stat(segment.path)).size });
  }
  const done = readCursor(await readFile(join(folder, CURSOR)).catch(() => Buffer.alloc(0)));
  const last = segments.at(-1);
  if (last === undefined) return { segments, next: done + 1, done, torn: undefined };
  const { count, bytes } = await wholeRecords(last.path);
  const torn = last.bytes > bytes ? last.path : undefined;
  last.bytes = bytes;
  last.end = last.first + count;
  if (count === 0) await removeSegment(segments.pop() ?? last);
  // So that it is not found torn again when another is the last.
  else if (torn !== undefined) await truncate(last.path, bytes).catch(() => undefined);
  return { segments, next: Math.max(last.end, done + 1), done, torn };
}

async function wholeRecords(path: string): Promise<{ count: number; bytes: number }> {
  const content = await readFile(path);
  let count = 0;
  let bytes = 0;
  for (let read = readRecord(content, 0); typeof read === 'object'; read = readRecord(content, bytes)) {
    count++;
    bytes = read.next;
  }
  return { count, bytes };
}

/** Writes the segments, one after the other, and the cursor. */
export class SegmentWriter {
  readonly #folder: string;
  readonly #sync: boolean;
  #file: { readonly segment: Segment; readonly handle: FileHandle } | undefined;
  #cursor: FileHandle | undefined;
  #turn = 0;

  /** With `sync` what is written survives the machine too, not the process alone. */
  constructor(folder: string, sync: boolean) {
    this.#folder = folder;
    this.#sync = sync;
  }

  /** Writes behind what is known to be written: what an earlier write left torn is written over. */
  async write(segment: Segment, bytes: Buffer): Promise<void> {
    const handle = await this.#open(segment);
    for (let at = 0; at < bytes.length; ) {
      at += (await handle.write(bytes, at, bytes.length - at, segment.bytes + at)).bytesWritten;
    }
    if (this.#sync) await handle.datasync();
    segment.bytes += bytes.length;
  }

  /** Notes which record is the last that is done with. */
  async setDone(done: number): Promise<void> {
    this.#cursor ??= await open(join(this.#folder, CURSOR), 'r+', FILE_MODE).catch(() => open(join(this.#folder, CURSOR), 'w+', FILE_MODE));
    const { at, bytes } = frameCursor(done, this.#turn++);
    await this.#cursor.write(bytes, 0, bytes.length, at);
  }

  async close(): Promise<void> {
    const handles = [this.#file?.handle, this.#cursor];
    this.#file = undefined;
    this.#cursor = undefined;
    for (const handle of handles) await handle?.close().catch(() => undefined);
  }

  async #open(segment: Segment): Promise<FileHandle> {
    if (this.#file?.segment === segment) return this.#file.handle;
    await this.#file?.handle.close().catch(() => undefined);
    this.#file = undefined;
    await mkdir(this.#folder, { recursive: true, mode: FOLDER_MODE });
    const handle = await open(segment.path, 'w', FILE_MODE);
    this.#file = { segment, handle };
    if (this.#sync) await this.#syncFolder();
    return handle;
  }

  /** So that the name of a new segment is on the disk too. */
  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** Reads the records of one segment in order, as far as it is written by then. */
export class SegmentReader {
  readonly segment: Segment;
  /** Number of the record that comes next. */
  next: number;
  readonly #handle: FileHandle;
  #offset = 0;

  private constructor(segment: Segment, handle: FileHandle) {
    this.segment = segment;
    this.next = segment.first;
    this.#handle = handle;
  }

  /** At its beginning. */
  static async open(segment: Segment): Promise<SegmentReader> {
    return new SegmentReader(segment, await open(segment.path, 'r'));
  }

  /** The next records, at most so many and about so many bytes; `damaged` where what follows is no record. Empty at the end. */
  async read(maxRecords: number, maxBytes: number): Promise<Buffer[] | 'damaged'> {
    const records: Buffer[] = [];
    let size = 0;
    let chunk = CHUNK;
    while (records.length < maxRecords && size < maxBytes) {
      const left = this.segment.bytes - this.#offset;
      if (left <= 0) break;
      const { buffer, bytesRead } = await this.#handle.read(Buffer.allocUnsafe(Math.min(left, chunk)), 0, null, this.#offset);
      const found = this.#take(buffer.subarray(0, bytesRead), maxRecords - records.length, maxBytes - size);
      records.push(...found.records);
      size += found.bytes;
      if (found.records.length > 0) continue;
      // What is cut by the chunk fits into a larger one; what is cut by the end does not come any more.
      if (found.damaged || bytesRead === left || bytesRead === 0) return records.length > 0 ? records : 'damaged';
      chunk = MAX_RECORD + RECORD_HEAD;
    }
    return records;
  }

  async close(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
  }

  #take(bytes: Buffer, maxRecords: number, maxBytes: number): { records: Buffer[]; bytes: number; damaged: boolean } {
    const records: Buffer[] = [];
    let at = 0;
    let read = readRecord(bytes, 0);
    while (typeof read === 'object' && records.length < maxRecords && at < maxBytes) {
      records.push(read.record);
      at = read.next;
      read = readRecord(bytes, at);
    }
    this.#offset += at;
    this.next += records.length;
    return { records, bytes: at, damaged: read === 'damaged' };
  }
}

/** Removes a segment's file; one that is gone already is no trouble, and one that stays is looked at again at the next start. */
export async function removeSegment(segment: Segment): Promise<void> {
  await unlink(segment.path).catch(() => undefined);
}
