import { tokenize } from '../base/tokenize.ts';
import type { DaemonInfo } from '../model/daemon-port.ts';
import type { Command } from './command.ts';
import { loggedLine } from './command-log.ts';
import { commandNamed } from './commands.ts';
import { covers, type Role, roleFor } from './roles.ts';
import { notSupported } from './run-daemon.ts';

/** A line that is not part of a body, understood as far as it can be. */
export interface Understood {
  /** What `MANAGEMENT: CMD '...'` shows; undefined when the log does not show it. */
  readonly logged: string | undefined;
  /** The same, also of what is too frequent for the log. */
  readonly shown: string;
  /** Undefined for blank lines and comments, for lines that are no words, and for what nobody knows. */
  readonly command: Command | undefined;
  /** The parameters, at most as many as the command looks at. */
  readonly words: readonly string[];
  /** Why it is refused, without `ERROR: `. */
  readonly refusal: string | undefined;
  /** True for blank lines and comments, which have no reply. */
  readonly blank: boolean;
}

/** What of the connection matters for what a line means. */
export interface Asker {
  readonly role: Role;
  readonly clientVersion: number;
}

const WHOEVER: Asker = { role: 'authenticate', clientVersion: 1 };

/** What errors of the word splitter name as the place (facts: management 3). */
const PLACE = 'TCP:0';

/** Splits a line, finds its command, and compares its parameters and mode with the table, in stock's order. */
export function understand(line: string, info: DaemonInfo, who: Asker = WHOEVER): Understood {
  const split = tokenize(line, PLACE);
  const [name = leadingName(line), ...words] = split.ok ? split.value : [];
  const command = commandNamed(name, words.length, who.clientVersion);
  const shown = loggedLine(line, command);
  const seen = { shown, logged: command?.quiet === true ? undefined : shown, blank: false };
  if (!split.ok) return { ...seen, command: undefined, words: [], refusal: split.error };
  if (split.value.length === 0) return { ...seen, command: undefined, words: [], refusal: undefined, blank: true };
  if (command === undefined) return { ...seen, command, words, refusal: roleRefusal(name, words, who.role) };
  const used = words.slice(0, command.params.max);
  return { ...seen, command, words: used, refusal: refusalOf(command, used, info) ?? roleRefusal(name, used, who.role) };
}

/** A command line as it may be shown, of a daemon that shows it whole. */
export function maskedCommand(line: string): string {
  const split = tokenize(line, PLACE);
  return loggedLine(line, commandNamed(split.ok ? (split.value[0] ?? '') : leadingName(line)));
}

function roleRefusal(name: string, words: readonly string[], role: Role): string | undefined {
  const needed = roleFor(name, words);
  return covers(role, needed) ? undefined : `this connection may ${role}, and the '${name}' command takes the role ${needed}`;
}

function refusalOf(command: Command, words: readonly string[], info: DaemonInfo): string | undefined {
  const { min, max } = command.params;
  if (words.length < min) {
    return `the '${command.name}' command requires ${min < max ? 'at least ' : ''}${min} parameter${min > 1 ? 's' : ''}`;
  }
  // An attached daemon knows best what it can do now, and says so in its own words.
  if (info.attached !== undefined) return command.check?.(words, info);
  const elsewhere = (command.mode === 'server' || command.mode === 'client') && command.mode !== info.mode;
  // Before the daemon serves, and between restarts, stock has no server to ask either.
  const asleep = command.mode === 'server' && !info.connected;
  if (elsewhere || asleep) return notSupported(command.nameInRefusal ?? command.name);
  return command.check?.(words, info);
}

/** The name that a line begins with, for one that cannot be split into words. */
function leadingName(line: string): string {
  return /^[\s"']*([a-z0-9-]*)/.exec(line)?.[1] ?? '';
}
