import { DIFFERENCES } from '../src/base/differences.ts';
import { ERRORS } from '../src/base/errors.ts';
import { COMMANDS as PROGRAM_COMMANDS } from '../src/cli/commands.ts';
import { renderDocument, renderReference as renderApi } from '../src/console/api-reference.ts';
import { COMMANDS } from '../src/management/commands.ts';
import { NOTIFICATIONS } from '../src/management/notifications.ts';
import { renderReference as renderMessages } from '../src/messages/reference.ts';
import { renderReference as renderOptions } from '../src/options/reference.ts';
import { METRICS, sampleName } from '../src/telemetry/metrics/table.ts';
import { renderReference as renderAlerts } from '../src/telemetry/alerts/reference.ts';
import { renderReference as renderMetrics } from '../src/telemetry/reference.ts';
import { moversOf } from '../test/interop/support/causes.ts';

/** The generated pages: path from the root, and what makes its text out of the tables. */
export const PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/options.md': renderOptions,
  'docs/reference/messages.md': renderMessages,
  'docs/reference/management.md': managementPage,
  'docs/reference/metrics.md': renderMetrics,
  'docs/reference/alerts.md': renderAlerts,
  'docs/reference/metrics-moved.md': metricsMovedPage,
  'docs/reference/api.md': renderApi,
  'docs/reference/api.json': renderDocument,
  'docs/reference/errors.md': errorsPage,
  'docs/reference/differences.md': differencesPage,
  'docs/reference/cli.md': programPage,
};

/** The text of a page as it stands in the file: one line end at the end. */
export function pageText(path: string): string {
  return `${PAGES[path]?.().trimEnd() ?? ''}\n`;
}

/** A markdown table. Bars in cells are escaped. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)];
}

function managementPage(): string {
  const modes = { always: 'both', server: 'server', client: 'client', 'on-request': 'when asked for' } as const;
  return [
    '# Management interface',
    '',
    'Lines of text over TCP or a unix socket, as OpenVPN 2.6 speaks it: interface version 5. Commands are answered by one line',
    '`SUCCESS: ...` or `ERROR: ...`, or by lines up to `END`. Lines that begin with `>` come unasked. This page is generated from the',
    'tables in `src/management/`.',
    '',
    '## Commands',
    '',
    ...table(
      ['Command', 'Daemon', 'What it does'],
      COMMANDS.map((row) => [
        `\`${row.usage === '' ? row.name : `${row.name} ${row.usage}`}\`${row.body === true ? ' and lines up to `END`' : ''}`,
        modes[row.mode],
        row.help,
      ]),
    ),
    '',
    '## Notifications',
    '',
    ...table(
      ['Line', 'When', 'Switched on by'],
      NOTIFICATIONS.map((row) => [
        `\`>${row.word}:${row.form}\``,
        row.when,
        row.subscription === undefined ? '' : `\`${row.subscription}\``,
      ]),
    ),
  ].join('\n');
}

function metricsMovedPage(): string {
  return [
    '# What moved each metric',
    '',
    'Each metric of [metrics.md](metrics.md) with what was made happen to a real daemon in `test/interop/metrics-move.test.ts`, which looks at',
    '`/metrics` before and after. This page is generated from the table in `test/interop/support/causes.ts`.',
    '',
    ...table(
      ['Metric', 'What happened', 'To'],
      METRICS.map(sampleName).flatMap((name) => {
        const movers = moversOf(name) ?? 'Nothing yet.';
        return typeof movers === 'string' ? [[`\`${name}\``, movers, '']] : movers.map(([what, daemon]) => [`\`${name}\``, what, daemon]);
      }),
    ),
  ].join('\n');
}

function errorsPage(): string {
  return [
    '# Errors',
    '',
    'The codes of `TunnelscopeError`. They never change once released; the text of an error may. This page is generated from the table',
    'in `src/base/errors.ts`.',
    '',
    ...table(
      ['Code', 'Whose doing', 'What it stands for'],
      Object.entries(ERRORS).map(([code, row]) => [`\`${code}\``, row.guilty, row.meaning]),
    ),
  ].join('\n');
}

function differencesPage(): string {
  const lines = [
    '# Differences from stock OpenVPN',
    '',
    'What differs and is not here is a bug. Each row is held by the test that it names. This page is generated from the table in',
    '`src/base/differences.ts`.',
  ];
  for (const area of new Set(DIFFERENCES.map((row) => row.area))) {
    const rows = DIFFERENCES.filter((row) => row.area === area);
    lines.push('', `## ${area}`, '');
    lines.push(
      ...table(
        ['Difference', 'Stock', 'Ours', 'Why', 'Held by'],
        rows.map((row) => [`\`${row.id}\``, row.stock, row.ours, row.why, `\`${row.test}\``]),
      ),
    );
  }
  return lines.join('\n');
}

function programPage(): string {
  const lines = [
    '# The program',
    '',
    'What `tunnelscope help` and `--help` print. This page is generated from the table in `src/cli/commands.ts`.',
  ];
  for (const [name, command] of Object.entries(PROGRAM_COMMANDS)) {
    lines.push('', `## tunnelscope ${name}`, '', `${command.summary}.`, '', '```', command.usage.trimEnd(), '```');
  }
  return lines.join('\n');
}
