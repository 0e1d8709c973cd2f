import { labelText } from '../labels.ts';
import { type BoundFormula, bind, type Formula, type Matcher } from './expression.ts';
import { literal, meets } from './label-set.ts';

/** How bad it is: somebody has to come now, somebody has to look today, somebody may want to know. */
export const ALERT_SEVERITIES = ['critical', 'warning', 'info'] as const;

/** One of them. */
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/** A number of a rule that a configuration may set. */
export interface Threshold {
  readonly default: number;
  /** `seconds` are written as a length of time: `5m`. */
  readonly unit: 'count' | 'share' | 'seconds' | 'bytes per second';
  readonly meaning: string;
}

/** How a rule was made to fire on a real daemon. */
export interface Provocation {
  readonly daemon: 'stock' | 'ours';
  readonly how: string;
  /** Why it was not provoked from outside alone, where it was not. */
  readonly because?: string;
  /** Why no real daemon was made to: only made-up series have shown it. */
  readonly untried?: string;
}

/** A rule: when it fires, what that means, and what to do then. */
export interface Rule {
  /** As `alertname` shows it, never changed once released. */
  readonly name: string;
  readonly severity: AlertSeverity;
  /** Seconds that the formula has to hold before the alert fires: Prometheus's `for`. */
  readonly hold: number;
  readonly thresholds: Readonly<Record<string, Threshold>>;
  readonly formula: Formula;
  /** One line about the alert; `template.ts` says what may stand in braces. */
  readonly summary: string;
  readonly description: string;
  /** What happened when it fires. */
  readonly meaning: string;
  /** What to look at and to do, step by step. */
  readonly runbook: readonly string[];
  /** The daemons that it is about, where it is not about all. */
  readonly mode?: 'server' | 'client';
  readonly provoked: Provocation;
}

/** What a configuration says about a rule. */
export interface RuleChange {
  readonly off?: boolean;
  readonly severity?: AlertSeverity;
  /** Seconds. */
  readonly hold?: number;
  readonly thresholds?: Readonly<Record<string, number>>;
}

/** Changes by the names of rules. */
export type RuleChanges = Readonly<Record<string, RuleChange>>;

/** What a configuration says about all rules, for the whole site and for single daemons. */
export interface RuleSettings {
  readonly site: RuleChanges;
  readonly daemons: ReadonlyMap<string, RuleChanges>;
}

/** A rule with the numbers that hold for some daemons. */
export interface Variant {
  readonly rule: Rule;
  readonly severity: AlertSeverity;
  /** Seconds. */
  readonly hold: number;
  readonly values: ReadonlyMap<string, number>;
  readonly formula: BoundFormula;
  /** Whether it is about the daemon of this name. */
  readonly daemon: (name: string) => boolean;
}

/** What of each rule is evaluated: once for all daemons of which the configuration says nothing of their own, once for each others that are alike. */
export function variantsOf(rules: readonly Rule[], { site, daemons }: RuleSettings): readonly Variant[] {
  return rules.flatMap((rule) => {
    const common = site[rule.name] ?? {};
    const own = new Map<string, { readonly change: RuleChange; readonly names: string[] }>();
    for (const [name, changes] of daemons) {
      const change = changes[rule.name];
      if (change === undefined) continue;
      const merged = { ...common, ...change, thresholds: { ...common.thresholds, ...change.thresholds } };
      const key = JSON.stringify(merged);
      const alike = own.get(key) ?? { change: merged, names: [] };
      alike.names.push(labelText(name));
      own.set(key, alike);
    }
    const named = [...own.values()].flatMap(({ names }) => names);
    const rest: Matcher[] = named.length === 0 ? [] : [['daemon', '!~', named.map(literal).join('|')]];
    return [
      ...variantOf(rule, common, rest),
      ...[...own.values()].flatMap(({ change, names }) => variantOf(rule, change, [matcherOf(names)])),
    ];
  });
}

function matcherOf(names: readonly string[]): Matcher {
  return names.length === 1 ? ['daemon', '=', names[0] ?? ''] : ['daemon', '=~', names.map(literal).join('|')];
}

function variantOf(rule: Rule, change: RuleChange, match: readonly Matcher[]): readonly Variant[] {
  if (change.off === true) return [];
  const values = new Map(
    Object.entries(rule.thresholds).map(([name, threshold]) => [name, change.thresholds?.[name] ?? threshold.default]),
  );
  return [
    {
      rule,
      severity: change.severity ?? rule.severity,
      hold: change.hold ?? rule.hold,
      values,
      formula: bind(rule.formula, values, match),
      daemon: (name) => match.every((each) => meets(each)(labelText(name))),
    },
  ];
}
