import { after, type Duration, seconds } from '../base/units.ts';
import { fileLines } from '../host/follow-file.ts';
import { readEntry } from '../log/entry.ts';
import { recognise } from '../messages/recogniser.ts';
import type { Fact } from '../telemetry/facts.ts';
import { lineSeen } from '../telemetry/lines.ts';
import { type Collector, type CollectorContext, faultOfFile, wordsOfFile } from './collector.ts';

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
  readonly #end = new AbortController();
  #cancel: (() => void) | undefined;
  #trouble: string | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(path: string, context: CollectorContext) {
    this.#path = path;
    this.#context = context;
  }

  start(): void {
    this.#running = this.#follow(true);
  }

  async close(): Promise<void> {
    this.#end.abort();
    this.#cancel?.();
    await this.#running;
  }

  async #follow(fromEnd: boolean): Promise<void> {
    const { signal } = this.#end;
    const opened = (): void => {
      this.#trouble = undefined;
      this.#tell({ kind: 'source-up', where: this.#path, lines: true });
    };
    try {
      let count = 0;
      for await (const line of fileLines(this.#path, { follow: true, fromEnd, signal, opened })) {
        if (signal.aborted) return;
        const text = textOf(line);
        if (text !== undefined) this.#tell({ kind: 'line', line: lineSeen(recognise(text)) });
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

/** A line as OpenVPN's own format has it; undefined for one without words. */
function textOf(line: string): string | undefined {
  if (line === '' || PACKET_MARKS.test(line)) return undefined;
  if (!STRUCTURED.test(line)) return line;
  const entry = readEntry(line);
  if (entry?.address === undefined) return entry?.text;
  return `${entry.client === undefined ? '' : `${entry.client}/`}${entry.address} ${entry.text}`;
}
