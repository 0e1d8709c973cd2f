import type { Now } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import { LineFormatter } from '../log/formats.ts';
import { Logger } from '../log/logger.ts';
import type { LogRecord } from '../log/record.ts';
import { FLAG } from '../messages/kinds.ts';
import { type Note, Notes } from '../messages/notes.ts';
import type { LogLine } from '../model/daemon-port.ts';

/** Where finished lines go. Must not wait; what it cannot take it drops and counts. */
export interface LogOutlet {
  write(line: string): void;
  /** Writes what is queued, as far as that is possible. */
  close(): Promise<void>;
}

/** How lines look; decided while options are parsed. */
export interface LogLook {
  readonly stamps: 'date' | 'none' | 'machine';
  readonly errorsToStderr: boolean;
}

/** Lines that are kept before a management interface opens (facts: management 11). */
const EARLY_HISTORY = 100;

/**
 * The log of a process: takes notes of every machine, applies verb and mute, and writes to one outlet. The outlet may change
 * while options are parsed; what was logged before went to the one before.
 */
export class Logging {
  readonly logger: Logger;
  /** For the daemon's own messages; machines have notes of their own. */
  readonly notes: Notes;
  readonly #clock: Clock;
  readonly #errors: LogOutlet;
  #outlet: LogOutlet;
  #toFile = false;
  #formatter = new LineFormatter({ machineReadable: false, suppressTimestamps: false });
  #errorsToStderr = false;

  /** `stdout` takes all until `useFile`; `stderr` takes fatal and usage errors with `errors-to-stderr`. */
  constructor(clock: Clock, stdout: LogOutlet, stderr: LogOutlet) {
    this.#clock = clock;
    this.#outlet = stdout;
    this.#errors = stderr;
    this.logger = new Logger({ verb: 1, mute: 0, history: EARLY_HISTORY, sink: (record) => this.#write(record) });
    this.notes = new Notes(1, (note) => this.logger.log(note, clock.now()));
  }

  /** A note that a machine put out. */
  log(note: Note, now: Now): void {
    this.logger.log(note, now);
  }

  setVerb(verb: number): void {
    this.logger.setVerb(verb);
    this.notes.verb = verb;
  }

  setMute(limit: number): void {
    this.logger.setMute(limit, this.#clock.now());
  }

  setLook(look: LogLook): void {
    this.#formatter = new LineFormatter({ machineReadable: look.stamps === 'machine', suppressTimestamps: look.stamps === 'none' });
    this.#errorsToStderr = look.errorsToStderr;
  }

  /** From now on lines go to this file; once a process, as in stock. */
  useFile(outlet: LogOutlet): void {
    this.#outlet = outlet;
    this.#toFile = true;
  }

  /** True once lines go to a file. */
  get toFile(): boolean {
    return this.#toFile;
  }

  /** What a management interface that opens now is given as history. */
  earlier(): LogLine[] {
    return this.logger.recent().map(lineOf);
  }

  /** Calls `listener` with every line that passes verb and mute. */
  subscribe(listener: (line: LogLine) => void): () => void {
    return this.logger.subscribe((record) => listener(lineOf(record)));
  }

  /** The last lines, then all is written. */
  async close(): Promise<void> {
    this.logger.finish(this.#clock.now());
    await this.#outlet.close();
  }

  #write(record: LogRecord): void {
    const line = this.#formatter.format(record, this.logger.verb);
    const isError = (record.word & (FLAG.fatal | FLAG.usage)) !== 0;
    const outlet = isError && this.#errorsToStderr && !this.#toFile ? this.#errors : this.#outlet;
    outlet.write(line);
  }
}

function lineOf(record: LogRecord): LogLine {
  return { time: record.now.wall, word: record.word, text: record.text };
}
