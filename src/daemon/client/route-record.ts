import { parseIp } from '../../base/ip.ts';
import type { ChangeRecord } from '../../host/change-record.ts';
import type { Network, TunnelRoute } from '../../host/ip.ts';
import type { Notes } from '../../messages/notes.ts';
import { OURS } from '../../messages/ours.ts';

/** Routes that a client has changed. Those through its device go with that, unless it stays when nobody uses it. */
interface RouteChanges {
  readonly added: readonly TunnelRoute[];
  /** The default route that a redirection took away. */
  readonly taken: TunnelRoute | undefined;
}

/** Keeps on record which routes have to be put right again, from before they are changed. */
export class RouteRecord {
  readonly #record: Pick<ChangeRecord, 'write'>;
  #added: TunnelRoute[] = [];
  #taken: TunnelRoute | undefined;

  constructor(record: Pick<ChangeRecord, 'write'>) {
    this.#record = record;
  }

  /** Routes will be added. */
  add(...routes: readonly TunnelRoute[]): void {
    this.#added.push(...routes);
    this.#write();
  }

  /** These are all that stand. */
  keep(routes: readonly TunnelRoute[]): void {
    if (routes.length === this.#added.length) return;
    this.#added = [...routes];
    this.#write();
  }

  /** A route will be taken away, to come back at the end; undefined: it is back. */
  take(route: TunnelRoute | undefined): void {
    if (this.#taken === route) return;
    this.#taken = route;
    this.#write();
  }

  #write(): void {
    const nothing = this.#added.length === 0 && this.#taken === undefined;
    this.#record.write(nothing ? undefined : ({ added: this.#added, taken: this.#taken } satisfies RouteChanges));
  }
}

/** Puts right what clients that were killed left of their routes. What cannot be put right is as it should be already. */
export async function repairRoutes(left: readonly unknown[], network: Network, notes: Notes): Promise<void> {
  for (const changes of left) {
    const { added, taken } = readChanges(changes);
    const done: boolean[] = [];
    for (const route of added) done.push(await isDone(network.deleteRoute(route)));
    if (taken !== undefined && (await network.routeTo(taken.to.family, 'default')) === undefined) {
      done.push(await isDone(network.addRoute(taken)));
    }
    notes.add(OURS.routesRepaired, { count: done.filter(Boolean).length });
  }
}

function readChanges(changes: unknown): RouteChanges {
  const { added, taken }: { readonly added?: unknown; readonly taken?: unknown } =
    typeof changes === 'object' && changes !== null ? changes : {};
  const routes = Array.isArray(added) ? added.flatMap((each: unknown) => readRoute(each) ?? []) : [];
  return { added: routes, taken: readRoute(taken) };
}

/** What does not look like a route is none: the file may be anybody's. */
function readRoute(value: unknown): TunnelRoute | undefined {
  if (typeof value !== 'object' || value === null || !('to' in value) || !('device' in value)) return undefined;
  const { to, device } = value;
  const gateway = 'gateway' in value ? value.gateway : undefined;
  const metric = 'metric' in value ? value.metric : undefined;
  if (typeof to !== 'object' || to === null || !('ip' in to) || !('bits' in to)) return undefined;
  const { ip, bits } = to;
  const parsed = typeof ip === 'string' ? parseIp(ip) : undefined;
  if (typeof ip !== 'string' || parsed === undefined || typeof device !== 'string' || !/^[\w.-]+$/.test(device)) return undefined;
  if (typeof bits !== 'number' || !Number.isInteger(bits) || bits < 0 || bits > 128) return undefined;
  if (gateway !== undefined && (typeof gateway !== 'string' || parseIp(gateway) === undefined)) return undefined;
  if (metric !== undefined && (typeof metric !== 'number' || !Number.isInteger(metric))) return undefined;
  return { to: { family: parsed.family, ip, bits }, device, gateway, metric };
}

/** Whether the system did it. */
function isDone(change: Promise<void>): Promise<boolean> {
  return change.then(
    () => true,
    () => false,
  );
}
