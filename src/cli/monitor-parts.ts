import type { Clock } from '../host/clock.ts';
import type { MonitorApp, MonitorPart } from '../monitor/app.ts';
import { Alerting } from '../monitor/alerting.ts';
import { Delivery } from '../monitor/delivery/delivery.ts';
import { HistoryPart } from '../monitor/history/part.ts';
import { ThreadHistory } from '../monitor/history/thread.ts';
import { Shipping } from '../monitor/shipping/shipping.ts';
import type { Logging } from '../service/logging.ts';

/** What the monitor does beside watching, in the order in which it begins: who is told of something before who tells it. */
export function monitorParts(app: MonitorApp, clock: Clock, logging: Logging): MonitorPart[] {
  const { fleet, happenings } = app;
  const shared = { fleet, clock, logging };
  const history = new HistoryPart(app, clock, logging.notes, (file, onDamaged) => ThreadHistory.open(file, onDamaged));
  const delivery = new Delivery(shared);
  const alerting = new Alerting(shared);
  alerting.listen(delivery);
  alerting.listen({ notice: (notice) => happenings.alert(notice) });
  return [history, new Shipping(shared), delivery, alerting];
}

/** The part that has to have every line. */
export function lineTapOf(parts: readonly MonitorPart[]): Shipping | undefined {
  return parts.find((part): part is Shipping => part instanceof Shipping);
}
