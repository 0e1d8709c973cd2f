import { formatIp } from '../base/ip.ts';
import type { Now, WallTime } from '../base/units.ts';
import type { ClientRecord, RouteRecord, ServerStatus } from '../model/status-report.ts';
import type { PlaneView } from '../protocol/data/plane.ts';
import { formatRoute } from './inner-owners.ts';
import type { ClientInstance } from './instance.ts';
import type { ServerEngine } from './server.ts';

/** The server as status files, `status` and SIGUSR2 show it, rows in the order of client ids. */
export function serverStatus(engine: ServerEngine, plane: PlaneView, title: string, now: Now): ServerStatus {
  const clients = [...engine.clients()].sort((a, b) => a.clientId - b.clientId);
  const byPeerId = new Map(clients.map((client) => [client.slot.peerId, client]));
  const used = new Map<string, number>();
  const cached: RouteRecord[] = [];
  for (const use of plane.routes()) {
    const client = byPeerId.get(use.slot.peerId);
    if (client === undefined || client.slot.generation !== use.slot.generation) continue;
    if (use.cached) cached.push(routeRecord(client, formatRoute(use.route), true, wallOf(use.lastReference, now)));
    else used.set(formatRoute(use.route), use.lastReference);
  }
  const routes = clients.flatMap((client) =>
    (client.planeOpen ? (client.tunnel?.routes ?? []) : []).map((route) => {
      const text = formatRoute(route);
      const at = used.get(text);
      return routeRecord(client, text, false, at === undefined ? client.started.wall : wallOf(at, now));
    }),
  );
  return {
    kind: 'server',
    title,
    time: now.wall,
    clients: clients.map((client) => clientRecord(engine, client, now)),
    routes: [...routes, ...cached],
    maxQueueLength: 0,
    dcoEnabled: false,
  };
}

/** What a client's record is made of beside the client itself. */
export type ClientNumbers = Pick<ServerEngine, 'bytesOf' | 'countersOf'>;

/** One client of this moment. */
export function clientRecord(engine: ClientNumbers, client: ClientInstance, now: Now): ClientRecord {
  const bytes = engine.bytesOf(client);
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
    virtual4: client.tunnel?.address4 === undefined ? undefined : formatIp(client.tunnel.address4),
    virtual6: client.tunnel?.address6 === undefined ? undefined : formatIp(client.tunnel.address6),
    bytesReceived: bytes.received,
    bytesSent: bytes.sent,
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

function routeRecord(client: ClientInstance, destination: string, cached: boolean, lastReference: WallTime): RouteRecord {
  return { destination, cached, commonName: client.shownName, address: client.link.address, lastReference };
}

/** A monotonic reading as a date: as long before the present on either clock. */
function wallOf(at: number, now: Now): WallTime {
  return (now.wall - (now.at - at)) as WallTime;
}
