import type { Now } from '../base/units.ts';
import type { HttpAnswer, HttpQuestion } from '../host/http.ts';
import {
  CONTENT_TYPES,
  expose,
  type FleetView,
  formatFor,
  type Health,
  healthOf,
  type TargetView,
  type Thresholds,
  type Verdict,
  worstVerdict,
} from '../telemetry/index.ts';
import { type AccessRules, challengeOf, roleOf } from './access.ts';
import { decoded, headerOf, json, COMMON_HEADERS, text } from './answers.ts';

/** What the console shows, and to whom. */
export interface ConsoleOptions {
  readonly fleet: FleetView;
  /** Gives the time, and brings the fleet up to it. */
  readonly now: () => Now;
  /** Whether openvpn_exporter's metrics are served too. */
  readonly kumina: () => boolean;
  readonly access: AccessRules;
  readonly thresholds: (daemon: string) => Partial<Thresholds>;
  /** Why the monitor itself is not ready yet, or no more. */
  readonly notReady: () => string | undefined;
}

type Page = (question: HttpQuestion, options: ConsoleOptions) => HttpAnswer;

/** The pages there are. `/healthz` and `/readyz` tell no more than yes or no and are open to all, as those who ask have no passwords. */
const PAGES: Readonly<Record<string, { readonly open?: boolean; readonly what: string; readonly page: Page }>> = {
  '/metrics': { what: 'metrics, as Prometheus text or OpenMetrics', page: metrics },
  '/healthz': { what: 'whether the monitor works', open: true, page: () => text(200, 'ok\n') },
  '/readyz': { what: 'whether every daemon was looked at', open: true, page: ready },
  '/health': { what: 'the health of all daemons', page: health },
};

/** Pages below this are about one daemon. */
const OF_DAEMON = '/health/';

/** 503 takes a daemon out of a load balancer. */
const STATUS: Readonly<Record<Verdict, number>> = { ok: 200, degraded: 200, down: 503, 'no-data': 503 };

/** Answers a question. */
export function answerOf(question: HttpQuestion, options: ConsoleOptions): HttpAnswer {
  const { method, path, headers } = question;
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'only GET and HEAD\n', { allow: 'GET, HEAD' });
  const known = Object.hasOwn(PAGES, path) ? PAGES[path] : undefined;
  if (known?.open !== true && roleOf(headerOf(headers['authorization']), options.access) === undefined) {
    return text(401, 'not without a password or token\n', { 'www-authenticate': challengeOf(options.access) });
  }
  if (known !== undefined) return known.page(question, options);
  if (path === '/') return text(200, `${Object.keys(PAGES).join('\n')}\n${OF_DAEMON}DAEMON\n`);
  return path.startsWith(OF_DAEMON) ? healthOfOne(path.slice(OF_DAEMON.length), options) : text(404, 'there is no such page\n');
}

function metrics({ headers }: HttpQuestion, { fleet, now, kumina }: ConsoleOptions): HttpAnswer {
  const format = formatFor(headerOf(headers['accept']));
  const body = expose(fleet, now(), { format, ...(kumina() ? { compat: 'kumina' as const } : {}) });
  return { status: 200, headers: { ...COMMON_HEADERS, 'content-type': CONTENT_TYPES[format] }, body };
}

/** Ready when each daemon has told something, or is known to be away. */
function ready(_question: HttpQuestion, { fleet, notReady }: ConsoleOptions): HttpAnswer {
  const own = notReady();
  if (own !== undefined) return text(503, `${own}\n`);
  for (const { sources } of fleet.daemons) {
    const told = [...sources.values()].filter(({ kind }) => kind !== 'process');
    if (told.every(({ heard, fault }) => heard === undefined && fault === undefined))
      return text(503, 'not every daemon was looked at yet\n');
  }
  return text(200, 'ready\n');
}

function health(_question: HttpQuestion, { fleet, now, thresholds }: ConsoleOptions): HttpAnswer {
  const moment = now();
  const all = [...fleet.daemons].map((daemon) => healthOf(daemon, moment, thresholds(daemon.name)));
  const targets = [...fleet.targets].map(targetObject);
  const worst = worstVerdict(all);
  // Daemons may be well while nobody is told of it.
  const verdict = worst === 'ok' && targets.some(({ verdict: of }) => of !== 'ok') ? 'degraded' : worst;
  const unknown = fleet.alerting?.withoutData();
  const daemons = all.map((each) => healthObject(each, unknown));
  return json(STATUS[verdict], { verdict, daemons, ...(targets.length > 0 && { targets }) });
}

function healthOfOne(written: string, { fleet, now, thresholds }: ConsoleOptions): HttpAnswer {
  const moment = now();
  const daemon = fleet.daemon(decoded(written));
  if (daemon === undefined) return json(404, { error: 'no such daemon is watched' });
  const found = healthOf(daemon, moment, thresholds(daemon.name));
  return json(STATUS[found.verdict], healthObject(found, fleet.alerting?.withoutData()));
}

/** The health of where lines and alerts go. */
function targetObject({ name: target, purpose, trouble, spoolTrouble, waiting }: TargetView) {
  const reasons = [...(trouble === undefined ? [] : [trouble]), ...(spoolTrouble === undefined ? [] : [`spool: ${spoolTrouble}`])];
  const verdict: Verdict = reasons.length === 0 ? 'ok' : 'degraded';
  return { target, purpose, verdict, reasons, waiting };
}

/** What is served of the health of a daemon; programs rely on these names. */
function healthObject({ daemon, verdict, reasons, measures }: Health, unknown: ReadonlyMap<string, readonly string[]> | undefined): object {
  // Alert rules that can say nothing about it are not fine; where nobody evaluates rules, nothing is said of them.
  return { daemon, verdict, reasons, measures, ...(unknown === undefined ? {} : { alertsWithoutData: unknown.get(daemon) ?? [] }) };
}
