import { unixSeconds, type WallTime } from '../base/units.ts';
import { recognise } from '../messages/recogniser.ts';
import { formatAddress } from '../model/address.ts';
import type { DaemonEvent, DaemonReply } from '../model/daemon-port.ts';
import type { EnvList } from '../model/env-list.ts';
import type { ClientRecord, StatusReport } from '../model/status-report.ts';
import { seenAddress } from './address.ts';
import type { ClientNews, ClientStep, Fact, SeenAddress, SeenClient, SeenClientStep, SeenStatus } from './facts.ts';
import { lineSeen } from './lines.ts';

/** What comes over a `DaemonPort`, ours or an attached daemon's, as facts. */

const STEPS: Readonly<Record<string, ClientStep>> = {
  CONNECT: 'connecting',
  ESTABLISHED: 'established',
  REAUTH: 'renewed',
  DISCONNECT: 'gone',
};

/** The fact that an event stands for; undefined for one that the fleet state has no use for. */
export function factOfEvent(event: DaemonEvent): Fact | undefined {
  switch (event.kind) {
    case 'log':
      return { kind: 'line', line: lineSeen(recognise(event.line.text), event.line.word, event.line.time) };
    case 'state': {
      const { time, name, detail, tun4, tun6, remote } = event.state;
      return { kind: 'state', state: { time, name, detail, tun4, tun6, remote: remote && formatAddress(remote) } };
    }
    case 'bytes':
      return { kind: 'bytes', received: event.received, sent: event.sent };
    case 'client-bytes':
      return { kind: 'client-bytes', clients: event.clients };
    case 'client': {
      const what = STEPS[event.what];
      return what && { kind: 'client', what, client: clientOf(event.clientId, event.env, event.record) };
    }
    default:
      return undefined;
  }
}

/** The fact that a reply stands for: a status report, a count. Lines of an attached daemon are the collector's to read. */
export function factOfReply(reply: DaemonReply): Fact | undefined {
  switch (reply.kind) {
    case 'status':
      return { kind: 'status', status: statusOfReport(reply.report) };
    case 'load':
      return { kind: 'load', clients: reply.clients, received: reply.received, sent: reply.sent };
    case 'client-bytes':
      return { kind: 'client-bytes', clients: reply.clients };
    default:
      return undefined;
  }
}

/** A client at a step: out of its record where the daemon is ours, else out of the block's variables (facts: management 16). */
export function clientOf(clientId: number, env: Pick<EnvList, 'get'>, record?: ClientRecord): SeenClientStep {
  if (record !== undefined) {
    const { commonName, username, virtual4, virtual6, since, bytesReceived: received, bytesSent: sent, phase, quality } = record;
    return {
      ...peerInfoOf(env),
      clientId,
      commonName,
      username,
      address: seenAddress(record.address),
      virtual4,
      virtual6,
      since,
      received,
      sent,
      phase,
      quality,
    };
  }
  const number = (name: string): number | undefined => {
    const text = env.get(name);
    return text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : undefined;
  };
  const started = number('time_unix');
  return {
    ...peerInfoOf(env),
    clientId,
    commonName: filled(env.get('common_name')),
    username: filled(env.get('username')),
    address: addressOf(env, 'trusted') ?? addressOf(env, 'untrusted'),
    virtual4: filled(env.get('ifconfig_pool_remote_ip')),
    virtual6: filled(env.get('ifconfig_pool_remote_ip6')),
    since: started === undefined ? undefined : ((started * 1000) as WallTime),
    received: number('bytes_received'),
    sent: number('bytes_sent'),
  };
}

function peerInfoOf(env: Pick<EnvList, 'get'>): Pick<ClientNews, 'version' | 'platform'> {
  return { version: filled(env.get('IV_VER')), platform: filled(env.get('IV_PLAT')) };
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Status and prefixes of stock up to 2.6 have no port of IPv6 peers; what they have must be found by what this says. */
function addressOf(env: Pick<EnvList, 'get'>, prefix: 'trusted' | 'untrusted'): SeenAddress | undefined {
  const port = env.get(`${prefix}_port`);
  const ip = env.get(`${prefix}_ip`) ?? env.get(`${prefix}_ip6`);
  if (ip === undefined || port === undefined || !/^\d{1,5}$/.test(port)) return undefined;
  const bare = ip.startsWith('::ffff:') && ip.includes('.') ? ip.slice(7) : ip;
  return { text: bare.includes(':') ? bare : `${bare}:${port}`, ip: bare, port: Number(port) };
}

/** A daemon's own report in the form that status output is read in. */
export function statusOfReport(report: StatusReport): SeenStatus {
  const common = { title: report.title, time: { wall: report.time }, complete: true, problems: [] };
  if (report.kind === 'client') return { ...common, form: 'statistics', clients: [], routes: [], counters: statisticsOf(report) };
  return {
    ...common,
    form: 'v3',
    dataPlane: report.dataPlane,
    clients: report.clients.map(clientOfRecord),
    routes: report.routes.map(({ destination, cached, commonName, address, lastReference }) => ({
      destination,
      cached,
      commonName,
      realAddress: seenAddress(address),
      lastReference: { wall: lastReference },
    })),
    counters: new Map([
      ['Max bcast/mcast queue length', report.maxQueueLength],
      ['dco_enabled', report.dcoEnabled ? 1 : 0],
    ]),
  };
}

function statisticsOf(report: Extract<StatusReport, { kind: 'client' }>): ReadonlyMap<string, number> {
  return new Map([
    ['TUN/TAP read bytes', report.tunRead],
    ['TUN/TAP write bytes', report.tunWrite],
    ['TCP/UDP read bytes', report.linkRead],
    ['TCP/UDP write bytes', report.linkWrite],
    ['Auth read bytes', report.authRead],
  ]);
}

function clientOfRecord(record: ClientRecord): SeenClient {
  const { commonName, username, address, virtual4, virtual6, bytesReceived, bytesSent, since, clientId, cipher, phase, quality } = record;
  return {
    commonName,
    username,
    realAddress: seenAddress(address),
    virtual4,
    virtual6,
    bytesReceived,
    bytesSent,
    // Status output has whole seconds: a client is found by them again.
    since: { wall: (unixSeconds(since) * 1000) as WallTime },
    clientId,
    cipher,
    phase,
    quality,
  };
}
