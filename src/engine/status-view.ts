import { formatIp } from '../base/ip.ts';
import { runThrough } from '../base/steps.ts';
import type { Now, WallTime } from '../base/units.ts';
import type { ClientRecord, RouteRecord, ServerStatus, ServerStatusRows } from '../model/status-report.ts';
import type { PlaneView, RouteUse } from '../protocol/data/plane.ts';
import { formatRoute } from './inner-owners.ts';
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
  const rows = yield* serverStatusRows(engine, plane, title, now);
  const clients: ClientRecord[] = [];
  const routes: RouteRecord[] = [];
  for (const client of rows.clients) if (clients.push(client) % ROWS_A_STEP === 0) yield;
  for (const route of rows.routes) if (routes.push(route) % ROWS_A_STEP === 0) yield;
  return { ...rows, clients, routes };
}

/** The same with rows that are made when they are asked for, each of what is so then. */
export function* serverStatusRows(
  engine: ServerEngine,
  plane: PlaneView,
  title: string,
  now: Now,
): Generator<void, ServerStatusRows, void> {
  const instances = [...engine.clients()].sort((a, b) => a.clientId - b.clientId);
  yield;
  const uses = yield* routeUses(instances, plane, now);
  const dataPlane = plane.running?.();
  const status = { kind: 'server', title, time: now.wall, maxQueueLength: 0, dcoEnabled: false } as const;
  const rows = { clients: clientRecords(engine, instances, now), routes: routeRecords(instances, uses, now) };
  return dataPlane === undefined ? { ...status, ...rows } : { ...status, ...rows, dataPlane };
}

function* clientRecords(engine: ClientNumbers, instances: readonly ClientInstance[], now: Now): Generator<ClientRecord, void> {
  for (const client of instances) yield clientRecord(engine, client, now);
}

function* routeRecords(instances: readonly ClientInstance[], { used, cached }: RouteUses, now: Now): Generator<RouteRecord, void> {
  for (const client of instances) {
    for (const route of client.planeOpen ? (client.tunnel?.routes ?? []) : []) {
      const text = formatRoute(route);
      const use = used.get(text);
      yield routeRecord(client, text, false, use === undefined ? client.started.wall : wallOf(use.lastReference, now));
    }
  }
  yield* cached;
}

/** Routes in use by their text, and the hosts that were seen inside clients' subnets. */
interface RouteUses {
  readonly used: ReadonlyMap<string, RouteUse>;
  readonly cached: readonly RouteRecord[];
}

function* routeUses(clients: readonly ClientInstance[], plane: PlaneView, now: Now): Generator<void, RouteUses, void> {
  const byPeerId = new Map(clients.map((client) => [client.slot.peerId, client]));
  const used = new Map<string, RouteUse>();
  const cached: RouteRecord[] = [];
  let count = 0;
  for (const use of plane.routes()) {
    if (++count % ROWS_A_STEP === 0) yield;
    const client = byPeerId.get(use.slot.peerId);
    if (client === undefined || client.slot.generation !== use.slot.generation) continue;
    if (use.cached) cached.push(routeRecord(client, formatRoute(use.route), true, wallOf(use.lastReference, now)));
    else used.set(formatRoute(use.route), use);
  }
  return { used, cached };
}

/** What a client's record is made of beside the client itself. */
export type ClientNumbers = Pick<ServerEngine, 'countersOf'>;

/** One client of this moment. */
export function clientRecord(engine: ClientNumbers, client: ClientInstance, now: Now): ClientRecord {
  const data = engine.countersOf(client);
  const control = client.session.counters;
  const heard = Math.max(client.lastControlHeard.at, data?.lastHeard ?? 0);
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
    bytesReceived: control.bytesReceived + (data?.bytesReceived ?? 0),
    bytesSent: control.bytesSent + (data?.bytesSent ?? 0),
    since: client.started.wall,
    cipher: client.tunnel?.cipher,
    phase: client.phase,
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

function routeRecord(client: ClientInstance, destination: string, cached: boolean, lastReference: WallTime): RouteRecord {
  return { destination, cached, commonName: client.shownName, address: client.link.address, lastReference };
}

/** A monotonic reading as a date: as long before the present on either clock. */
function wallOf(at: number, now: Now): WallTime {
  return (now.wall - (now.at - at)) as WallTime;
}
