import { TunnelscopeError } from '../../base/errors.ts';
import type { Profile, ProxySettings } from '../../engine/client/configuration.ts';
import type { RawUdp } from '../../host/dataplane/batched/descriptors.ts';
import { batchedIsFor, type BatchedChoice } from '../../host/dataplane/choose.ts';
import { tcpClientTransport, type Transport, udpTransport } from '../../host/dataplane/transport.ts';
import { connectTcp } from '../../host/tcp.ts';
import type { ResolvedAddress } from '../../host/resolve.ts';
import type { Socket } from 'node:net';
import { httpConnect, type ProxyLogin, socksConnect } from '../../host/proxy.ts';
import { openUdp, type UdpOptions, type UdpSocket } from '../../host/udp.ts';
import { type Address, addressFrom } from '../../model/address.ts';
import { longestPacket } from '../../protocol/data/forward.ts';
import { udpLink } from '../../protocol/data/link.ts';
import type { Link } from '../../protocol/data/plane.ts';
import { proxyType } from './asked.ts';

/** A UDP socket that Node does not know of, and how it was bound. */
export type BatchedSocket = Required<Pick<BatchedChoice, 'udp' | 'socket'>>;

/** A way to a server that stands: a socket, or a connection. */
export interface Dialled {
  /** Makes a transport of it, once. */
  readonly open: () => Promise<Transport>;
  /** A UDP socket for the batched data plane, instead. */
  readonly batched: BatchedSocket | undefined;
  /** Our end, as the system tells it. */
  readonly bound: Address;
  /** On UDP. */
  readonly remote: Link | undefined;
  /** Our own end; undefined where the system chose it. */
  readonly local: Address | undefined;
  /** Kernel buffers before and after: received, sent. */
  readonly buffers: { readonly receive: readonly [number, number]; readonly send: readonly [number, number] } | undefined;
}

/** What dialling takes beside the server. */
export interface DialOptions {
  /** A UDP socket is to be one for the batched data plane where that can be. */
  readonly batched: boolean;
  readonly sendBuffer: number | undefined;
  readonly receiveBuffer: number | undefined;
  readonly signal: AbortSignal;
  /** Asks for a name and password for a proxy: `HTTP Proxy`, `SOCKS Proxy`. */
  askProxyLogin(type: string): Promise<ProxyLogin>;
  /** A TCP connection is begun, to the server or to the proxy before it. */
  onConnecting(to: Address): void;
}

/** Opens the way to a server, through its proxy where it has one. Throws LISTEN. */
export function dial(profile: Profile, to: ResolvedAddress, options: DialOptions): Promise<Dialled> {
  return profile.transport === 'udp' ? dialUdp(profile, to, options) : dialTcp(profile, to, options);
}

async function dialUdp(profile: Profile, to: ResolvedAddress, options: DialOptions): Promise<Dialled> {
  const { sendBuffer, receiveBuffer } = options;
  const local = profile.local;
  const remote = { host: to.ip, port: profile.port };
  const udp: UdpOptions = { family: to.family, host: local?.host, port: local?.port ?? 0, remote, sendBuffer, receiveBuffer };
  const shared = { remote: udpLink(to.ip, profile.port), owned: local !== undefined };
  const raw = options.batched ? await rawSocket(udp) : undefined;
  if (raw !== undefined) {
    const open = async (): Promise<Transport> => udpTransport(await openUdp({ ...udp, descriptor: raw.fd }));
    return udpDialled(open, { udp, socket: raw }, raw, shared);
  }
  const socket = await openUdp(udp);
  return udpDialled(() => Promise.resolve(udpTransport(socket)), undefined, socket, shared);
}

function udpDialled(
  open: Dialled['open'],
  batched: Dialled['batched'],
  { local, buffers }: Pick<UdpSocket, 'local' | 'buffers'>,
  { remote, owned }: { readonly remote: Link; readonly owned: boolean },
): Dialled {
  return { open, batched, bound: local, remote, local: owned ? local : undefined, buffers };
}

/** Undefined where the batched data plane cannot be: what it calls is not everywhere. */
async function rawSocket(udp: UdpOptions): Promise<RawUdp | undefined> {
  if (!batchedIsFor(process.platform, process.arch)) return undefined;
  const { openRawUdp } = await import('../../host/dataplane/batched/descriptors.ts');
  return openRawUdp(udp);
}

async function dialTcp(profile: Profile, to: ResolvedAddress, options: DialOptions): Promise<Dialled> {
  const { local, tunMtu, connectTimeout, proxy } = profile;
  const port = proxy?.port ?? profile.port;
  options.onConnecting(addressFrom('tcp-client', to.ip, port));
  const connection = await connectTcp(to.ip, port, longestPacket(tunMtu), connectTimeout, {
    localHost: local?.host,
    localPort: local?.port,
    signal: options.signal,
    ...(proxy === undefined ? {} : { through: (socket) => passProxy(socket, profile, proxy, options) }),
  });
  const own = addressFrom('tcp-client', connection.local.host, connection.local.port);
  const open = (): Promise<Transport> => Promise.resolve(tcpClientTransport(connection, own));
  return { open, batched: undefined, bound: own, remote: undefined, local: own, buffers: undefined };
}

/** Talks to the proxy. Throws LISTEN with `HTTP proxy error` or `socks-error` when it will not. */
async function passProxy(socket: Socket, profile: Profile, proxy: ProxySettings, options: DialOptions): Promise<void> {
  const { kind, headers, httpVersion: version, timeout } = proxy;
  const target = { host: profile.host, port: profile.port };
  const login = proxy.login === 'ask' ? await options.askProxyLogin(proxyType(kind)) : proxy.login;
  if (login !== undefined && kind === 'http' && proxy.noClearText) throw proxyError(kind, 'it takes passwords in clear only');
  const outcome =
    kind === 'http'
      ? await httpConnect(socket, target, { version, headers, login }, timeout)
      : await socksConnect(socket, target, login, timeout);
  if (outcome === 'connected') return;
  throw proxyError(kind, outcome === 'login-needed' ? 'it wants a name and password' : outcome.refused);
}

function proxyError(kind: ProxySettings['kind'], why: string): TunnelscopeError {
  return new TunnelscopeError('LISTEN', `${kind === 'http' ? 'HTTP proxy error' : 'socks-error'}: ${why}`);
}
