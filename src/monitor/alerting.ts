import { reasonOf } from '../base/errors.ts';
import { after, type Duration, type Instant, milliseconds, type Now, seconds, type WallTime } from '../base/units.ts';
import type { Result } from '../base/result.ts';
import { type Clock, monotonic } from '../host/clock.ts';
import { MONITOR } from '../messages/monitor.ts';
import type { Logging } from '../service/logging.ts';
import { type AlertView, Evaluator } from '../telemetry/alerts/evaluator.ts';
import { Grouping } from '../telemetry/alerts/grouping.ts';
import { rulesWithoutData } from '../telemetry/alerts/inputs.ts';
import type { AlertGroup, AlertNotice } from '../telemetry/alerts/notice.ts';
import { sampleFleet } from '../telemetry/alerts/sampling.ts';
import { type Silence, type SilenceRequest, Silences } from '../telemetry/alerts/silences.ts';
import { RULES } from '../telemetry/alerts/table.ts';
import type { AlertingView } from '../telemetry/alerts/view.ts';
import type { Fleet } from '../telemetry/fleet.ts';
import { AlertFile } from './alert-file.ts';
import type { MonitorPart } from './app.ts';
import { type AlertsConfig, DEFAULT_ALERTS } from './config/alerts.ts';

/** Hears of alerts. What it does must neither throw nor wait. */
export interface AlertListener {
  /** An alert began to fire, or is over, silenced or not. */
  notice?(notice: AlertNotice): void;
  /** Somebody is to be told: again and again as long as it fires, and not of what is silenced. */
  group?(group: AlertGroup): void;
}

/** What the alerts of a monitor are made of. */
export interface AlertingOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly logging: Pick<Logging, 'notes'>;
}

/** What is kept over a restart is written so often, and when all ends. */
const KEEP_EVERY = seconds(60);

/** Evaluates the rules on the clock over samples of the fleet, and tells who listens. */
export class Alerting implements MonitorPart, AlertingView {
  readonly #options: AlertingOptions;
  readonly #evaluator: Evaluator;
  readonly #silences = new Silences();
  readonly #grouping: Grouping;
  readonly #listeners = new Set<AlertListener>();
  #config: AlertsConfig = DEFAULT_ALERTS;
  #file: AlertFile | undefined;
  #cancel: (() => void) | undefined;
  #cancelGroups: (() => void) | undefined;
  #kept: Instant | undefined;
  #started = false;
  #closed = false;
  took: Duration | undefined;

  constructor(options: AlertingOptions) {
    this.#options = options;
    const { rules: settings, runbookUrl, grouping } = DEFAULT_ALERTS;
    this.#evaluator = new Evaluator({ rules: RULES, settings, runbookUrl });
    this.#grouping = new Grouping(grouping, ({ labels }) => this.silencedBy(labels).length > 0);
    options.fleet.alerting = this;
  }

  /** The alerts that there are, pending ones too. */
  get alerts(): Iterable<AlertView> {
    return this.#evaluator.alerts;
  }

  get silences(): readonly Silence[] {
    return this.#silences.all;
  }

  /** The ids of the silences that an alert of these labels is silenced by now. */
  silencedBy(labels: ReadonlyMap<string, string>): readonly string[] {
    return this.#silences.by(labels, this.#now().wall);
  }

  /** Takes a silence from now on; else says what is wrong with it. */
  addSilence(request: SilenceRequest): Result<Silence, string> {
    const taken = this.#silences.add(request, this.#now().wall);
    if (taken.ok) {
      const { id, by, ends, matchers } = taken.value;
      const words = matchers.map(({ name, value, isRegex, isEqual }) => `${name}${isEqual ? '' : '!'}${isRegex ? '~' : '='}${value}`);
      this.#options.logging.notes.add(MONITOR.silenced, { id, by, until: isoOf(ends), what: words.join(', ') });
      this.#keepNow();
    }
    return taken;
  }

  /** Ends a silence. False when there is none of that id. */
  removeSilence(id: string): boolean {
    const removed = this.#silences.remove(id);
    if (removed) this.#options.logging.notes.add(MONITOR.silenceEnded, { id });
    if (removed) this.#keepNow();
    return removed;
  }

  /** From now on `listener` hears of alerts; what is given ends that. */
  listen(listener: AlertListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  *counts(): ReturnType<AlertingView['counts']> & Generator {
    const counts = new Map<string, { daemon: string; rule: string; severity: string; state: 'pending' | 'firing'; count: number }>();
    for (const { rule, labels, state } of this.alerts) {
      const [daemon, severity] = [labels.get('daemon') ?? '', labels.get('severity') ?? ''];
      const key = [daemon, rule.name, severity, state].join('\0');
      const known = counts.get(key) ?? { daemon, rule: rule.name, severity, state, count: 0 };
      known.count++;
      counts.set(key, known);
    }
    yield* counts.values();
  }

  withoutData(): ReadonlyMap<string, readonly string[]> {
    return rulesWithoutData(this.#evaluator, this.#options.fleet.daemons);
  }

  get seriesLeftOut(): number {
    return this.#evaluator.store.leftOut;
  }

  /** Takes up its part of a configuration, and at first what a former run kept. */
  async configure({ alerts }: { readonly alerts: AlertsConfig }): Promise<void> {
    const changed = this.#config;
    this.#config = alerts;
    const { rules: settings, runbookUrl, grouping, file } = alerts;
    this.#evaluator.configure({ rules: RULES, settings, runbookUrl }, this.#now());
    this.#grouping.configure(grouping);
    if (file !== this.#file?.path) this.#file = file === undefined ? undefined : new AlertFile(file);
    if (!this.#started) await this.#restore();
    if (!this.#started || changed.interval !== alerts.interval) this.#schedule();
    this.#started = true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    this.#cancelGroups?.();
    if (this.#started) await this.#keep();
    if (this.#options.fleet.alerting === this) this.#options.fleet.alerting = undefined;
  }

  /** The time without jumps of the operator's clock. */
  #now(): Now {
    const { fleet, clock } = this.#options;
    return fleet.patterns.steady(clock.now());
  }

  #schedule(): void {
    this.#cancel?.();
    const { clock } = this.#options;
    this.#cancel = clock.schedule(after(clock.now().at, this.#config.interval), () => {
      this.evaluate();
      if (!this.#closed) this.#schedule();
    });
  }

  /** Takes samples and evaluates every rule now. */
  evaluate(): void {
    const began = monotonic();
    const { fleet, clock } = this.#options;
    fleet.advance(clock.now());
    const now = this.#now();
    sampleFleet(fleet, this.#evaluator.store, now);
    for (const notice of this.#evaluator.evaluate(now)) {
      this.#note(notice);
      for (const listener of this.#listeners) listener.notice?.(notice);
      this.#grouping.handle(notice, now);
    }
    this.took = milliseconds(monotonic() - began);
    this.#tellGroups();
    if (this.#kept === undefined || now.at >= after(this.#kept, KEEP_EVERY)) this.#keepNow();
  }

  #note({ rule, labels, annotations, since, ended }: AlertNotice): void {
    const { notes } = this.#options.logging;
    const severity = labels.get('severity') ?? '';
    const summary = annotations.get('summary') ?? '';
    if (ended === undefined) notes.add(MONITOR.alertFires, { rule, severity, summary });
    else notes.add(MONITOR.alertOver, { rule, severity, summary, seconds: Math.round((ended - since) / 1000) });
  }

  #tellGroups(): void {
    const { clock } = this.#options;
    for (const group of this.#grouping.poll(this.#now())) for (const listener of this.#listeners) listener.group?.(group);
    this.#cancelGroups?.();
    const next = this.#grouping.nextDeadline();
    this.#cancelGroups = next === undefined || this.#closed ? undefined : clock.schedule(next, () => this.#tellGroups());
  }

  async #restore(): Promise<void> {
    if (this.#file === undefined) return;
    try {
      const kept = await this.#file.read();
      if (kept === undefined) return;
      const now = this.#now();
      this.#silences.restore(kept.silences, now.wall);
      this.#options.fleet.patterns.restore(kept.patterns);
      this.#evaluator.restore(kept.alerts, now);
      // Whether somebody was told of these is not known: once more, rather than not at all.
      for (const notice of this.#evaluator.firing()) this.#grouping.handle(notice, now);
      this.#tellGroups();
    } catch (error) {
      this.#options.logging.notes.add(MONITOR.alertFileFailed, { reason: reasonOf(error) });
    }
  }

  #keepNow(): void {
    this.#kept = this.#now().at;
    void this.#keep();
  }

  async #keep(): Promise<void> {
    const { fleet, logging } = this.#options;
    try {
      await this.#file?.write({ alerts: this.#evaluator.snapshot(), silences: this.silences, patterns: fleet.patterns.snapshot() });
    } catch (error) {
      logging.notes.add(MONITOR.alertFileFailed, { reason: reasonOf(error) });
    }
  }
}

function isoOf(time: WallTime): string {
  return new Date(Math.min(time, 8.64e15)).toISOString();
}
