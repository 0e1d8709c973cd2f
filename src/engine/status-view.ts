import { formatIp } from '../base/ip.ts';
import { runThrough } from '../base/steps.ts';
import type { Now, WallTime } from '../base/units.ts';
import type { ClientRecord, RouteRecord, ServerStatus } from '../model/status-report.ts';
import type { PlaneView } from '../protocol/data/plane.ts';
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
  const instances = [...engine.clients()].sort((a, b) => a.clientId - b.clientId);
  yield;
  const { used, cached } = yield* routeUses(instances, plane, now);
  const clients: ClientRecord[] = [];
  const routes: RouteRecord[] = [];
  for (const client of instances) {
    clients.push(clientRecord(engine, client, now));
    for (const route of client.planeOpen ? (client.tunnel?.routes ?? []) : []) {
      const text = formatRoute(route);
      const at = used.get(text);
      routes.push(routeRecord(client, text, false, at === undefined ? client.started.wall : wallOf(at, now)));
    }
    if (clients.length % ROWS_A_STEP === 0) yield;
  }
  for (const route of cached) routes.push(route);
  const dataPlane = plane.running?.();
  const status = { kind: 'server', title, time: now.wall, clients, routes, maxQueueLength: 0, dcoEnabled: false } as const;
  return dataPlane === undefined ? status : { ...status, dataPlane };
}

/** When each route was last used, by its text, and the hosts that were seen inside clients' subnets. */
function* routeUses(
  clients: readonly ClientInstance[],
  plane: PlaneView,
  now: Now,
): Generator<void, { readonly used: ReadonlyMap<string, number>; readonly cached: readonly RouteRecord[] }, void> {
  const byPeerId = new Map(clients.map((client) => [client.slot.peerId, client]));
  const used = new Map<string, number>();
  const cached: RouteRecord[] = [];
  let count = 0;
  for (const use of plane.routes()) {
    if (++count % ROWS_A_STEP === 0) yield;
    const client = byPeerId.get(use.slot.peerId);
    if (client === undefined || client.slot.generation !== use.slot.generation) continue;
    if (use.cached) cached.push(routeRecord(client, formatRoute(use.route), true, wallOf(use.lastReference, now)));
    else used.set(formatRoute(use.route), use.lastReference);
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
    commonName: client.shownName,
    username: client.username,
    address: client.link.address,
    virtual4: shownIp(client.tunnel?.address4),
    virtual6: shownIp(client.tunnel?.address6),
    bytesReceived: control.bytesReceived + (data?.bytesReceived ?? 0),
    bytesSent: control.bytesSent + (data?.bytesSent ?? 0),
    since: client.started.wall,
    cipher: client.tunnel?.cipher,
    phase: client.phase,
    quality: {
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
