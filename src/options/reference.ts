import { SUBJECTS } from './directives.ts';
import { type DirectiveRow, type Standing, standingAt, usageOf } from './row.ts';

/** How wide `--help` prints. */
const HELP_WIDTH = 100;
const HELP_INDENT = 4;

/** The reference page of all directives, as markdown. Made of the table alone. */
export function renderReference(): string {
  const lines = [
    '# Options',
    '',
    'Every directive of OpenVPN 2.6, and what this release does with it. In a configuration file the name stands alone, on the command line',
    'after two dashes. This page is generated from the table in `src/options/directives/`.',
    '',
    '- **For**: the end that uses it.',
    '- **Marks**: `push`: clients take it from their server; `client file`: may stand in files of `client-config-dir`, in what connect scripts',
    '  write and in `client-auth` bodies; `block`: may be given as a `<name>` block.',
    '- **A change acts**: where the line stands, once a process (`parse`); when the process starts (`start`); at a reload (`SIGHUP`); at every',
    '  restart (`SIGUSR1`); when a client connects (`client file`).',
    '- **Here**: what a server and a client of this release do with it, where they differ one by one.',
    '',
  ];
  for (const { title, rows } of SUBJECTS) {
    lines.push(`## ${title}`, '', '| Directive | For | Marks | A change acts | Here | What it does |', '|---|---|---|---|---|---|');
    for (const row of rows) lines.push(referenceRow(row));
    lines.push('');
  }
  return lines.join('\n');
}

function referenceRow(row: DirectiveRow): string {
  const marks = [row.pushable && 'push', row.clientFile && 'client file', row.inline && 'block'].filter((each) => each !== false);
  const cells = [`\`${usageOf(row)}\``, row.side, marks.join(', '), row.takesEffect, standingOf(row), row.help];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** One standing where it is the same in both modes or one end alone uses it, else one each. */
function standingOf(row: DirectiveRow): string {
  if (row.side === 'client') return standingText(standingAt(row, 'client'));
  if (row.side === 'server' && row.atClient === undefined) return standingText(row.standing);
  const server = standingText(row.standing);
  const client = standingText(standingAt(row, 'client'));
  return server === client ? server : `server: ${server}; client: ${client}`;
}

function standingText(standing: Standing): string {
  if (standing === 'done') return 'done';
  return 'ignored' in standing ? `ignored: ${standing.ignored}` : `refused: ${standing.refused}`;
}

/** The text of `--help`: each directive that is done, with its parameters and what it does. */
export function renderHelp(): string {
  const lines: string[] = [];
  for (const { title, rows } of SUBJECTS) {
    const done = rows.filter((row) => row.standing === 'done' || standingAt(row, 'client') === 'done');
    if (done.length === 0) continue;
    lines.push(`${title}:`);
    for (const row of done)
      lines.push(`  --${usageOf(row)}`, ...wrap(row.help, HELP_WIDTH - HELP_INDENT).map((line) => ' '.repeat(HELP_INDENT) + line));
    lines.push('');
  }
  lines.push('Directives that this release ignores or refuses, and why: docs/reference/options.md', '');
  return lines.join('\n');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
