import type { WallTime } from '../base/units.ts';
import type { ClientRecord, LinkQuality, RouteRecord, ServerStatus } from '../model/status-report.ts';

/** Reports for tests of whatever shows them: the two clients that the recordings under `test/golden` were made with. */

const QUALITY: LinkQuality = {
  packets: 100,
  lost: 0,
  reordered: 0,
  replayed: 0,
  unauthentic: 0,
  roundTripMs: undefined,
  retransmits: 0,
  renegotiations: 0,
  phaseMs: {},
  lastHeard: 0 as WallTime,
};

/** Seconds since 1970 as a wall time. */
export function unix(seconds: number): WallTime {
  return (seconds * 1000) as WallTime;
}

/** A connected client; give what matters. */
export function clientRecord(fields: Partial<ClientRecord>): ClientRecord {
  return {
    session: 1,
    clientId: 0,
    peerId: 0,
    commonName: 'alice',
    username: undefined,
    address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 37930 },
    virtual4: '10.8.0.2',
    virtual6: 'fd00:8::1000',
    bytesReceived: 2588,
    bytesSent: 2567,
    since: unix(1_795_352_445),
    cipher: 'AES-256-GCM',
    phase: 'connected',
    quality: QUALITY,
    ...fields,
  };
}

/** The routes of a client's own addresses, learned when it connected. */
export function ownRoutes(client: ClientRecord): RouteRecord[] {
  return [client.virtual4, client.virtual6]
    .filter((destination) => destination !== undefined)
    .map((destination) => ({
      destination,
      cached: false,
      commonName: client.commonName,
      address: client.address,
      lastReference: client.since,
    }));
}

/** The server of the recordings at `seconds`. */
export function recordedServer(seconds: number, clients: readonly ClientRecord[]): ServerStatus {
  return {
    kind: 'server',
    title: 'OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11] [MH/PKTINFO] [AEAD] [DCO]',
    time: unix(seconds),
    clients,
    routes: clients.toReversed().flatMap(ownRoutes),
    maxQueueLength: 2,
    dcoEnabled: false,
  };
}

/** The first recorded client. */
export const ALICE: ClientRecord = clientRecord({});

/** The second recorded client. */
export const BOB: ClientRecord = clientRecord({
  session: 2,
  clientId: 1,
  peerId: 1,
  commonName: 'bob',
  address: { transport: 'udp', family: 4, ip: '10.99.0.3', port: 45370 },
  virtual4: '10.8.0.3',
  virtual6: 'fd00:8::1001',
  bytesReceived: 2587,
  bytesSent: 2568,
  since: unix(1_795_352_446),
});
