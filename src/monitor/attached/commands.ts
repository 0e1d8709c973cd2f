import type { Reply } from '../../management/client.ts';
import type { WallTime } from '../../base/units.ts';
import type { DaemonReply, DaemonRequest } from '../../model/daemon-port.ts';
import type { ClientRecord, RouteRecord, StatusReport } from '../../model/status-report.ts';
import type { Address } from '../../model/address.ts';
import { type ParsedStatus, parseStatus } from '../../status/parse.ts';
import type { ParsedAddress } from '../../status/parse-fields.ts';
import type { Question } from './queue.ts';

/** What is asked of an attached daemon, as commands of its interface, and what it says, as replies of the port. */

/** Requests that go to the daemon; byte counts come by themselves. */
export type AskedRequest = Exclude<DaemonRequest, { kind: 'client-bytes' }>;

/** The longest word of a command (facts: management 3); a longer password goes in lines where the daemon takes them. */
const MAX_WORD_BYTES = 256;
const MULTI_LINE_PASSWORD_VERSION = 6;

/** From 2.7 on an address has its protocol in front (facts: management 17). */
const WITH_PROTOCOL = /^OpenVPN (?:2\.(?:[7-9]|\d\d)|[3-9]\.)/;

/** The command of a request. `title` and `version` are the daemon's. */
export function questionOf(request: AskedRequest, title: string, version: number): Question {
  const ask = (name: string, ...words: readonly (string | number)[]): Question => ({ name, words });
  const set = (value: string | number | undefined): readonly (string | number)[] => (value === undefined ? [] : [value]);
  switch (request.kind) {
    case 'status':
      return ask('status', ...(request.format === 'own' ? [] : [request.format ?? 3]));
    case 'load-stats':
    case 'pid':
    case 'log-reopen':
    case 'forget-passwords':
      return ask(request.kind);
    case 'verb':
    case 'mute':
    case 'auth-retry':
      return ask(request.kind, ...set(request.set));
    case 'kill-name':
      return ask('kill', request.commonName);
    case 'kill-address': {
      const protocol = WITH_PROTOCOL.test(title) ? `${request.transport ?? 'udp'}:` : '';
      return ask('kill', `${protocol}${request.ip}:${request.port}`);
    }
    case 'client-kill':
      return ask('client-kill', request.clientId, request.message);
    case 'client-auth': {
      const { clientId, keyId, config } = request;
      if (config.length === 0) return ask('client-auth-nt', clientId, keyId);
      return { name: 'client-auth', words: [clientId, keyId], body: config };
    }
    case 'client-deny':
      return ask('client-deny', request.clientId, request.keyId, request.reason, ...set(request.clientReason));
    case 'client-pending-auth':
      return ask('client-pending-auth', request.clientId, request.keyId, request.extra, request.timeoutSeconds);
    case 'push-update':
      return request.clientId === undefined
        ? ask('push-update-broad', request.options)
        : ask('push-update-cid', request.clientId, request.options);
    case 'signal':
      return ask('signal', request.name);
    case 'hold':
      return ask('hold', ...set(request.action === 'show' ? undefined : request.action));
    case 'password':
      return passwordQuestion(request, version);
    case 'unknown':
      return { line: request.line, ...(request.body === undefined ? {} : { body: request.body }) };
  }
}

function passwordQuestion({ type, password, line }: Extract<DaemonRequest, { kind: 'password' }>, version: number): Question {
  const bytes = Buffer.from(password.reveal());
  if (bytes.length <= MAX_WORD_BYTES || version < MULTI_LINE_PASSWORD_VERSION) return { line };
  const lines = bytes.toString('base64').match(/.{1,512}/g) ?? [];
  return { name: 'password', words: [type], body: lines };
}

/** The port's reply: typed where the asker formats it, else the daemon's own words. */
export function replyOf(request: AskedRequest, reply: Reply, said: readonly string[]): DaemonReply {
  if (reply.kind === 'lost') return { kind: 'refused', text: reply.why };
  if (reply.kind === 'error' && said.length === 0) return { kind: 'refused', text: reply.text };
  const verbatim: DaemonReply = { kind: 'verbatim', lines: said };
  if (reply.kind === 'error') return verbatim;
  switch (request.kind) {
    case 'status':
      return request.format === undefined ? statusReply(said) : verbatim;
    case 'load-stats':
      return loadReply(reply.lines[0] ?? '') ?? verbatim;
    case 'pid':
    case 'verb':
    case 'mute':
    case 'hold': {
      const value = /^SUCCESS: [a-z]+=(-?\d{1,10})$/.exec(reply.lines[0] ?? '')?.[1];
      return value === undefined ? verbatim : { kind: 'value', value: Number(value) };
    }
    default:
      return verbatim;
  }
}

function loadReply(line: string): DaemonReply | undefined {
  const [, clients, received, sent] = /^SUCCESS: nclients=(\d{1,10}),bytesin=(\d{1,16}),bytesout=(\d{1,16})$/.exec(line) ?? [];
  if (clients === undefined) return undefined;
  return { kind: 'load', clients: Number(clients), received: Number(received), sent: Number(sent) };
}

function statusReply(said: readonly string[]): DaemonReply {
  const report = reportOf(parseStatus(`${said.join('\n')}\n`));
  return report === undefined ? { kind: 'refused', text: 'the status of the daemon cannot be read' } : { kind: 'status', report };
}

/** A report out of what a daemon printed; undefined when it is none. What nobody measures there is left out. */
export function reportOf(status: ParsedStatus): StatusReport | undefined {
  const time = status.time?.wall ?? (0 as WallTime);
  const count = (name: string): number => status.counters.get(name) ?? 0;
  const title = status.title ?? '';
  if (status.form === 'unknown') return undefined;
  if (status.form === 'statistics') {
    return {
      kind: 'client',
      title,
      time,
      tunRead: count('TUN/TAP read bytes'),
      tunWrite: count('TUN/TAP write bytes'),
      linkRead: count('TCP/UDP read bytes'),
      linkWrite: count('TCP/UDP write bytes'),
      authRead: count('Auth read bytes'),
    };
  }
  return {
    kind: 'server',
    title,
    time,
    clients: status.clients.map(recordOf),
    routes: status.routes.map(routeOf),
    maxQueueLength: count('Max bcast/mcast queue length'),
    dcoEnabled: count('dco_enabled') === 1,
  };
}

function recordOf(client: ParsedStatus['clients'][number], index: number): ClientRecord {
  const clientId = client.clientId ?? index;
  return {
    session: clientId,
    clientId,
    peerId: client.peerId,
    commonName: client.commonName,
    username: client.username,
    address: addressOf(client.realAddress),
    virtual4: client.virtual4,
    virtual6: client.virtual6,
    bytesReceived: client.bytesReceived,
    bytesSent: client.bytesSent,
    since: client.since.wall,
    cipher: client.cipher,
    // A client has an address when it is in.
    phase: client.virtual4 === undefined && client.virtual6 === undefined ? 'handshake' : 'connected',
    quality: undefined,
  };
}

function routeOf({ destination, cached, commonName, realAddress, lastReference }: ParsedStatus['routes'][number]): RouteRecord {
  return { destination, cached, commonName, address: addressOf(realAddress), lastReference: lastReference.wall };
}

function addressOf({ protocol, ip, port }: ParsedAddress): Address {
  return { transport: protocol?.startsWith('tcp') === true ? 'tcp-server' : 'udp', family: ip.includes(':') ? 6 : 4, ip, port: port ?? 0 };
}
