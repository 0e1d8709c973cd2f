import type { Now } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import { LineFormatter, type LineShape } from '../log/formats.ts';
import { Logger } from '../log/logger.ts';
import type { LogRecord } from '../log/record.ts';
import { FLAG } from '../messages/kinds.ts';
import { type Note, Notes } from '../messages/notes.ts';
import type { Row, RowArgs } from '../messages/row.ts';
import type { LogLine } from '../model/daemon-port.ts';

/** Where finished lines go. Must not wait; what it cannot take it drops and counts. */
export interface LogOutlet {
  /** `texts`: the other end stamps and ends lines itself, so it gets the text alone. */
  readonly takes?: 'lines' | 'texts';
  /** `word` is the message's level and flags. */
  write(line: string, word: number): void;
  /** Opens its file anew; without it there is none to open. */
  reopen?(): void;
  /** Writes what is queued, as far as that is possible. */
  close(): Promise<void>;
}

/** How lines look; decided while options are parsed. */
export interface LogLook {
  readonly stamps: 'date' | 'none' | 'machine';
  readonly shape?: LineShape;
  readonly errorsToStderr: boolean;
}

/** Lines that are kept before a management interface opens (facts: management 11). */
const EARLY_HISTORY = 100;
/** Packet characters are written together, this many at most. */
const MARKS_AT_ONCE = 256;

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
  /** Where R, W, r and w go: beside standard output, into a log file, to no other place (facts: logging 10). */
  #marksOutlet: LogOutlet | undefined;
  #marks = '';
  #midLine = false;
  #toFile = false;
  #shape: LineShape = 'text';
  #formatter = new LineFormatter({ shape: 'text', machineReadable: false, suppressTimestamps: false });
  #errorsToStderr = false;

  /** `stdout` takes all until `useFile`; `stderr` takes fatal and usage errors with `errors-to-stderr`. */
  constructor(clock: Clock, stdout: LogOutlet, stderr: LogOutlet) {
    this.#clock = clock;
    this.#outlet = stdout;
    this.#errors = stderr;
    this.#marksOutlet = stderr;
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
    this.#shape = look.shape ?? 'text';
    this.#formatter = new LineFormatter({
      shape: this.#shape,
      machineReadable: look.stamps === 'machine',
      suppressTimestamps: look.stamps === 'none',
    });
    this.#errorsToStderr = look.errorsToStderr;
  }

  /** From now on lines go to this file; once a process, as in stock. */
  useFile(outlet: LogOutlet): void {
    this.#use(outlet, outlet);
    this.#toFile = true;
  }

  /** From now on lines go to the system's log, or to what else writes for us, until there is a file. */
  useSystem(outlet: LogOutlet): void {
    this.#use(outlet, undefined);
  }

  /** True once lines go to a file. */
  get toFile(): boolean {
    return this.#toFile;
  }

  /** Opens the log file anew, as after a rotation. */
  reopen(): void {
    this.#outlet.reopen?.();
  }

  /** What an outlet has to say of itself: written before the line that it is about to take. */
  interject<T extends string>(row: Row<T>, args: RowArgs<T>): void {
    new Notes(this.logger.verb, (note) => this.logger.interject(note, this.#clock.now())).add(row, args);
  }

  /** A packet crossed, at verb 5: `R`, `W`, `r` or `w`, written without a line end before the next line. */
  mark(character: string): void {
    if (this.#marksOutlet === undefined || this.#shape !== 'text') return;
    if (this.#marks === '') this.#clock.schedule(this.#clock.now().at, () => this.#writeMarks());
    this.#marks += character;
    if (this.#marks.length >= MARKS_AT_ONCE) this.#writeMarks();
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
    this.#endMarks();
    await Promise.all([this.#outlet.close(), this.#errors.close()]);
  }

  #use(outlet: LogOutlet, marksOutlet: LogOutlet | undefined): void {
    this.#endMarks();
    this.#outlet = outlet;
    this.#marksOutlet = marksOutlet;
  }

  #writeMarks(): void {
    if (this.#marks === '') return;
    this.#marksOutlet?.write(this.#marks, 0);
    this.#marks = '';
    this.#midLine = true;
  }

  #endMarks(): void {
    this.#writeMarks();
    if (this.#midLine) this.#marksOutlet?.write('\n', 0);
    this.#midLine = false;
  }

  #write(record: LogRecord): void {
    this.#endMarks();
    const isError = (record.word & (FLAG.fatal | FLAG.usage)) !== 0;
    const outlet = isError && this.#errorsToStderr && !this.#toFile ? this.#errors : this.#outlet;
    if (outlet.takes === 'texts' && this.#shape === 'text') return outlet.write(record.text, record.word);
    const line = this.#formatter.format(record, this.logger.verb);
    outlet.write(outlet.takes === 'texts' ? line.slice(0, -1) : line, record.word);
  }
}

function lineOf(record: LogRecord): LogLine {
  return { time: record.now.wall, word: record.word, text: record.text };
}
