import { TunnelscopeError } from '../base/errors.ts';
import type { ApiSources } from '../console/api-sources.ts';
import type { Clock } from '../host/clock.ts';
import { Alerting } from '../monitor/alerting.ts';
import type { MonitorApp, MonitorPart } from '../monitor/app.ts';
import { Feed } from '../monitor/feed.ts';
import { HistoryPart } from '../monitor/history/part.ts';
import { packageVersion } from './version.ts';

/** What the API shows of a monitor and its parts. */
export function apiSourcesOf(app: MonitorApp, parts: readonly MonitorPart[], clock: Clock): ApiSources {
  const alerts = parts.find((part) => part instanceof Alerting);
  const history = parts.find((part) => part instanceof HistoryPart);
  if (alerts === undefined || history === undefined) throw new TunnelscopeError('BUG', 'the monitor has no alerts or no history');
  const feed = new Feed(Math.round(clock.now().wall).toString(36));
  app.happenings.listen(feed);
  return { now: () => app.now(), version: packageVersion(), alerts, feed, history: () => history.current, clock };
}
