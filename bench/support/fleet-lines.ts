import type { PlayedClient } from './fleet-daemon.ts';

/** What stock 2.6 says on its management interface, for daemons that are played; taken from recordings. */

/** What it calls itself. */
export const OPENVPN_TITLE = 'OpenVPN 2.6.14 x86_64-pc-linux-gnu [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [PKCS11] [MH/PKTINFO] [AEAD] [DCO]';

/** The time in seconds since 1970. */
export function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

const nameOf = (daemon: number, { slot }: PlayedClient): string => `client${slot}.site${daemon}`;
const ipOf = (daemon: number, { slot }: PlayedClient): string => `198.51.${daemon % 250}.${slot + 1}`;
const innerOf = ({ slot }: PlayedClient): string => `10.8.0.${slot + 2}`;
const portOf = ({ id }: PlayedClient): number => 20_000 + (id % 40_000);

/** The reply to `status 3`. */
export function status(daemon: number, clients: readonly PlayedClient[]): string[] {
  const now = seconds();
  const date = new Date(now * 1000).toISOString().slice(0, 19).replace('T', ' ');
  const rows = clients.map((client) => {
    const fields = [nameOf(daemon, client), `${ipOf(daemon, client)}:${portOf(client)}`, innerOf(client), '', client.received, client.sent];
    return ['CLIENT_LIST', ...fields, date, client.since, 'UNDEF', client.id, client.slot, 'AES-256-GCM'].join('\t');
  });
  const routes = clients.map((client) =>
    ['ROUTING_TABLE', innerOf(client), nameOf(daemon, client), `${ipOf(daemon, client)}:${portOf(client)}`, date, now].join('\t'),
  );
  const columns =
    'Common Name,Real Address,Virtual Address,Virtual IPv6 Address,Bytes Received,Bytes Sent,Connected Since,Connected Since (time_t)';
  return [
    `TITLE\t${OPENVPN_TITLE}`,
    `TIME\t${date}\t${now}`,
    ['HEADER', 'CLIENT_LIST', ...columns.split(','), 'Username', 'Client ID', 'Peer ID', 'Data Channel Cipher'].join('\t'),
    ...rows,
    'HEADER\tROUTING_TABLE\tVirtual Address\tCommon Name\tReal Address\tLast Ref\tLast Ref (time_t)',
    ...routes,
    'GLOBAL_STATS\tMax bcast/mcast queue length\t2',
    'GLOBAL_STATS\tdco_enabled\t0',
    'END',
  ];
}

/** Lines of the log at verb 3 as a client connects. */
export function coming(daemon: number, client: PlayedClient): string[] {
  const [name, place] = [nameOf(daemon, client), `${ipOf(daemon, client)}:${portOf(client)}`];
  const before = [
    'VERIFY OK: depth=1, CN=Test CA',
    `VERIFY OK: depth=0, CN=${name}`,
    ...['IV_VER=2.6.14', 'IV_PLAT=linux', 'IV_TCPNL=1', 'IV_MTU=1600', 'IV_NCP=2', 'IV_PROTO=990'].map((info) => `peer info: ${info}`),
    'TLS: move_session: dest=TM_ACTIVE src=TM_INITIAL reinit_src=1',
    'TLS: tls_multi_process: initial untrusted session promoted to trusted',
    'Control Channel: TLSv1.3, cipher TLSv1.3 TLS_AES_256_GCM_SHA384, peer certificate: 256 bits ECprime256v1, signature: ecdsa-with-SHA256',
    `[${name}] Peer Connection Initiated with [AF_INET]${place}`,
  ].map((text) => `${place} ${text}`);
  const after = [
    `MULTI_sva: pool returned IPv4=${innerOf(client)}, IPv6=(Not enabled)`,
    `MULTI: Learn: ${innerOf(client)} -> ${name}/${place}`,
    `MULTI: primary virtual IP for ${name}/${place}: ${innerOf(client)}`,
    `SENT CONTROL [${name}]: 'PUSH_REPLY,route-gateway 10.8.0.1,topology subnet,peer-id ${client.slot},cipher AES-256-GCM' (status=1)`,
    `Data Channel: cipher 'AES-256-GCM', peer-id: ${client.slot}`,
    'Timers: ping 2, ping-restart 16',
  ].map((text) => `${name}/${place} ${text}`);
  return [...before, ...after].map((text) => `>LOG:${seconds()},,${text}`);
}

/** The same as it leaves. */
export function leaving(daemon: number, client: PlayedClient): string[] {
  const prefix = `${nameOf(daemon, client)}/${ipOf(daemon, client)}:${portOf(client)}`;
  return [`>LOG:${seconds()},,${prefix} SIGTERM[soft,remote-exit] received, client-instance exiting`];
}
