import { METRIC_SUBJECTS, sampleName } from './metrics/table.ts';

const HEAD = `# Metrics

What \`/metrics\` tells, as Prometheus text or, to who asks for it, OpenMetrics. Every metric of a daemon has the label \`daemon\`.
This page is generated from the table in \`src/telemetry/metrics/\`.

Sources: \`native\` is a daemon in the same process, \`process\` the machine's own view of the daemon: its process, its certificates,
its disks. Where several can supply a figure, the best that is not silent does, in the order native, management, status-file, log;
\`tunnelscope_figure_age_seconds\` says which one it is, and how old its word.

## How exact bytes are

Bytes are of the link: tunnel overhead and control channel included. They are counted up client by client and never go backwards,
whatever reconnects, restarts or reads twice.

| Source | What is counted |
|---|---|
| native | every byte, to the last |
| management with \`management-client-auth\` | every byte: the daemon tells the final counts of each client |
| management | up to the last byte count or status of each client: what a client moves after it is missing. Clients that come and go between two polls are missing whole |
| status-file | the same by the file's interval, 60 s by default |
| log | none |
| client daemon, management | its own byte count, to the last interval; it goes on over reconnects |
| client daemon, status-file | its statistics, which begin anew with each connection: what was moved after the last write is missing |

What was moved before the monitor saw the daemon first is in the first value as far as the daemon tells it. With kernel offload
(DCO), stock may tell too little.

## How exact times are

Handshakes and times to connect are measured by our own daemon. Of stock they are the time between the lines of its log as they
arrive, and by whole seconds where only client events tell of them. Severities of log lines are those of \`>LOG\`: fatal, error,
warning, debug by their flags, the rest info.

## Series of users

With \`user\`, one series a user name, or common name where there is none, over all sessions; with \`client\`, one a connected client,
with \`session\` (a number of its own, never used again), \`real_address\` and \`virtual_address\`; with \`top\`, the users with most bytes. All others are summed as
\`(other)\`, and so is what is above the bound; \`tunnelscope_series_left_out_total\` counts them. A user who comes into the top brings the
full sum along, and the sum of the others stays as it is.
`;

/** The page `docs/reference/metrics.md`: the table of metrics, a table a subject. */
export function renderReference(): string {
  const lines = [HEAD];
  for (const [subject, metrics] of Object.entries(METRIC_SUBJECTS)) {
    lines.push(`## ${subject}`, '', '| Metric | Type | Labels | What it is | Sources | What moves it |', '|---|---|---|---|---|---|');
    for (const metric of metrics) {
      const labels = metric.labels.map((label) => `\`${label}\``).join(', ');
      const cells = [`\`${sampleName(metric)}\``, metric.type, labels, metric.help, metric.sources.join(', '), metric.moves];
      lines.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}
