import { between, type Duration, milliseconds } from '../../base/units.ts';
import { lookAtFile, readTextAside, type SeenFile } from '../../host/look-at-file.ts';
import { type ParsedStatus, parseStatus } from '../../status/parse.ts';
import type { Fact, SourceFault } from '../../telemetry/facts.ts';
import { type Collector, type CollectorContext, faultOfFile, Rounds, wordsOfFile } from './collector.ts';

/** How often the file is looked at; it is read only when it is another. */
const LOOK_EVERY = milliseconds(250);
/** 100,000 clients fit. */
const MAX_BYTES = 16 << 20;

/** The status file of a daemon, of any version: read whenever it changes, and told to be down when it no longer does. */
export class StatusSource implements Collector {
  readonly #path: string;
  readonly #staleAfter: Duration;
  readonly #context: CollectorContext;
  readonly #rounds: Rounds;
  /** What was read last. */
  #stamp: string | undefined;
  /** Read while it was being written: told only when it is found so again. */
  #torn: string | undefined;
  #up: boolean | undefined;
  #trouble: string | undefined;

  constructor(path: string, staleAfter: Duration, context: CollectorContext) {
    this.#path = path;
    this.#staleAfter = staleAfter;
    this.#context = context;
    this.#rounds = new Rounds(context.clock, LOOK_EVERY, () => this.#round());
  }

  start(): void {
    this.#rounds.start();
  }

  close(): Promise<void> {
    return this.#rounds.close();
  }

  async #round(): Promise<void> {
    try {
      const file = await lookAtFile(this.#path);
      if (this.#rounds.closed) return;
      if (this.#isStale(file)) return;
      if (file.stamp !== this.#stamp) await this.#read(file);
    } catch (error) {
      this.#stamp = undefined;
      this.#down(faultOfFile(error), wordsOfFile(error, this.#path));
    }
  }

  #isStale(file: SeenFile): boolean {
    const old = this.#context.clock.now().wall - file.changed;
    if (old <= this.#staleAfter) return false;
    this.#stamp = undefined;
    this.#down('timeout', `it was not written for ${Math.round(old / 1000)} s`);
    return true;
  }

  async #read(file: SeenFile): Promise<void> {
    const { clock } = this.#context;
    const began = clock.now().at;
    const status = parseStatus(await readTextAside(this.#path, MAX_BYTES));
    if (this.#rounds.closed) return;
    if (!status.complete && this.#torn !== file.stamp) {
      this.#torn = file.stamp;
      return;
    }
    this.#stamp = file.stamp;
    if (status.form === 'unknown') return this.#unreadable(file, status);
    if (this.#up !== true) this.#tell({ kind: 'source-up', where: this.#path });
    this.#up = true;
    this.#trouble = undefined;
    this.#tell({ kind: 'status', status });
    this.#tell({ kind: 'collected', took: between(began, clock.now().at) });
  }

  #unreadable(file: SeenFile, { problems }: ParsedStatus): void {
    const [first] = problems;
    const why = file.bytes === 0 ? 'it is empty' : `it is no status file (line ${first?.line ?? 1}: ${first?.reason ?? 'nothing known'})`;
    this.#down(file.bytes === 0 ? 'truncated' : 'foreign', why);
  }

  /** The same trouble is told once. */
  #down(fault: SourceFault, text: string): void {
    if (this.#rounds.closed || (this.#up === false && this.#trouble === fault)) return;
    this.#up = false;
    this.#trouble = fault;
    this.#tell({ kind: 'source-down', where: this.#path, fault, text });
  }

  #tell(fact: Fact): void {
    this.#context.tell('status-file', fact, this.#context.clock.now());
  }
}
