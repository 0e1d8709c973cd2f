import { resolve } from 'node:path';
import type { Random } from '../base/random.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { DaemonSettings, LogSettings } from '../engine/daemon-settings.ts';
import type { Configuration } from '../engine/settings-from-options.ts';
import type { Note } from '../messages/notes.ts';
import { isOpenToOthers, type PathUse, readText, whyUnusable } from '../host/access.ts';
import type { HeldFiles } from '../host/files.ts';
import type { Clock } from '../host/clock.ts';
import { OURS } from '../messages/ours.ts';
import type { Directive } from '../options/parse.ts';
import type { Logging } from '../service/logging.ts';
import { type MakeSettings, readConfiguration } from './configuration.ts';
import type { LogControl } from './log-control.ts';
import { noteParameters } from './parameters.ts';

/** What reading needs to know of a configuration, a server's or a client's. */
export interface ReadableConfiguration {
  readonly daemon: Pick<DaemonSettings, 'log' | 'writePid' | 'listing'>;
  readonly warnings: readonly Note[];
}

/** A configuration that was read, with what holds once it is entered. */
export interface ReadConfiguration<C = Configuration> {
  readonly configuration: C;
  /** Where its relative paths count from. */
  readonly directory: string;
  /** What it says of the log, in the order of its lines. */
  readonly log: readonly Partial<LogSettings>[];
  /** Its lines of the management interface that act at the start alone: equal for equal lines. */
  readonly management: string;
}

/** What a configuration is read with. */
export interface ReaderWorld {
  readonly argv: readonly string[];
  readonly random: Random;
  readonly clock: Clock;
  readonly logging: Logging;
  readonly log: LogControl;
  /** What was opened before root was given up can be written, though its folder cannot. */
  readonly held: HeldFiles;
}

/** Reads the configuration of the command line, at the start and again; what is wrong with it goes to the log. */
export class ConfigurationReader<C extends ReadableConfiguration = Configuration> {
  readonly #world: ReaderWorld;
  readonly #make: MakeSettings<C>;
  /** Where the process was started: relative paths count from there until a `cd`. */
  readonly startDirectory = process.cwd();
  /** What root wrote at the start and nobody writes again: whoever reloads later need not be able to. */
  #pidFile: string | undefined;
  /** What the management interface was opened with; it stays open over reloads, and its clients with it. */
  #management: string | undefined;

  constructor(world: ReaderWorld, make: MakeSettings<C>) {
    this.#world = world;
    this.#make = make;
  }

  /** For the start: `cd`, `log`, `verb` and their like act where they stand. Undefined when it cannot run. */
  read(said: 'all' | 'errors' = 'all'): ReadConfiguration<C> | undefined {
    const read = this.#read(said, (log) => this.#world.log.apply(log));
    const path = read?.configuration.daemon.writePid;
    this.#pidFile = path === undefined ? undefined : resolve(path);
    this.#management = read?.management;
    if (read !== undefined && said === 'all') this.#noteParameters(read);
    return read;
  }

  /**
   * For a reload: the same from the same folder, but nothing acts before `enter`, because what cannot run shall leave no
   * trace on what does.
   */
  readAgain(said: 'all' | 'errors'): ReadConfiguration<C> | undefined {
    const running = process.cwd();
    try {
      process.chdir(this.startDirectory);
      return this.#read(said, () => undefined);
    } finally {
      process.chdir(running);
    }
  }

  /** Lets a configuration that was read again hold: its folder, and its log with the usual values where it says nothing. */
  enter(read: ReadConfiguration<C>): void {
    const { configuration, directory, log, management } = read;
    process.chdir(directory);
    if (management !== this.#management) this.#world.logging.notes.add(OURS.managementStays, {});
    for (const change of log) this.#world.log.apply(change);
    const { verb, mute } = configuration.daemon.log;
    this.#world.log.apply({ verb, mute });
    this.#noteParameters(read);
  }

  #noteParameters({ configuration }: ReadConfiguration<C>): void {
    noteParameters(this.#world.logging.notes, configuration.daemon.listing);
  }

  #read(said: 'all' | 'errors', act: (log: Partial<LogSettings>) => void): ReadConfiguration<C> | undefined {
    const { argv, random, logging, clock, held } = this.#world;
    const log: Partial<LogSettings>[] = [];
    const world = {
      files: {
        read: readText,
        check: (path: string, use: PathUse) =>
          resolve(path) === this.#pidFile || (use === 'write' && held.has(path)) ? undefined : whyUnusable(path, use),
        isOpenToOthers,
      },
      random,
      note: (note: Note) => {
        if (said === 'all') logging.log(note, clock.now());
      },
      changeDirectory,
      applyLog: (change: Partial<LogSettings>) => {
        log.push(change);
        act(change);
      },
    };
    let management = '';
    const result = readConfiguration(argv, world, (directives, context) => {
      management = managementLines(directives);
      return this.#make(directives, context);
    });
    const warnings = result.ok ? result.value.warnings : result.error.warnings;
    const notes = [...(said === 'all' ? warnings : []), ...(result.ok ? [] : result.error.errors)];
    for (const note of notes) logging.log(note, clock.now());
    return result.ok ? { configuration: result.value, directory: process.cwd(), log, management } : undefined;
  }
}

function managementLines(directives: readonly Directive[]): string {
  const opened = directives.filter(({ name, row }) => name.startsWith('management') && row.takesEffect === 'start');
  return JSON.stringify(opened.map(({ name, values }) => [name, ...values]));
}

function changeDirectory(path: string): Result<void, string> {
  try {
    process.chdir(path);
    return ok(undefined);
  } catch {
    return fail(whyUnusable(path, 'directory') ?? 'cannot be entered');
  }
}
