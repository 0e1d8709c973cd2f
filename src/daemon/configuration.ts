import { fail, type Result } from '../base/result.ts';
import type { Random } from '../base/random.ts';
import type { LogSettings } from '../engine/daemon-settings.ts';
import { DEFAULT_SYSLOG_NAME } from '../engine/settings/process.ts';
import type { RefusedConfiguration, SettingsContext, SettingsFiles } from '../engine/settings-from-options.ts';
import { LINE_SHAPES } from '../log/formats.ts';
import type { Note } from '../messages/notes.ts';
import { START } from '../messages/start.ts';
import { type Directive, parseArguments } from '../options/parse.ts';

/** What reading a configuration may touch. */
export interface ConfigurationWorld {
  readonly files: SettingsFiles;
  readonly random: Random;
  /** Says what is found on the way; at the verbosity that holds then. */
  note(note: Note): void;
  /** `cd`: relative paths count from there from now on. The error is the system's reason. */
  changeDirectory(path: string): Result<void, string>;
  /** `log` and `log-append`, `verb`, `mute` and the look of lines act where they stand. */
  applyLog(log: Partial<LogSettings>): void;
}

/** Makes a server's settings, or a client's, of directives. */
export type MakeSettings<C> = (directives: readonly Directive[], context: SettingsContext) => Result<C, RefusedConfiguration>;

/**
 * Reads a configuration from a command line and the files it names. Directives act while they are read where stock's do, so that
 * what is wrong further down is said in the place and form that the operator asked for.
 */
export function readConfiguration<C>(
  argv: readonly string[],
  world: ConfigurationWorld,
  make: MakeSettings<C>,
): Result<C, RefusedConfiguration> {
  const directives: Directive[] = [];
  for (const event of parseArguments(argv, { permission: 'config', readFile: (path) => world.files.read(path) })) {
    switch (event.kind) {
      case 'warning':
        world.note(event.note);
        break;
      case 'error':
        return fail({ errors: [event.note, usageHint()], warnings: [] });
      case 'directive': {
        const refused = isSecondName(event.directive, directives) ? ignoreName(event.directive, world) : act(event.directive, world);
        if (refused !== undefined) return fail({ errors: [refused, usageHint()], warnings: [] });
        directives.push(event.directive);
      }
    }
  }
  return make(directives, world);
}

/** Does at once what cannot wait; gives an error note when that fails. */
function act({ name, values }: Directive, world: ConfigurationWorld): Note | undefined {
  const [first = ''] = values;
  switch (name) {
    case 'cd': {
      const changed = world.changeDirectory(first);
      const text = changed.ok ? '' : `cd to '${first}' failed: ${changed.error}`;
      return changed.ok ? undefined : { kind: 'note', row: START.optionsError, args: { text }, peer: undefined };
    }
    case 'log':
    case 'log-append':
      world.applyLog({ file: { path: first, append: name === 'log-append' } });
      return undefined;
    case 'syslog':
    case 'daemon':
      world.applyLog({ syslog: { name: values[0] ?? DEFAULT_SYSLOG_NAME } });
      return undefined;
    case 'echo':
    case 'parameter': {
      const text = values.join(' ');
      if (text.startsWith('msg')) world.note({ kind: 'note', row: START.echo, args: { text }, peer: undefined });
      return undefined;
    }
    case 'log-format':
      world.applyLog({ shape: LINE_SHAPES.find((shape) => shape === first) ?? 'text' });
      return undefined;
    case 'verb':
      world.applyLog({ verb: Math.min(15, Math.max(0, Number(first))) });
      return undefined;
    case 'mute':
      world.applyLog({ mute: Math.max(0, Number(first)) });
      return undefined;
    case 'suppress-timestamps':
      world.applyLog({ stamps: 'none' });
      return undefined;
    case 'machine-readable-output':
      world.applyLog({ stamps: 'machine' });
      return undefined;
    case 'errors-to-stderr':
      world.applyLog({ errorsToStderr: true });
      return undefined;
    default:
      return undefined;
  }
}

/** The first `daemon` of a configuration counts, and one without a name says nothing new. */
function isSecondName({ name, values }: Directive, before: readonly Directive[]): boolean {
  return name === 'daemon' && values.length > 0 && before.some((earlier) => earlier.name === 'daemon');
}

function ignoreName({ values: [name = ''] }: Directive, world: ConfigurationWorld): undefined {
  world.note({ kind: 'note', row: START.daemonTwice, args: { name }, peer: undefined });
}

function usageHint(): Note {
  return { kind: 'note', row: START.usageHint, args: {}, peer: undefined };
}
