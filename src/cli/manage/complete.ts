import type { Command } from '../../management/command.ts';
import { COMMANDS, commandNamed } from '../../management/commands.ts';

/** Words of usages that stand for something, where others are to be typed as they are. */
const PLACEHOLDERS: ReadonlySet<string> = new Set(['N', 'CN', 'IP:PORT', 'FROM', 'TO', 'HOST', 'PORT']);

const SHELL_WORDS = ['?', 'exit', 'help', 'quit'];

/** What can stand at the end of a line, and the part of it that is there already: what readline asks of a completer. */
export function completeLine(line: string): [hits: string[], part: string] {
  const words = line.trimStart().split(/\s+/);
  const part = words.at(-1) ?? '';
  const candidates = words.length <= 1 ? NAMES : wordsAfter(words);
  return [candidates.filter((word) => word.startsWith(part)).map((word) => `${word} `), part];
}

const NAMES = [...new Set([...COMMANDS.map(({ name }) => name), ...SHELL_WORDS])].toSorted();

function wordsAfter(words: readonly string[]): readonly string[] {
  const [name = ''] = words;
  if (name === 'help' || name === '?') return words.length === 2 ? COMMANDS.map((row) => row.name) : [];
  const row = commandNamed(name, words.length - 1);
  return row === undefined ? [] : choicesOf(row, words.length - 2);
}

/** The words that a parameter of a command may be, counted from 0, as its usage tells; none where it is free. */
export function choicesOf({ usage }: Command, parameter: number): readonly string[] {
  const word = usage.split(' ')[parameter]?.replace(/[[\]]/g, '') ?? '';
  const choices = word.split('|');
  return choices.length < 2 ? [] : choices.filter((choice) => !PLACEHOLDERS.has(choice));
}

/** Help from the table: of one command, or a line of each. */
export function helpText(name: string | undefined): string {
  if (name !== undefined) {
    const row = commandNamed(name);
    return row === undefined ? `${name}: not in the table; the daemon may know it all the same\n` : `${explained(row).join('\n')}\n`;
  }
  const width = Math.max(...COMMANDS.map((row) => usageOf(row).length));
  const rows = COMMANDS.map((row) => `  ${usageOf(row).padEnd(width)}  ${row.help}`);
  return `${[...rows, '', '`? NAME` explains one; `help` shows what this daemon knows; Ctrl-D ends.'].join('\n')}\n`;
}

const MODES = {
  always: undefined,
  server: 'Servers only.',
  client: 'Clients only.',
  'on-request': 'Only when the daemon asks for it.',
} as const;

function explained(row: Command): string[] {
  const more = [
    MODES[row.mode],
    row.body === true ? 'Lines follow, up to one that is END; Ctrl-C gives up.' : undefined,
    row.secret === true && row.params.min === 2 ? 'Without its last word, that is asked for and not shown.' : undefined,
  ];
  return [usageOf(row), `  ${row.help}`, ...more.flatMap((line) => (line === undefined ? [] : [`  ${line}`]))];
}

function usageOf({ name, usage }: Command): string {
  return usage === '' ? name : `${name} ${usage}`;
}
