import { formatIp } from '../base/ip.ts';
import { runThrough } from '../base/steps.ts';
import type { Instant, Now, WallTime } from '../base/units.ts';
import type { ClientRecord, ClientRow, RouteRecord, ServerStatus, ServerStatusRows } from '../model/status-report.ts';
import type { InnerRoute, PlaneView, RouteUse } from '../protocol/data/plane.ts';
import { formatRoute, isSameRoute } from './inner-owners.ts';
import type { ClientInstance } from './instance.ts';
import type { ServerEngine } from './server.ts';

/** The server as status files, `status` and SIGUSR2 show it, rows in the order of client ids. */
export function serverStatus(engine: ServerEngine, plane: PlaneView, title: string, now: Now): ServerStatus {
  return runThrough(serverStatusSteps(engine, plane, title, now));
}

/** Rows of a step: a fraction of a millisecond. */
const ROWS_A_STEP = 64;

/**
 * The same in short steps, for whoever may not take the time for ten thousand clients at a stroke. The rows are those of the clients
 * of its beginning; each shows what is so when its turn comes.
 */
export function* serverStatusSteps(engine: ServerEngine, plane: PlaneView, title: string, now: Now): Generator<void, ServerStatus, void> {
  const instances = inOrder(engine);
  const clients: ClientRecord[] = [];
  const routes: RouteRecord[] = [];
  for (const client of instances) if (clients.push(clientRecord(engine, client, now)) % ROWS_A_STEP === 0) yield;
  for (const route of routeRecords(instances, plane, now)) if (routes.push(route) % ROWS_A_STEP === 0) yield;
  return { ...frame(plane, title, now), clients, routes };
}

/** The same with rows that are made when they are asked for, each of what is so then. */
export function serverStatusRows(engine: ServerEngine, plane: PlaneView, title: string, now: Now): ServerStatusRows {
  const instances = inOrder(engine);
  return { ...frame(plane, title, now), clients: clientRows(engine, instances), routes: routeRecords(instances, plane, now) };
}

function inOrder(engine: ServerEngine): readonly ClientInstance[] {
  return [...engine.clients()].sort((a, b) => a.clientId - b.clientId);
}

/** A report but for its rows. */
function frame(plane: PlaneView, title: string, now: Now): Omit<ServerStatus, 'clients' | 'routes'> {
  const dataPlane = plane.running?.();
  const status = { kind: 'server', title, time: now.wall, maxQueueLength: 0, dcoEnabled: false } as const;
  return dataPlane === undefined ? status : { ...status, dataPlane };
}

function* clientRows(engine: ClientNumbers, instances: readonly ClientInstance[]): Generator<ClientRow, void> {
  for (const client of instances) yield clientRow(client, engine.bytesOf(client));
}

/** The routes of all clients, then the hosts that were seen inside their subnets. */
function* routeRecords(instances: readonly ClientInstance[], plane: PlaneView, now: Now): Generator<RouteRecord, void> {
  const { used, cached } = routeUses(instances, plane);
  for (const client of instances) {
    const known = used.get(client.slot.peerId);
    const { routes, lastReferences } = known?.client === client ? known : NO_ROUTES;
    for (let at = 0; at < routes.length; at++) {
      const [route, lastReference] = [routes[at], lastReferences[at]];
      if (route !== undefined)
        yield routeRecord(client, route, false, lastReference === undefined ? client.started.wall : wallOf(lastReference, now));
    }
  }
  for (const { client, use } of cached) yield routeRecord(client, use.route, true, wallOf(use.lastReference, now));
}

/** The routes of a client and when they were last used, in their order; nothing of one that the data plane does not have. */
interface UsedRoutes {
  readonly client: ClientInstance;
  readonly generation: number;
  readonly routes: readonly InnerRoute[];
  readonly lastReferences: Instant[];
}

/** Routes in use by the peer id of their client, and the hosts that were seen inside clients' subnets. */
interface RouteUses {
  readonly used: ReadonlyMap<number, UsedRoutes>;
  readonly cached: readonly { readonly client: ClientInstance; readonly use: RouteUse }[];
}

const NO_ROUTES: Pick<UsedRoutes, 'routes' | 'lastReferences'> = { routes: [], lastReferences: [] };

function routeUses(clients: readonly ClientInstance[], plane: PlaneView): RouteUses {
  const used = new Map<number, UsedRoutes>();
  for (const client of clients) {
    const { peerId, generation } = client.slot;
    if (client.planeOpen) used.set(peerId, { client, generation, routes: client.tunnel?.routes ?? [], lastReferences: [] });
  }
  const cached: { client: ClientInstance; use: RouteUse }[] = [];
  for (const use of plane.routes()) {
    const known = used.get(use.slot.peerId);
    if (known === undefined || known.generation !== use.slot.generation) continue;
    if (use.cached) cached.push({ client: known.client, use });
    else noteUse(known, use);
  }
  return { used, cached };
}

function noteUse({ routes, lastReferences }: UsedRoutes, { route, lastReference }: RouteUse): void {
  for (let at = 0; at < routes.length; at++) {
    const own = routes[at];
    if (own !== undefined && isSameRoute(own, route)) lastReferences[at] = lastReference;
  }
}

/** What a client's record is made of beside the client itself. */
export type ClientNumbers = Pick<ServerEngine, 'countersOf' | 'bytesOf'>;

/** One client of this moment. */
export function clientRecord(engine: ClientNumbers, client: ClientInstance, now: Now): ClientRecord {
  const data = engine.countersOf(client);
  const control = client.session.counters;
  const heard = Math.max(client.lastControlHeard.at, data?.lastHeard ?? 0);
  return {
    ...clientRow(client, engine.bytesOf(client)),
    quality: {
      packets: data?.packetsReceived ?? 0,
      lost: data?.lost ?? 0,
      reordered: data?.reordered ?? 0,
      replayed: data?.replayed ?? 0,
      unauthentic: data?.unauthentic ?? 0,
      roundTripMs: control.roundTripMs,
      retransmits: control.retransmits,
      renegotiations: control.renegotiations,
      phaseMs: client.phaseMs,
      lastHeard: wallOf(heard, now),
    },
  };
}

function clientRow(client: ClientInstance, bytes: { readonly received: number; readonly sent: number }): ClientRow {
  return {
    session: client.number,
    clientId: client.clientId,
    peerId: client.slot.peerId,
    // Known before they are approved of, as in stock: a login that waits can be told from a handshake.
    commonName: client.shownName ?? client.commonName,
    username: client.username ?? client.env.get('username'),
    address: client.link.address,
    virtual4: shownIp(client.tunnel?.address4),
    virtual6: shownIp(client.tunnel?.address6),
    bytesReceived: bytes.received,
    bytesSent: bytes.sent,
    since: client.started.wall,
    cipher: client.tunnel?.cipher,
    phase: client.phase,
  };
}

/** Addresses do not change while they are a client's. */
const shown = new WeakMap<Buffer, string>();

function shownIp(address: Buffer | undefined): string | undefined {
  if (address === undefined) return undefined;
  const known = shown.get(address);
  if (known !== undefined) return known;
  const text = formatIp(address);
  shown.set(address, text);
  return text;
}

function routeRecord(client: ClientInstance, route: InnerRoute, cached: boolean, lastReference: WallTime): RouteRecord {
  return { destination: formatRoute(route), cached, commonName: client.shownName, address: client.link.address, lastReference };
}

/** A monotonic reading as a date: as long before the present on either clock. */
function wallOf(at: number, now: Now): WallTime {
  return (now.wall - (now.at - at)) as WallTime;
}
