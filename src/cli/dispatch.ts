import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { Command } from './command.ts';
import { packageVersion } from './version.ts';

/** Where a command line's words go. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** The exit codes of the program. */
export const EXIT = { ok: 0, failed: 1, misused: 2 } as const;

/**
 * Runs the command that `argv` (without node and script) names and gives the exit code: the command's own; 2 when the
 * command line cannot be understood; 1 for any other error, whose code and text go to `terminal.err`.
 */
export async function dispatch(argv: readonly string[], commands: Readonly<Record<string, Command>>, terminal: Terminal): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined) {
    terminal.err(overview(commands));
    return EXIT.misused;
  }
  if (first === '--version' || first === 'version') {
    terminal.out(`tunnelscope ${packageVersion()}\n`);
    return EXIT.ok;
  }
  if (first === '--help' || first === '-h' || first === 'help') return help(rest, commands, terminal);
  // `tunnelscope --config server.conf`: OpenVPN's own way to be called.
  if (first.startsWith('--')) return call('run', argv, commands, terminal);
  return call(first, rest, commands, terminal);
}

async function call(
  name: string,
  argv: readonly string[],
  commands: Readonly<Record<string, Command>>,
  terminal: Terminal,
): Promise<number> {
  const command = commandNamed(name, commands);
  if (command === undefined) return unknownCommand(name, commands, terminal);
  if (argv[0] === '--help' || argv[0] === '-h') return help([name], commands, terminal);
  try {
    const main = await command.load();
    return await main(argv);
  } catch (thrown) {
    terminal.err(`tunnelscope ${name}: ${describeError(thrown)}\n`);
    if (!(thrown instanceof TunnelscopeError) || thrown.code !== 'CLI') return EXIT.failed;
    terminal.err(`\`tunnelscope ${name} --help\` shows how it is used.\n`);
    return EXIT.misused;
  }
}

function help(argv: readonly string[], commands: Readonly<Record<string, Command>>, terminal: Terminal): number {
  const [name] = argv;
  if (name === undefined) {
    terminal.out(overview(commands));
    return EXIT.ok;
  }
  const command = commandNamed(name, commands);
  if (command === undefined) return unknownCommand(name, commands, terminal);
  terminal.out(command.usage);
  return EXIT.ok;
}

function unknownCommand(name: string, commands: Readonly<Record<string, Command>>, terminal: Terminal): number {
  const known = Object.keys(commands).join(', ');
  terminal.err(`tunnelscope: unknown command ${JSON.stringify(name.slice(0, 80))}; the commands are ${known}\n`);
  return EXIT.misused;
}

function commandNamed(name: string, commands: Readonly<Record<string, Command>>): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined;
}

function overview(commands: Readonly<Record<string, Command>>): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    'usage: tunnelscope COMMAND [ARGUMENTS]',
    '',
    ...rows,
    '',
    '`tunnelscope COMMAND --help` explains one; `tunnelscope --version` prints the version.',
    'Options without a command are for `run`: `tunnelscope --config server.conf`.',
    '',
  ].join('\n');
}

/** What the program foresees is said in a line; anything else is a bug and shows where it happened. */
function describeError(thrown: unknown): string {
  if (thrown instanceof TunnelscopeError && thrown.code !== 'BUG') return `${thrown.message} [${thrown.code}]`;
  const where = thrown instanceof Error ? (thrown.stack ?? thrown.message) : reasonOf(thrown);
  return `this is a bug, please report it [BUG]\n${where}`;
}
