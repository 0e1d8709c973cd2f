import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instant, Now, WallTime } from '../../../src/base/units.ts';
import { Evaluator } from '../../../src/telemetry/alerts/evaluator.ts';
import type { AlertNotice } from '../../../src/telemetry/alerts/notice.ts';
import type { Rule, RuleSettings } from '../../../src/telemetry/alerts/rule.ts';
import { rulesFile } from '../../../src/telemetry/alerts/rules-file.ts';
import { RULE_SUBJECTS, RULES } from '../../../src/telemetry/alerts/table.ts';

/** One series: a value a step, `null` where it is no longer there, `undefined` where nobody looked. */
export interface GivenSeries {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null | undefined)[];
}

/** Samples, and how often rules are evaluated over them. */
export interface Scenario {
  readonly name: string;
  readonly rules: readonly Rule[];
  readonly series: readonly GivenSeries[];
  /** Seconds between samples, and between evaluations. */
  readonly step: number;
  readonly every: number;
  readonly settings?: RuleSettings;
}

/** The alerts that fire at one evaluation. */
export interface Firing {
  readonly seconds: number;
  readonly alerts: readonly AlertNotice[];
}

const RUNBOOK = 'https://example.test/alerts.md';
const NO_CHANGES: RuleSettings = { site: {}, daemons: new Map() };

function moment(seconds: number): Now {
  return { at: (seconds * 1000) as Instant, wall: (seconds * 1000) as WallTime };
}

/** What our evaluator finds. */
export function insideFirings({ rules, series, step, every, settings = NO_CHANGES }: Scenario): readonly Firing[] {
  const evaluator = new Evaluator({ rules, settings, runbookUrl: RUNBOOK });
  const steps = Math.max(...series.map(({ values }) => values.length));
  const found: Firing[] = [];
  for (let seconds = 0; seconds <= (steps - 1) * step; seconds += every) {
    for (let sample = Math.ceil((seconds - every + 1) / step); sample * step <= seconds; sample++)
      if (sample >= 0) sampleAt(evaluator, series, sample, step);
    evaluator.evaluate(moment(seconds));
    const alerts = [...evaluator.alerts].filter(({ state }) => state === 'firing');
    found.push({
      seconds,
      alerts: alerts.map(({ rule, labels, annotations, value, fingerprint }) => ({
        rule: rule.name,
        state: 'firing',
        labels,
        annotations,
        since: moment(seconds).wall,
        ended: undefined,
        value,
        fingerprint,
      })),
    });
  }
  return found;
}

function sampleAt({ store }: Evaluator, series: readonly GivenSeries[], index: number, step: number): void {
  const known = series.filter(({ values }) => values[index] !== undefined);
  // Where nobody looked at anything there was no round.
  if (known.length === 0) return;
  store.begin(index * step * 1000);
  for (const { metric, labels, values } of known) {
    const value = values[index];
    if (typeof value === 'number') store.sample(metric, Object.keys(labels), Object.values(labels), value);
  }
  store.end();
}

/** Throws what promtool says, unless it finds the same alerts at every evaluation of every scenario. */
export function demandAgreement(scenarios: readonly Scenario[], firings: readonly (readonly Firing[])[]): void {
  const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-promtool-'));
  try {
    const files = scenarios.map((scenario, index) => {
      const rules = join(folder, `rules${index}.yml`);
      const file = join(folder, `test${index}.yml`);
      writeFileSync(
        rules,
        rulesFile({ subjects: subjectsOf(scenario.rules), settings: scenario.settings ?? NO_CHANGES, runbookUrl: RUNBOOK }),
      );
      // JSON is YAML.
      writeFileSync(file, JSON.stringify(testFile(rules, scenario, firings[index] ?? [])));
      return file;
    });
    execFileSync('promtool', ['test', 'rules', ...files], { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 26 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function subjectsOf(rules: readonly Rule[]): Readonly<Record<string, readonly Rule[]>> {
  return Object.fromEntries(Object.entries(RULE_SUBJECTS).map(([subject, all]) => [subject, all.filter((rule) => rules.includes(rule))]));
}

function testFile(rules: string, { series, step, every, rules: tested }: Scenario, firings: readonly Firing[]): object {
  return {
    rule_files: [rules],
    evaluation_interval: `${every}s`,
    tests: [
      {
        interval: `${step}s`,
        input_series: series.map(({ metric, labels, values }) => ({
          series: `${metric}{${Object.entries(labels)
            .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
            .join(',')}}`,
          values: valuesText(values),
        })),
        alert_rule_test: firings.flatMap(({ seconds, alerts }) =>
          tested.map(({ name }) => ({
            eval_time: `${seconds}s`,
            alertname: name,
            exp_alerts: alerts
              .filter(({ rule }) => rule === name)
              .map(({ labels, annotations }) => ({
                exp_labels: Object.fromEntries([...labels].filter(([label]) => label !== 'alertname')),
                exp_annotations: Object.fromEntries(annotations),
              })),
          })),
        ),
      },
    ],
  };
}

/** As promtool writes series: where one is seen to be gone first stands `stale`. */
function valuesText(values: GivenSeries['values']): string {
  let there = false;
  return values
    .map((value) => {
      if (value === undefined) return '_';
      const gone = value === null && there;
      there = value !== null;
      return gone ? 'stale' : String(value ?? '_');
    })
    .join(' ');
}

/** The rule of this name. */
export function ruleNamed(name: string): Rule {
  const rule = RULES.find((each) => each.name === name);
  if (rule === undefined) throw new Error(`there is no rule ${name}`);
  return rule;
}
