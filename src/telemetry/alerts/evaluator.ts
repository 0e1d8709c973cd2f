import type { Instant, Now, WallTime } from '../../base/units.ts';
import { type Evaluation, evaluationsOf, type Point } from './evaluate.ts';
import type { Selector } from './expression.ts';
import { LabelSet } from './label-set.ts';
import type { AlertNotice } from './notice.ts';
import type { RuleSettings, Rule, Variant } from './rule.ts';
import { variantsOf } from './rule.ts';
import { LOOKBACK_MS, SampleStore, type Selection } from './samples.ts';
import { subjectOf } from './table.ts';
import { annotationsOf } from './template.ts';

/** An alert that a rule found, which may not have lasted long enough to fire. */
export interface AlertView {
  readonly rule: Rule;
  readonly state: 'pending' | 'firing';
  readonly labels: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
  /** When the formula began to hold, and when the alert began to fire. */
  readonly active: WallTime;
  readonly since: WallTime | undefined;
  readonly value: number;
  readonly fingerprint: string;
}

/** What is evaluated. */
export interface EvaluatorSettings {
  readonly rules: readonly Rule[];
  readonly settings: RuleSettings;
  /** The address of the page with the runbooks. */
  readonly runbookUrl: string;
}

/** Alerts as they are kept over a restart; plain, so that it can be written as JSON. */
export interface AlertSnapshot {
  readonly rule: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly active: number;
  readonly since: number | undefined;
  readonly value: number;
}

class Alert implements AlertView {
  readonly variant: Variant;
  readonly labelSet: LabelSet;
  readonly #runbookUrl: string;
  readonly activeAt: Instant;
  readonly active: WallTime;
  since: WallTime | undefined;
  value = Number.NaN;
  /** The evaluation in which it was found last. */
  round = 0;

  constructor(variant: Variant, labels: LabelSet, runbookUrl: string, began: Now) {
    this.variant = variant;
    this.labelSet = labels;
    this.#runbookUrl = runbookUrl;
    this.activeAt = began.at;
    this.active = began.wall;
  }

  get rule(): Rule {
    return this.variant.rule;
  }

  get state(): 'pending' | 'firing' {
    return this.since === undefined ? 'pending' : 'firing';
  }

  get labels(): ReadonlyMap<string, string> {
    return this.labelSet.pairs;
  }

  get annotations(): ReadonlyMap<string, string> {
    return annotationsOf(this.variant, this, this.#runbookUrl);
  }

  get fingerprint(): string {
    return this.labelSet.fingerprint;
  }

  notice(ended: WallTime | undefined): AlertNotice {
    const { rule, labels, annotations, since = this.active, value, fingerprint } = this;
    return { rule: rule.name, state: ended === undefined ? 'firing' : 'resolved', labels, annotations, since, ended, value, fingerprint };
  }
}

/** An alert of a former configuration or run, until its rule finds it again. */
interface Kept {
  readonly alert: Alert;
  readonly until: Instant;
}

interface Running {
  readonly variant: Variant;
  readonly evaluate: Evaluation;
  /** By the labels that the formula gives. */
  readonly alerts: Map<string, Alert>;
}

/**
 * Evaluates rules over samples, as Prometheus does: an alert is pending as soon as its formula holds, fires when it has held for as long as
 * the rule says, and is over when it does not hold any more. Instants are for samples and for how long; the other clock for dates.
 */
export class Evaluator {
  /** Where the samples go, before each evaluation. */
  readonly store = new SampleStore();
  #settings: EvaluatorSettings;
  #running: readonly Running[] = [];
  #selections: ReadonlyMap<Selector, Selection> = new Map();
  /** By all their labels. */
  readonly #kept = new Map<string, Kept>();
  #round = 0;

  constructor(settings: EvaluatorSettings) {
    this.#settings = settings;
    this.#begin();
  }

  /** The alerts that there are. */
  get alerts(): Iterable<AlertView> {
    return this.#all();
  }

  /** Word of each that fires now. */
  firing(): readonly AlertNotice[] {
    return [...this.#all()].filter(({ state }) => state === 'firing').map((alert) => alert.notice(undefined));
  }

  /** What is evaluated. */
  get variants(): readonly Variant[] {
    return this.#running.map(({ variant }) => variant);
  }

  /** What a selector of a variant's formula finds. */
  selection(selector: Selector): Selection | undefined {
    return this.#selections.get(selector);
  }

  *#all(): Generator<Alert> {
    for (const { alerts } of this.#running) yield* alerts.values();
    for (const { alert } of this.#kept.values()) yield alert;
  }

  /** Evaluates other rules or thresholds from now on. Alerts that the new ones find as well go on. */
  configure(settings: EvaluatorSettings, now: Now): void {
    const until = (now.at + LOOKBACK_MS) as Instant;
    for (const { alerts } of this.#running) for (const alert of alerts.values()) this.#kept.set(alert.labelSet.key, { alert, until });
    this.#settings = settings;
    this.#begin();
  }

  #begin(): void {
    const variants = variantsOf(this.#settings.rules, this.#settings.settings);
    const { evaluations, selections } = evaluationsOf(
      variants.map(({ formula }) => formula),
      this.store,
    );
    this.#selections = selections;
    this.#running = evaluations.map((evaluate, index) => ({ variant: at(variants, index), evaluate, alerts: new Map() }));
  }

  /** Evaluates every rule over the samples up to now, and gives what began to fire and what ended. */
  evaluate(now: Now): readonly AlertNotice[] {
    this.#round++;
    const notices: AlertNotice[] = [];
    const moment = { at: now.at, seconds: now.wall / 1000 };
    for (const running of this.#running) {
      for (const point of running.evaluate(moment)) this.#found(running, point, now, notices);
      for (const [key, alert] of running.alerts) {
        if (alert.round === this.#round) continue;
        running.alerts.delete(key);
        if (alert.state === 'firing') notices.push(alert.notice(now.wall));
      }
    }
    for (const [key, { alert, until }] of this.#kept) {
      if (now.at < until) continue;
      this.#kept.delete(key);
      if (alert.state === 'firing') notices.push(alert.notice(now.wall));
    }
    return notices;
  }

  #found({ variant, alerts }: Running, { labels, value }: Point, now: Now, notices: AlertNotice[]): void {
    let alert = alerts.get(labels.key);
    if (alert === undefined) {
      alert = this.#opened(variant, labels, now);
      alerts.set(labels.key, alert);
    }
    alert.round = this.#round;
    alert.value = value;
    if (alert.since !== undefined || now.at - alert.activeAt < variant.hold * 1000) return;
    alert.since = now.wall;
    notices.push(alert.notice(undefined));
  }

  /** A new alert, which may be one that there was before. */
  #opened(variant: Variant, found: LabelSet, now: Now): Alert {
    const labels = allLabels(variant, found);
    const kept = this.#kept.get(labels.key)?.alert;
    this.#kept.delete(labels.key);
    const alert = new Alert(
      variant,
      labels,
      this.#settings.runbookUrl,
      kept === undefined ? now : { at: kept.activeAt, wall: kept.active },
    );
    alert.since = kept?.since;
    return alert;
  }

  /** What to keep over a restart. */
  snapshot(): readonly AlertSnapshot[] {
    return [...this.#all()].map(({ rule, labels, active, since, value }) => ({
      rule: rule.name,
      labels: [...labels],
      active,
      since,
      value,
    }));
  }

  /** Takes alerts up again. They go on when their rules find them, and end when they have not done so in five minutes. */
  restore(alerts: readonly AlertSnapshot[], now: Now): void {
    const until = (now.at + LOOKBACK_MS) as Instant;
    for (const { rule, labels: pairs, active, since, value } of alerts) {
      const labels = LabelSet.of(pairs);
      const variant = this.variants.find((each) => each.rule.name === rule && each.severity === labels.pairs.get('severity'));
      if (variant === undefined) continue;
      const length = Math.max(0, now.wall - active);
      const began = { at: (now.at - length) as Instant, wall: (now.wall - length) as WallTime };
      const alert = new Alert(variant, labels, this.#settings.runbookUrl, began);
      alert.since = since === undefined ? undefined : (Math.min(since, now.wall) as WallTime);
      alert.value = value;
      this.#kept.set(labels.key, { alert, until });
    }
  }
}

/** The labels of an alert: those of the rule go before those of the series. */
function allLabels({ rule, severity }: Variant, found: LabelSet): LabelSet {
  return LabelSet.of([...found.pairs, ['alertname', rule.name], ['severity', severity], ['category', subjectOf(rule)]]);
}

function at<T>(all: readonly T[], index: number): T {
  const found = all[index];
  if (found === undefined) throw new RangeError(`there is no number ${index}`);
  return found;
}
