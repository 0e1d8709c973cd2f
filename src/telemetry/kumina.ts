import { labelBlock } from './labels.ts';
import type { DaemonView, FleetView, SessionView } from './views.ts';

/**
 * The metrics of openvpn_exporter 0.3.0 with its names, labels and help, for dashboards that were made for it. What it lost
 * stays here: clients that share all labels are summed, and a daemon that is down does not hide the others.
 */

/** A family of that exporter; counters without their `_total`. */
interface KuminaFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: () => Iterable<readonly [labels: string, value: number]>;
}

/** Names of a client's statistics in status output, and of their metrics. */
const STATISTICS: readonly (readonly [counter: string, name: string, help: string])[] = [
  ['TUN/TAP read bytes', 'tun_tap_read', 'Total amount of TUN/TAP traffic read, in bytes.'],
  ['TUN/TAP write bytes', 'tun_tap_write', 'Total amount of TUN/TAP traffic written, in bytes.'],
  ['TCP/UDP read bytes', 'tcp_udp_read', 'Total amount of TCP/UDP traffic read, in bytes.'],
  ['TCP/UDP write bytes', 'tcp_udp_write', 'Total amount of TCP/UDP traffic written, in bytes.'],
  ['Auth read bytes', 'auth_read', 'Total amount of authentication traffic read, in bytes.'],
  ['pre-compress bytes', 'pre_compress', 'Total amount of data before compression, in bytes.'],
  ['post-compress bytes', 'post_compress', 'Total amount of data after compression, in bytes.'],
  ['pre-decompress bytes', 'pre_decompress', 'Total amount of data before decompression, in bytes.'],
  ['post-decompress bytes', 'post_decompress', 'Total amount of data after decompression, in bytes.'],
];

/** All families of the exporter, read from the fleet. */
export function kuminaFamilies(fleet: FleetView): readonly KuminaFamily[] {
  const daemons = [...fleet.daemons];
  const each = (value: (daemon: DaemonView) => number | undefined) => (): Iterable<readonly [string, number]> =>
    summed(daemons.map((daemon) => [labelBlock([pathOf(daemon)]), value(daemon)] as const));
  const bytes = (pick: (session: SessionView) => number) => (): Iterable<readonly [string, number]> =>
    summed(
      servers(daemons).flatMap((daemon) => [...daemon.sessions].map((session) => [clientLabels(daemon, session), pick(session)] as const)),
    );
  return [
    { name: 'openvpn_up', type: 'gauge', help: "Whether scraping OpenVPN's metrics was successful.", samples: upOf(daemons) },
    {
      name: 'openvpn_status_update_time_seconds',
      type: 'gauge',
      help: 'UNIX timestamp at which the OpenVPN statistics were updated.',
      samples: each(({ statusTime }) => statusTime && statusTime.value / 1000),
    },
    {
      name: 'openvpn_server_connected_clients',
      type: 'gauge',
      help: 'Number Of Connected Clients',
      samples: each((daemon) => (daemon.mode?.value === 'server' ? [...daemon.sessions].length : undefined)),
    },
    {
      name: 'openvpn_server_client_received_bytes',
      type: 'counter',
      help: 'Amount of data received over a connection on the VPN server, in bytes.',
      samples: bytes(({ received }) => received),
    },
    {
      name: 'openvpn_server_client_sent_bytes',
      type: 'counter',
      help: 'Amount of data sent over a connection on the VPN server, in bytes.',
      samples: bytes(({ sent }) => sent),
    },
    {
      name: 'openvpn_server_route_last_reference_time_seconds',
      type: 'gauge',
      help: 'Time at which a route was last referenced, in seconds.',
      samples: () => routesOf(daemons),
    },
    ...STATISTICS.map(([counter, name, help]) => ({
      name: `openvpn_client_${name}_bytes`,
      type: 'counter' as const,
      help,
      samples: each(({ mode, counters }) => (mode?.value === 'client' ? counters?.value.get(counter) : undefined)),
    })),
  ];
}

function servers(daemons: readonly DaemonView[]): DaemonView[] {
  return daemons.filter(({ mode }) => mode?.value === 'server');
}

/** Of two daemons at one path, neither is up unless both are. */
function upOf(daemons: readonly DaemonView[]): () => Iterable<readonly [string, number]> {
  return () => {
    const up = new Map<string, number>();
    for (const daemon of daemons) {
      const labels = labelBlock([pathOf(daemon)]);
      up.set(labels, Math.min(up.get(labels) ?? 1, daemon.speaker === undefined ? 0 : 1));
    }
    return up;
  };
}

/** The path of the status file; of a daemon that has none, its name. */
function pathOf(daemon: DaemonView): readonly [string, string] {
  return ['status_path', daemon.sources.get('status-file')?.where ?? daemon.name];
}

function clientLabels(daemon: DaemonView, session: SessionView): string {
  return labelBlock([
    pathOf(daemon),
    ['common_name', session.commonName ?? 'UNDEF'],
    ['connection_time', session.since === undefined ? '' : String(Math.floor(session.since / 1000))],
    ['real_address', session.address?.text ?? ''],
    ['virtual_address', session.virtual4 ?? ''],
    ['username', session.username ?? 'UNDEF'],
  ]);
}

function routesOf(daemons: readonly DaemonView[]): Iterable<readonly [string, number]> {
  const latest = new Map<string, number>();
  for (const daemon of servers(daemons)) {
    for (const { destination, cached, commonName, realAddress, lastReference } of daemon.routes) {
      const labels = labelBlock([
        pathOf(daemon),
        ['common_name', commonName ?? 'UNDEF'],
        ['real_address', realAddress.text],
        ['virtual_address', cached ? `${destination}C` : destination],
      ]);
      latest.set(labels, Math.max(latest.get(labels) ?? 0, lastReference.wall / 1000));
    }
  }
  return latest;
}

function summed(samples: Iterable<readonly [labels: string, value: number | undefined]>): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [labels, value] of samples) if (value !== undefined) sums.set(labels, (sums.get(labels) ?? 0) + value);
  return sums;
}
