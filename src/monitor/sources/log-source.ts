import { after, type Duration, seconds } from '../../base/units.ts';
import { type FilePlace, fileLines, findByInode } from '../../host/follow-file.ts';
import { readEntry } from '../../log/entry.ts';
import { recognise } from '../../messages/recogniser.ts';
import type { Fact, SeenLine } from '../../telemetry/facts.ts';
import { lineSeen } from '../../telemetry/lines.ts';
import { type Collector, type CollectorContext, faultOfFile, wordsOfFile } from './collector.ts';
import type { SourceTap } from './line-tap.ts';

/** How long to wait before a file that is not there is tried again. */
const RETRY = seconds(1);
/** Lines between two turns of everybody else: a daemon that writes without end keeps nobody waiting. */
const LINES_A_TURN = 500;
const PACKET_MARKS = /^[RWrw]+$/;
/** Forms of `log-format` that are not OpenVPN's own. */
const STRUCTURED = /^(?:\{|time=)/;

/** The log of a daemon, followed from its end on, over rotations; of a file that comes later, from its beginning. */
export class LogSource implements Collector {
  readonly #path: string;
  readonly #context: CollectorContext;
  readonly #tap: SourceTap<FilePlace> | undefined;
  #place: FilePlace | undefined;
  readonly #end = new AbortController();
  #cancel: (() => void) | undefined;
  #trouble: string | undefined;
  #running: Promise<void> = Promise.resolve();

  /** With a tap, what was written since its place is told to that first. */
  constructor(path: string, context: CollectorContext, tap?: SourceTap<FilePlace>) {
    this.#path = path;
    this.#context = context;
    this.#tap = tap;
    this.#place = tap?.place;
  }

  start(): void {
    this.#running = this.#catchUp().then(() => this.#follow(true));
  }

  async close(): Promise<void> {
    this.#end.abort();
    this.#cancel?.();
    await this.#running;
  }

  /** What came between the last end of the monitor and now. What cannot be read is told when it is followed. */
  async #catchUp(): Promise<void> {
    const from = this.#place;
    if (from === undefined || this.#tap === undefined) return;
    const { signal } = this.#end;
    try {
      const before = await findByInode(this.#path, from.inode);
      const same = before === this.#path;
      if (before !== undefined && !same) await this.#missed(fileLines(before, { follow: false, from, signal }));
      await this.#missed(fileLines(this.#path, { follow: false, whole: true, signal, reached: this.#reached, ...(same ? { from } : {}) }));
    } catch {
      // Followed from its beginning when it comes.
    }
  }

  async #missed(lines: AsyncIterable<string>): Promise<void> {
    let count = 0;
    for await (const line of lines) {
      if (this.#end.signal.aborted) return;
      const seen = seenIn(line);
      if (seen !== undefined) this.#tap?.missed(seen);
      if (++count % LINES_A_TURN === 0) await this.#turn();
    }
  }

  readonly #reached = (place: FilePlace): void => {
    if (this.#end.signal.aborted) return;
    this.#place = place;
    this.#tap?.reached(place);
  };

  async #follow(fromEnd: boolean): Promise<void> {
    const { signal } = this.#end;
    const opened = (): void => {
      this.#trouble = undefined;
      this.#tell({ kind: 'source-up', where: this.#path, lines: true });
    };
    try {
      let count = 0;
      const from = this.#place;
      for await (const line of fileLines(this.#path, { follow: true, fromEnd, from, signal, opened, reached: this.#reached })) {
        if (signal.aborted) return;
        const seen = seenIn(line);
        if (seen !== undefined) this.#tell({ kind: 'line', line: seen });
        if (++count % LINES_A_TURN === 0) await this.#turn();
      }
    } catch (error) {
      this.#failed(error);
    }
    if (!signal.aborted) this.#again(RETRY);
  }

  #failed(error: unknown): void {
    const fault = faultOfFile(error);
    if (this.#trouble === fault) return;
    this.#trouble = fault;
    this.#tell({ kind: 'source-down', where: this.#path, fault, text: wordsOfFile(error, this.#path) });
  }

  #again(wait: Duration): void {
    const { clock } = this.#context;
    this.#cancel = clock.schedule(after(clock.now().at, wait), () => {
      this.#running = this.#follow(false);
    });
  }

  #turn(): Promise<void> {
    const { clock } = this.#context;
    return new Promise((resolve) => {
      clock.schedule(clock.now().at, resolve);
    });
  }

  #tell(fact: Fact): void {
    if (!this.#end.signal.aborted) this.#context.tell('log', fact, this.#context.clock.now());
  }
}

/** A line of any form; undefined for one without words. */
function seenIn(line: string): SeenLine | undefined {
  if (line === '' || PACKET_MARKS.test(line)) return undefined;
  if (!STRUCTURED.test(line)) return lineSeen(recognise(line));
  const entry = readEntry(line);
  if (entry === undefined) return undefined;
  const prefix = entry.address === undefined ? '' : `${entry.client === undefined ? '' : `${entry.client}/`}${entry.address} `;
  return lineSeen(recognise(`${prefix}${entry.text}`), undefined, entry.time);
}
