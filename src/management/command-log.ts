import type { Command } from './command.ts';

/** How a command line appears in the log, `MANAGEMENT: CMD '...'`, without what may be a secret. */

const HIDDEN = '[...]';

/**
 * The line as it came for commands that we know and whose parameters are no secrets; `name [...]` for those whose are.
 * What is no command is not shown at all: it may be a password sent at the wrong moment.
 */
export function loggedLine(line: string, command: Command | undefined): string {
  if (command === undefined) return line.trim() === '' || /^\s*[#;]/.test(line) ? line : HIDDEN;
  return command.secret === true ? `${command.name} ${HIDDEN}` : line;
}
