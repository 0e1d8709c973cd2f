import { after, type Instant } from '../../base/units.ts';
import type { Clock } from '../../host/clock.ts';
import type { Logging } from '../../service/logging.ts';
import type { AlertGroup, AlertNotice } from '../../telemetry/alerts/notice.ts';
import type { Fleet } from '../../telemetry/index.ts';
import type { MonitorPart } from '../app.ts';
import type { MonitorConfig } from '../config/config.ts';
import type { DeliverHow } from '../config/targets.ts';
import { TargetGroup } from '../targets/group.ts';
import { packNotice } from './notice-record.ts';
import { deliverSender } from './senders.ts';

/** What delivery works with. */
export interface DeliveryOptions {
  readonly fleet: Pick<Fleet, 'targets'>;
  readonly clock: Clock;
  readonly logging: Pick<Logging, 'notes'>;
}

/** Sent at once, at most. */
const BATCH = { records: 500, bytes: 1 << 20 };
/** Alerts that are told again while they fire, at most. */
const MOST_FIRING = 100_000;

/**
 * Brings word of alerts to all targets, at least once: what a target has not taken waits in its spool, over the end of the monitor and
 * of the machine. Alertmanager is told of each that fires again and again, as it takes silence for the end.
 */
export class Delivery implements MonitorPart {
  readonly #options: DeliveryOptions;
  readonly #group: TargetGroup<DeliverHow>;
  readonly #firing = new Map<string, AlertNotice>();
  #cancel: (() => void) | undefined;
  /** When each target is told again; by name. */
  readonly #resendAt = new Map<string, Instant>();

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { clock, logging, fleet } = options;
    this.#group = new TargetGroup({
      purpose: 'deliver',
      sync: 'each',
      batch: BATCH,
      sender: (how) => deliverSender(how, clock),
      clock,
      logging,
      shown: fleet.targets,
    });
  }

  async configure({ deliver }: MonitorConfig): Promise<void> {
    await this.#group.configure(deliver);
    this.#resendAt.clear();
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#cancel?.();
    await this.#group.close();
  }

  /** Word of an alert that fires or is over, for Alertmanager, which groups, silences and repeats by itself. */
  notice(notice: AlertNotice): void {
    if (notice.state === 'resolved') this.#firing.delete(notice.fingerprint);
    else if (this.#firing.size < MOST_FIRING || this.#firing.has(notice.fingerprint)) this.#firing.set(notice.fingerprint, notice);
    this.#group.append(packNotice(notice), isAlertmanager);
  }

  /** Alerts that somebody is to be told of, for all others. Those of a former run are news for Alertmanager too. */
  group({ notices }: Pick<AlertGroup, 'notices'>): void {
    for (const notice of notices) {
      if (notice.state === 'firing' && !this.#firing.has(notice.fingerprint)) this.notice(notice);
      this.#group.append(packNotice(notice), (how) => !isAlertmanager(how));
    }
  }

  /** At the earliest time at which a target is to be told again. */
  #schedule(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const { clock } = this.#options;
    const { at } = clock.now();
    let next: Instant | undefined;
    for (const { target, how } of this.#group.members) {
      if (!isAlertmanager(how)) continue;
      const due = this.#resendAt.get(target.name) ?? after(at, how.resend);
      this.#resendAt.set(target.name, due);
      if (next === undefined || due < next) next = due;
    }
    if (next !== undefined) this.#cancel = clock.schedule(next, () => this.#resend());
  }

  /** One that has not taken the last yet needs no more. */
  #resend(): void {
    const { at } = this.#options.clock.now();
    for (const { target, how } of this.#group.members) {
      if (!isAlertmanager(how) || (this.#resendAt.get(target.name) ?? at) > at) continue;
      this.#resendAt.set(target.name, after(at, how.resend));
      if (target.waiting === 0) for (const notice of this.#firing.values()) target.append(packNotice(notice));
    }
    this.#schedule();
  }
}

function isAlertmanager(how: DeliverHow): how is Extract<DeliverHow, { kind: 'alertmanager' }> {
  return how.kind === 'alertmanager';
}
