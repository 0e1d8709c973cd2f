import type { Command } from './command.ts';

const WIDEST_USAGE = 40;

/** What `help` shows: a line a command, out of the table. */
export function* helpLines(title: string, commands: readonly Command[]): Generator<string, void> {
  yield `Management Interface for ${title}`;
  yield 'Commands:';
  for (const command of commands) {
    const body = command.body === true ? ' ... END' : '';
    const usage = command.usage === '' ? command.name : `${command.name} ${command.usage}`;
    const mode = command.mode === 'server' || command.mode === 'client' ? ` (${command.mode} only)` : '';
    yield `${`${usage}${body}`.padEnd(WIDEST_USAGE)} : ${command.help}${mode}`;
  }
  yield 'END';
}
