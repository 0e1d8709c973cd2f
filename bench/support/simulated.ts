import type { WallTime } from '../../src/base/units.ts';
import type { DaemonEvent, DaemonInfo, DaemonPort, DaemonReply, DaemonRequest } from '../../src/model/daemon-port.ts';
import type { ClientRecord, RouteRecord, ServerStatus, ServerStatusRows } from '../../src/model/status-report.ts';
import { clientRecord, ownRoutes, recordedServer, unix } from '../../src/status/testing.ts';

/** A server with as many clients as a bench wants, without the clients. */

const SINCE = 1_795_352_445;

/** Clients that differ in all that status shows, connected one every seven seconds. */
function simulatedClient(index: number): ClientRecord {
  const [high, low] = [index >> 8, index & 255];
  return clientRecord({
    session: index + 1,
    clientId: index,
    peerId: index,
    commonName: `client${index}.example.com`,
    address: { transport: 'udp', family: 4, ip: `198.51.${high & 255}.${low}`, port: 20_000 + index },
    virtual4: `10.8.${high}.${low}`,
    virtual6: `fd00:8::${(0x1000 + index).toString(16)}`,
    bytesReceived: index * 1_345_711,
    bytesSent: index * 9_123_117,
    since: unix(SINCE + index * 7),
  });
}

/** A report of so many clients, each with the routes of its two addresses. */
export function simulatedServer(clients: number): ServerStatus {
  const records = Array.from({ length: clients }, (_, index) => simulatedClient(index));
  return { ...recordedServer(SINCE + clients * 7, records), routes: records.flatMap(ownRoutes) };
}

/** As the engine makes them: each row when it is asked for. */
function rowsOf(report: ServerStatus): ServerStatusRows {
  return { ...report, clients: freshClients(report.clients), routes: freshRoutes(report.routes) };
}

function* freshClients(clients: readonly ClientRecord[]): Generator<ClientRecord, void> {
  for (const client of clients) yield { ...client, bytesSent: client.bytesSent + 1 };
}

function* freshRoutes(routes: readonly RouteRecord[]): Generator<RouteRecord, void> {
  for (const route of routes) yield { ...route };
}

/** The port of a daemon that has these clients and nothing else to do. */
export class SimulatedPort implements DaemonPort {
  readonly #report: ServerStatus;
  readonly #listeners = new Set<(event: DaemonEvent, number: number) => void>();
  #events = 0;

  constructor(clients: number) {
    this.#report = simulatedServer(clients);
  }

  info(): DaemonInfo {
    return { title: this.#report.title, mode: 'server', statusVersion: 3, connected: true };
  }

  pending(): readonly DaemonEvent[] {
    return [];
  }

  subscribe(listener: (event: DaemonEvent, number: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  request(request: DaemonRequest, reply: (reply: DaemonReply) => void): void {
    if (request.kind === 'status') reply({ kind: 'status-rows', report: this.rows() });
    else if (request.kind === 'pid') reply({ kind: 'value', value: process.pid });
    else reply({ kind: 'refused', text: '' });
  }

  /** A fresh report. */
  rows(): ServerStatusRows {
    return rowsOf(this.#report);
  }

  /** A line of the log, for those who listen to it. */
  log(text: string): void {
    const event: DaemonEvent = { kind: 'log', line: { time: (SINCE * 1000) as WallTime, word: 1, text } };
    this.#events++;
    for (const listener of this.#listeners) listener(event, this.#events);
  }
}
