import { type Duration, seconds } from '../../base/units.ts';
import { DEFAULT_GROUPING, type GroupingOptions } from '../../telemetry/alerts/grouping.ts';
import {
  ALERT_SEVERITIES,
  type Rule,
  type RuleChange,
  type RuleChanges,
  type RuleSettings,
  type Threshold,
} from '../../telemetry/alerts/rule.ts';
import { RULES } from '../../telemetry/alerts/table.ts';
import { numberText } from '../../telemetry/alerts/template.ts';
import { described, type Field, type Fields, flag, integer, list, made, map, oneOf, type Read, share, text } from './fields.ts';
import { defined, duration, path } from './parts.ts';

/** Alerts, as the configuration of the monitor has them. */
export interface AlertsConfig {
  readonly rules: RuleSettings;
  /** Between two evaluations. */
  readonly interval: Duration;
  readonly grouping: GroupingOptions;
  /** The address of the page with the runbooks. */
  readonly runbookUrl: string;
  /** Where alerts, silences and what was learnt are kept over a restart. */
  readonly file: string | undefined;
}

/** What holds where nothing is said. */
export const DEFAULT_ALERTS: AlertsConfig = {
  rules: { site: {}, daemons: new Map() },
  interval: seconds(15),
  grouping: DEFAULT_GROUPING,
  runbookUrl: 'docs/reference/alerts.md',
  file: undefined,
};

/** Changes of rules, by their names. */
export const RULE_CHANGES: Field<RuleChanges> = made(map(Object.fromEntries(RULES.map((rule) => [rule.name, ruleField(rule)]))), (read) =>
  Object.fromEntries(Object.entries(read).flatMap(([name, change]) => (change === undefined ? [] : [[name, change]]))),
);

/** `alerts` of the whole configuration. */
export const ALERTS = map({
  rules: described(RULE_CHANGES, 'Other thresholds and times for rules, or none of a rule; docs/reference/alerts.md has them all.'),
  interval: described(duration('1s', '5m'), 'How often rules are evaluated; 15s unless given.'),
  'group-by': described(
    list(text('a label'), { one: true }),
    'Alerts with equal values of these labels are told of together; daemon unless given.',
  ),
  'group-wait': described(duration('0s', '1h'), 'How long a new group waits for others that belong to it; 10s unless given.'),
  'group-interval': described(duration('1s', '1d'), 'Changes of a group are told no more often; 1m unless given.'),
  repeat: described(duration('1s', '30d'), 'What still fires is told again after that; 4h unless given.'),
  'runbook-url': described(text('an address'), 'Where you publish docs/reference/alerts.md; it stands in each alert.'),
  file: described(path(), 'Keeps alerts, silences and what was learnt over a restart; only in memory unless given.'),
});

function ruleField(rule: Rule): Field<RuleChange> {
  const hold = rule.hold === 0 ? 'at once' : numberText(rule.hold, 'seconds');
  const fields: Fields = {
    off: described(flag(), 'The rule is not evaluated.'),
    severity: described(oneOf(...ALERT_SEVERITIES), `${rule.severity} unless given.`),
    for: described(duration('0s', '30d'), `How long it has to hold; ${hold} unless given.`),
    ...Object.fromEntries(Object.entries(rule.thresholds).map(([name, threshold]) => [name, thresholdField(threshold)])),
  };
  return described(made(map(fields), changeFrom), rule.meaning);
}

function thresholdField({ unit, meaning, default: value }: Threshold): Field<unknown> {
  const field =
    unit === 'seconds' ? made(duration('1s', '365d'), (length) => length / 1000) : unit === 'share' ? share() : integer(0, 1_000_000_000);
  return described<Field<unknown>>(field, `${meaning}; ${numberText(value, unit)} unless given.`);
}

/** The fields of a rule gave these. */
function changeFrom(read: Readonly<Record<string, unknown>>): RuleChange {
  const thresholds: Record<string, number> = {};
  const change: { -readonly [K in keyof RuleChange]: RuleChange[K] } = { thresholds };
  for (const [name, value] of Object.entries(read)) {
    if (name === 'off') change.off = value === true;
    else if (name === 'severity') Object.assign(change, defined({ severity: ALERT_SEVERITIES.find((each) => each === value) }));
    else if (name === 'for' && typeof value === 'number') change.hold = value / 1000;
    else if (typeof value === 'number') thresholds[name] = value;
  }
  return change;
}

/** What `alerts` says, and what daemons say of their own. */
export function alertsFrom(
  raw: Read<typeof ALERTS> | undefined,
  daemons: readonly { readonly name: string; readonly alerts: RuleChanges | undefined }[],
): AlertsConfig {
  const { grouping } = DEFAULT_ALERTS;
  const own = daemons.flatMap(({ name, alerts }) => (alerts === undefined ? [] : [[name, alerts] as const]));
  return {
    ...DEFAULT_ALERTS,
    ...defined({ interval: raw?.interval, runbookUrl: raw?.['runbook-url'], file: raw?.file }),
    rules: { site: raw?.rules ?? {}, daemons: new Map(own) },
    grouping: {
      ...grouping,
      ...defined({ by: raw?.['group-by'], wait: raw?.['group-wait'], interval: raw?.['group-interval'], repeat: raw?.repeat }),
    },
  };
}
