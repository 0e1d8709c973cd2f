import { inputsOf } from './inputs.ts';
import { promql } from './promql.ts';
import { sampleName } from '../metrics/table.ts';
import type { Rule } from './rule.ts';
import { RULE_SUBJECTS } from './table.ts';
import { numberText } from './template.ts';

const HEAD = `# Alerts

What \`tunnelscope monitor\` watches for, and what to do then. \`tunnelscope rules\` prints the same rules for Prometheus. This page is
generated from the table in \`src/telemetry/alerts/rules/\`.

A rule is pending as soon as its formula holds, fires when it has held for the time that stands behind **for**, and is over when it does
not hold any more. Thresholds are set in monitor.yaml, for the site under \`alerts: rules:\`, for one daemon under its \`alerts:\`:

\`\`\`yaml
alerts:
  rules:
    OpenVPNPacketLoss: { share: 0.1, for: 10m }
    OpenVPNOddHour: { off: true }
daemons:
  - name: branch
    management: /run/openvpn/branch.sock
    alerts: { OpenVPNHighCpu: { share: 0.5 } }
\`\`\`

The monitor evaluates formulas as Prometheus 2 does, over samples that it takes of its own metrics every \`interval\` (15 s): extrapolation of
rates, five minutes for which a sample counts, series that end. Its samples lie on a clock that the operator's does not move, and dates
are compared with one that ignores a jump for an hour. Prometheus 3 leaves out a sample that lies exactly at the earlier end of a window,
which no scrape ever hits.

A rule that looks at something which no source of a daemon tells is **without data** for this daemon, not fine: \`tunnelscope monitor
--check-config\` lists such rules, \`/health/DAEMON\` and the metric \`tunnelscope_alert_rules_without_data\` show them while it runs.

What fires is told of in groups (\`group-by\`, by daemon unless given), soon after a group began (\`group-wait\`), when it changes
(\`group-interval\`), and again while it goes on (\`repeat\`). Silences keep quiet about alerts whose labels they match; what had been told of
before is told to be over even so.
`;

/** The page `docs/reference/alerts.md`: every rule with its runbook. */
export function renderReference(): string {
  const lines = [HEAD, '## Rules', '', '| Rule | About | Severity | For | Sources that can supply it |', '|---|---|---|---|---|'];
  for (const [subject, rules] of Object.entries(RULE_SUBJECTS)) for (const rule of rules) lines.push(rowOf(subject, rule));
  for (const [subject, rules] of Object.entries(RULE_SUBJECTS)) {
    lines.push('', `## ${subject.charAt(0).toUpperCase()}${subject.slice(1)}`);
    for (const rule of rules) lines.push('', ...sectionOf(rule));
  }
  lines.push('', ...provocations());
  return lines.join('\n');
}

function rowOf(subject: string, rule: Rule): string {
  return `| [\`${rule.name}\`](#${rule.name.toLowerCase()}) | ${subject} | ${rule.severity} | ${holdText(rule)} | ${sourcesText(rule)} |`;
}

function holdText({ hold }: Rule): string {
  return hold === 0 ? 'at once' : numberText(hold, 'seconds');
}

const WANTS = { pid: 'pid', certificates: 'certificates', files: 'log-file or status-file' } as const;

/** Where one source suffices for all that the rule looks at, its name; what the configuration has to name goes before. */
function sourcesText(rule: Rule): string {
  const inputs = inputsOf(rule);
  const wants = [...new Set(inputs.flatMap(({ wants: named }) => (named === undefined ? [] : [`\`${WANTS[named]}\``])))];
  if (wants.length > 0) return wants.join(', ');
  const [first = [], ...rest] = inputs.map(({ sources }) => sources);
  const common = first.filter((source) => rest.every((sources) => sources.includes(source)));
  return common.map((source) => (source === 'monitor' ? 'any' : source)).join(', ');
}

function sectionOf(rule: Rule): string[] {
  const thresholds = Object.entries(rule.thresholds).map(
    ([name, { default: value, unit, meaning }]) => `| \`${name}\` | ${numberText(value, unit)} | ${meaning} |`,
  );
  return [
    `### ${rule.name}`,
    '',
    `${rule.meaning}${rule.mode === undefined ? '' : ` Of ${rule.mode}s only.`}`,
    '',
    `**${rule.severity}**, for: ${holdText(rule)}; looks at ${inputsOf(rule)
      .map((metric) => `\`${sampleName(metric)}\``)
      .join(', ')}.`,
    '',
    '```',
    promql(rule.formula),
    '```',
    ...(thresholds.length === 0 ? [] : ['', '| Threshold | Default | What it is |', '|---|---|---|', ...thresholds]),
    '',
    'What to do:',
    '',
    ...rule.runbook.map((step, index) => `${index + 1}. ${step}`),
  ];
}

function provocations(): string[] {
  const rows = Object.values(RULE_SUBJECTS)
    .flat()
    .map(({ name, provoked: { daemon, how, because, untried } }) => `| \`${name}\` | ${daemon} | ${how} | ${because ?? untried ?? ''} |`);
  return [
    '## How each was provoked',
    '',
    'Each rule, but one, is made to fire on a real daemon by `test/interop/alerts.test.ts`, with smaller thresholds, and compared with promtool over',
    'made-up series by `test/interop/alert-rules.test.ts`.',
    '',
    '| Rule | Daemon | What was done | What was not real, and why |',
    '|---|---|---|---|',
    ...rows,
  ];
}
