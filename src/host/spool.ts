import { failureFrom, formatFailure } from './errno.ts';
import { frameRecord, MAX_RECORD, RECORD_HEAD } from './spool-record.ts';
import { lookIntoSpool, removeSegment, type Segment, segmentAt, SegmentReader, SegmentWriter } from './spool-segments.ts';

/** How a spool is kept. */
export interface SpoolOptions {
  /** A folder of its own, made if it is not there. */
  readonly folder: string;
  /** On the disk at most; beyond it the oldest go, a segment at a time. */
  readonly maxBytes: number;
  /** Of a segment; an eighth of the whole, between 64 KiB and 4 MiB, unless given. */
  readonly segmentBytes?: number;
  /** In memory at most, while the disk does not take it; 8 MiB unless given. */
  readonly memoryBytes?: number;
  /**
   * `never`: what was written survives the end of the process, SIGKILL too, and not that of the machine. `each`: every write is
   * waited for until it is on the disk, and survives both.
   */
  readonly sync: 'never' | 'each';
  /** Hears what is worth a line of the log. */
  readonly onNews?: (news: SpoolNews) => void;
  /** How often a disk that failed is tried again, in milliseconds. */
  readonly retryMs?: number;
}

/** What happens to a spool. */
export type SpoolNews =
  /** The disk does not take it: from now on it is in memory alone. Said once, until it works again. */
  | { readonly kind: 'memory'; readonly reason: string }
  /** The disk takes it again. */
  | { readonly kind: 'disk' }
  /** Room was made: `count` of the oldest records are gone. */
  | { readonly kind: 'dropped'; readonly count: number }
  /** The end of a segment cannot be read: it was torn, or is damaged. */
  | { readonly kind: 'damaged'; readonly path: string };

/** Records in their order. */
export interface SpoolBatch {
  readonly records: readonly Buffer[];
  /** The number of the last, for `acknowledge`. */
  readonly last: number;
}

interface Waiting {
  readonly number: number;
  readonly framed: Buffer;
}

const SEGMENT = { least: 64 << 10, most: 4 << 20 };
const MEMORY_BYTES = 8 << 20;
const MAX_WRITE = 1 << 20;
const RETRY_MS = 1000;

/**
 * A queue of records on the disk: they are given in the order in which they came, and are there until they are acknowledged, over the
 * end of the process. Bounded by bytes, with counted drops of the oldest. A disk that is full or cannot be written costs nothing
 * but safety: what it does not take waits in memory, and is given from there. Records are numbered from 1.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #segmentBytes: number;
  readonly #writer: SegmentWriter;
  #segments: Segment[] = [];
  /** The segment that is written; one of an earlier process is never written again. */
  #current: Segment | undefined;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #inFlight = 0;
  /** Number of the record that comes next, of the last that is done with, and of the one that is given next. */
  #next = 1;
  #done = 0;
  #give = 1;
  #reader: SegmentReader | undefined;
  #dropped = 0;
  #trouble: string | undefined;
  #running: Promise<void> | undefined;
  #cursor: Promise<void> | undefined;
  #cursorAt = 0;
  #arrived: (() => void) | undefined;
  readonly #flushing: (() => void)[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  private constructor(options: SpoolOptions) {
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? Math.min(SEGMENT.most, Math.max(SEGMENT.least, options.maxBytes >> 3));
    this.#writer = new SegmentWriter(options.folder, options.sync === 'each');
  }

  /** Goes on with what is there. Rejects never: a folder that cannot be used is news. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const spool = new Spool(options);
    try {
      const { segments, next, done, torn } = await lookIntoSpool(options.folder);
      spool.#segments = segments;
      spool.#next = next;
      spool.#done = done;
      spool.#give = done + 1;
      spool.#cursorAt = done;
      if (torn !== undefined) options.onNews?.({ kind: 'damaged', path: torn });
      await spool.#tidy();
    } catch (thrown) {
      spool.#failed(thrown);
    }
    return spool;
  }

  /** Records that are not acknowledged; those that memory had no room for are among them until later ones are. */
  get records(): number {
    return this.#next - 1 - this.#done;
  }

  /** Bytes on the disk and in memory. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + bytes, this.#waitingBytes);
  }

  /** Records that were dropped so far for want of room; one that is being sent meanwhile counts too. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Why records are in memory alone; undefined when they are on the disk. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Never waits. False for a record that is too large, or comes after the end. */
  append(record: Uint8Array): boolean {
    if (this.#closed || record.length > MAX_RECORD) {
      this.#dropped++;
      return false;
    }
    const framed = frameRecord(record);
    this.#waiting.push({ number: this.#next++, framed });
    this.#waitingBytes += framed.length;
    this.#boundMemory();
    this.#running ??= this.#write();
    return true;
  }

  /** When all that was appended is on the disk: true. False when it is in memory alone, at least a part of it. */
  async flush(): Promise<boolean> {
    const last = this.#next - 1;
    while (this.#trouble === undefined && (this.#waiting[0]?.number ?? last + 1) <= last) {
      await new Promise<void>((resolve) => this.#flushing.push(resolve));
    }
    return this.#trouble === undefined;
  }

  /** Resolves when records may be there that were not given yet; the caller asks `take`. One waits at a time. */
  arrival(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  /** The next records, at most so many and about so many bytes; undefined when there are none yet. */
  async take(maxRecords: number, maxBytes: number): Promise<SpoolBatch | undefined> {
    for (;;) {
      if (this.#give <= this.#done) this.#give = this.#done + 1;
      const segment = this.#segmentOf(this.#give);
      if (segment === undefined) return this.#takeWaiting(maxRecords, maxBytes);
      const records = await this.#readFrom(segment, maxRecords, maxBytes);
      if (records === undefined) continue;
      return { records, last: this.#give - 1 };
    }
  }

  /** Records up to this number are done with. */
  acknowledge(last: number): void {
    if (last <= this.#done) return;
    this.#done = Math.min(last, this.#next - 1);
    // Those being written are let go when they are.
    if (this.#inFlight === 0) this.#forget(this.#waiting.filter(({ number }) => number <= this.#done).length);
    this.#cursor ??= this.#writeCursor();
  }

  /** Gives again what was given and not acknowledged. */
  rewind(): void {
    this.#give = this.#done + 1;
  }

  /** Writes what can be written and lets go. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#wake?.();
    this.#arrived?.();
    await this.#running;
    await this.#cursor;
    this.#told();
    await this.#reader?.close();
    await this.#writer.close();
    if (this.records === 0) for (const segment of this.#segments.splice(0)) await removeSegment(segment);
  }

  // Reading

  /** The segment that has a record of this number or, where that is gone, the next that there is. */
  #segmentOf(number: number): Segment | undefined {
    return this.#segments.find(({ end }) => end > number);
  }

  /** Undefined: there was nothing of use, look again. */
  async #readFrom(segment: Segment, maxRecords: number, maxBytes: number): Promise<Buffer[] | undefined> {
    const wanted = Math.max(this.#give, segment.first);
    let reader = this.#reader;
    if (reader?.segment !== segment || reader.next > wanted) {
      await reader?.close();
      this.#reader = undefined;
      reader = await SegmentReader.open(segment).catch(() => undefined);
      this.#reader = reader;
    }
    const skip = reader === undefined ? 0 : wanted - reader.next;
    const read = await reader?.read(skip > 0 ? skip : maxRecords, skip > 0 ? Infinity : maxBytes).catch(() => undefined);
    if (reader === undefined || read === undefined || read === 'damaged') {
      this.#lose(segment);
      return undefined;
    }
    if (read.length === 0) {
      // Its numbers have a gap, where memory was short.
      this.#give = Math.max(this.#give, segment.end);
      return undefined;
    }
    if (skip > 0) return undefined;
    this.#give = wanted + read.length;
    return read;
  }

  /** The rest of a segment cannot be read; what comes is written into another. */
  #lose(segment: Segment): void {
    this.#options.onNews?.({ kind: 'damaged', path: segment.path });
    this.#give = Math.max(this.#give, segment.end);
    if (segment === this.#current) this.#current = undefined;
  }

  /** While the disk does not take them, records are given from memory. */
  #takeWaiting(maxRecords: number, maxBytes: number): SpoolBatch | undefined {
    if (this.#trouble === undefined || this.#inFlight > 0) return undefined;
    const records: Buffer[] = [];
    let size = 0;
    let last = 0;
    for (const { number, framed } of this.#waiting) {
      if (number < this.#give) continue;
      if (records.length >= maxRecords || size >= maxBytes) break;
      records.push(framed.subarray(RECORD_HEAD));
      size += framed.length;
      last = number;
    }
    if (records.length === 0) return undefined;
    this.#give = last + 1;
    return { records, last };
  }

  // Writing

  async #write(): Promise<void> {
    // What comes in this turn is written together.
    await this.#turn();
    while (this.#waiting.length > 0) {
      const batch = this.#batch();
      this.#inFlight = batch.length;
      try {
        await this.#put(batch);
        this.#inFlight = 0;
        this.#forget(batch.length);
        if (this.#trouble !== undefined) this.#options.onNews?.({ kind: 'disk' });
        this.#trouble = undefined;
        this.#told();
        await this.#tidy();
      } catch (thrown) {
        this.#inFlight = 0;
        this.#failed(thrown);
        this.#told();
        if (this.#closed) break;
        await this.#pause(this.#options.retryMs ?? RETRY_MS);
      }
    }
    this.#running = undefined;
  }

  /** Those of one segment, of a bounded length; numbers have no gaps in it. */
  #batch(): Waiting[] {
    const first = this.#waiting[0]?.number ?? 0;
    let size = 0;
    const end = this.#waiting.findIndex(({ number, framed }, index) => number !== first + index || (size += framed.length) > MAX_WRITE);
    return this.#waiting.slice(0, end === -1 ? this.#waiting.length : Math.max(1, end));
  }

  async #put(batch: readonly Waiting[]): Promise<void> {
    const first = batch[0]?.number ?? 0;
    let segment = this.#current;
    if (segment === undefined || segment.bytes >= this.#segmentBytes || segment.end !== first)
      segment = segmentAt(this.#options.folder, first);
    await this.#writer.write(segment, Buffer.concat(batch.map(({ framed }) => framed)));
    segment.end = first + batch.length;
    if (segment === this.#current) return;
    this.#current = segment;
    this.#segments.push(segment);
  }

  /** Removes segments that are done with, and the oldest that there is no room for. */
  async #tidy(): Promise<void> {
    let size = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    let lost = 0;
    while (this.#segments.length > 0) {
      const oldest = this.#segments[0];
      if (oldest === undefined || oldest === this.#current) break;
      const { end } = oldest;
      if (end - 1 > this.#done) {
        if (size <= this.#options.maxBytes) break;
        lost += end - Math.max(oldest.first, this.#done + 1);
        this.#done = end - 1;
      }
      this.#segments.shift();
      size -= oldest.bytes;
      await removeSegment(oldest);
    }
    if (lost === 0) return;
    this.#cursor ??= this.#writeCursor();
    this.#droppedSome(lost);
  }

  #boundMemory(): void {
    const most = this.#options.memoryBytes ?? MEMORY_BYTES;
    let lost = 0;
    while (this.#waitingBytes > most && this.#waiting.length > this.#inFlight + 1) {
      const [gone] = this.#waiting.splice(this.#inFlight, 1);
      this.#waitingBytes -= gone?.framed.length ?? 0;
      lost++;
    }
    if (lost > 0) this.#droppedSome(lost);
  }

  #droppedSome(count: number): void {
    this.#dropped += count;
    this.#options.onNews?.({ kind: 'dropped', count });
  }

  /** The first so many are on the disk, or done with. */
  #forget(count: number): void {
    for (const { framed } of this.#waiting.splice(0, count)) this.#waitingBytes -= framed.length;
  }

  /** Something was written, or could not be. */
  #told(): void {
    for (const resolve of this.#flushing.splice(0)) resolve();
    this.#arrived?.();
  }

  async #writeCursor(): Promise<void> {
    await this.#turn();
    while (this.#cursorAt !== this.#done) {
      const done = this.#done;
      // What cannot be noted is given once more after the next start.
      await this.#writer.setDone(done).catch(() => undefined);
      this.#cursorAt = done;
      if (this.#running === undefined) await this.#tidy();
    }
    this.#cursor = undefined;
  }

  #failed(thrown: unknown): void {
    const reason = formatFailure(failureFrom(thrown));
    if (this.#trouble === undefined) this.#options.onNews?.({ kind: 'memory', reason });
    this.#trouble = reason;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async #pause(milliseconds: number): Promise<void> {
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
