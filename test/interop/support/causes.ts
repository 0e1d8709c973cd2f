/**
 * What happens to real daemons, and which metrics move then: `metrics-move.test.ts` makes each of it happen and watches the page of
 * metrics; docs/reference/metrics-moved.md is made of it.
 */

/** A daemon of the test. */
export type CauseDaemon = 'stock' | 'ours' | 'client' | 'quickstart';

/** What each of them is. */
export const CAUSE_DAEMONS: Readonly<Record<CauseDaemon, string>> = {
  stock: 'stock server',
  ours: 'our server',
  client: 'stock client',
  quickstart: 'our server in the process that serves the metrics',
};

/** How samples move: any of those that fit, compared with before. A counter only rises. */
export interface Move {
  /** As it stands on the page; of a histogram its `_count`. */
  readonly sample: string;
  /** Labels that it has beside `daemon`. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly how: 'rises' | 'falls' | 'changes';
}

/** Something that happens, and what it moves of one daemon; of none, where it is about the monitor. */
export interface Cause {
  readonly what: string;
  readonly daemon: CauseDaemon | undefined;
  readonly moves: readonly Move[];
}

const rises = (sample: string, labels: Readonly<Record<string, string>> = {}): Move => ({ sample, labels, how: 'rises' });
const falls = (sample: string, labels: Readonly<Record<string, string>> = {}): Move => ({ sample, labels, how: 'falls' });
const changes = (sample: string, labels: Readonly<Record<string, string>> = {}): Move => ({ sample, labels, how: 'changes' });

/** A client that comes, as either kind of server shows it. */
const COMES = [
  rises('tunnelscope_connected_clients'),
  rises('tunnelscope_clients', { phase: 'connected' }),
  rises('tunnelscope_connects_total'),
  rises('tunnelscope_handshakes_total', { outcome: 'succeeded' }),
  rises('tunnelscope_handshake_duration_seconds_count'),
  rises('tunnelscope_connect_duration_seconds_count'),
  rises('tunnelscope_pool_used_addresses'),
  rises('tunnelscope_user_sessions'),
  rises('tunnelscope_log_lines_total'),
  rises('tunnelscope_received_bytes_total'),
  rises('tunnelscope_sent_bytes_total'),
  rises('tunnelscope_user_received_bytes_total'),
  rises('tunnelscope_user_sent_bytes_total'),
  rises('tunnelscope_status_timestamp_seconds'),
  rises('tunnelscope_collection_duration_seconds_count'),
];

/** The causes by their names, in the order in which they happen. */
export const CAUSES = {
  'client-comes': { what: 'A client connects.', daemon: 'stock', moves: COMES },
  'client-comes-to-ours': { what: 'A client connects.', daemon: 'ours', moves: COMES },
  traffic: {
    what: 'Pings through the tunnel, more than `reneg-bytes`.',
    daemon: 'stock',
    moves: [
      rises('tunnelscope_received_bytes_total'),
      rises('tunnelscope_sent_bytes_total'),
      rises('tunnelscope_user_received_bytes_total'),
      rises('tunnelscope_user_sent_bytes_total'),
      rises('tunnelscope_renegotiations_total'),
      rises('tunnelscope_process_cpu_seconds_total'),
    ],
  },
  'traffic-of-client': {
    what: 'The same, at its other end.',
    daemon: 'client',
    moves: [rises('tunnelscope_received_bytes_total'), rises('tunnelscope_sent_bytes_total')],
  },
  multicast: {
    what: 'The host of the server sends to a multicast group in the tunnel, with more clients connected than before.',
    daemon: 'stock',
    moves: [rises('tunnelscope_multicast_queue_peak')],
  },
  doubled: {
    what: 'The network doubles packets on their way to the server.',
    daemon: 'stock',
    moves: [rises('tunnelscope_replayed_packets_total')],
  },
  'foreign-certificate': {
    what: 'A client comes with an expired certificate.',
    daemon: 'stock',
    moves: [rises('tunnelscope_handshakes_total', { outcome: 'failed', reason: 'certificate-expired' })],
  },
  disabled: {
    what: 'A client comes whose file says `disable`.',
    daemon: 'stock',
    moves: [rises('tunnelscope_auth_failures_total', { reason: 'disabled' }), rises('tunnelscope_recent_auth_failures')],
  },
  'foreign-key': {
    what: 'A client comes with another tls-crypt key.',
    daemon: 'stock',
    moves: [rises('tunnelscope_rejected_packets_total')],
  },
  twice: {
    what: 'A client connects with the certificate of another that is there (`duplicate-cn`).',
    daemon: 'ours',
    moves: [rises('tunnelscope_concurrent_sessions')],
  },
  'gateway-client': {
    what: 'A program connects to the gateway, and one with a wrong password.',
    daemon: 'stock',
    moves: [
      rises('tunnelscope_management_clients', { interface: 'gateway' }),
      rises('tunnelscope_management_refused_logins_total', { interface: 'gateway' }),
    ],
  },
  'management-clients': {
    what: 'Forty programs connect to its management interface.',
    daemon: 'ours',
    moves: [
      rises('tunnelscope_process_open_fds'),
      changes('tunnelscope_process_resident_memory_bytes'),
      rises('tunnelscope_management_clients', { interface: 'daemon' }),
    ],
  },
  limit: {
    what: 'Its limit of open files is set anew (`prlimit`).',
    daemon: 'ours',
    moves: [changes('tunnelscope_process_max_fds')],
  },
  hangs: {
    what: 'It is stopped (SIGSTOP) for some seconds.',
    daemon: 'ours',
    moves: [rises('tunnelscope_source_age_seconds'), rises('tunnelscope_figure_age_seconds', { figure: 'clients' })],
  },
  'client-leaves': {
    what: 'The client ends, and says so (`explicit-exit-notify`).',
    daemon: 'stock',
    moves: [
      rises('tunnelscope_disconnects_total', { reason: 'remote-exit' }),
      falls('tunnelscope_connected_clients'),
      falls('tunnelscope_user_sessions'),
    ],
  },
  'client-ended': {
    what: 'It ends.',
    daemon: 'client',
    moves: [falls('tunnelscope_up'), falls('tunnelscope_state', { state: 'CONNECTED' })],
  },
  ends: {
    what: 'It is killed.',
    daemon: 'stock',
    moves: [
      falls('tunnelscope_up'),
      falls('tunnelscope_source_up', { source: 'management' }),
      rises('tunnelscope_collection_errors_total'),
      rises('tunnelscope_alerts'),
    ],
  },
  'begins-anew': {
    what: 'Our program is started in its place, with a smaller network.',
    daemon: 'stock',
    moves: [
      rises('tunnelscope_up'),
      rises('tunnelscope_source_up', { source: 'management' }),
      changes('tunnelscope_daemon_info'),
      changes('tunnelscope_pool_addresses'),
      falls('tunnelscope_state_duration_seconds'),
      rises('tunnelscope_process_start_time_seconds'),
      rises('tunnelscope_restarts_total'),
    ],
  },
  'certificate-renewed': {
    what: 'The certificate of the server is renewed.',
    daemon: 'ours',
    moves: [changes('tunnelscope_certificate_expiry_timestamp_seconds')],
  },
  'disk-fills': {
    what: 'The disk of its status file fills, and is made larger.',
    daemon: 'ours',
    moves: [falls('tunnelscope_disk_free_bytes'), rises('tunnelscope_disk_size_bytes')],
  },
  'limits-of-monitor': {
    what: 'The monitor is told (SIGHUP) to watch one daemon more, a client of each and a series of users; then a second client comes.',
    daemon: undefined,
    moves: [
      rises('tunnelscope_daemons'),
      rises('tunnelscope_clients_left_out_total'),
      rises('tunnelscope_series_left_out_total'),
      rises('tunnelscope_alert_rules_without_data'),
      changes('tunnelscope_alert_evaluation_seconds'),
    ],
  },
  loss: {
    what: 'A stock client connects, and the network loses packets that it sends.',
    daemon: 'quickstart',
    moves: [
      rises('tunnelscope_received_packets_total'),
      rises('tunnelscope_lost_packets_total'),
      rises('tunnelscope_user_lost_packets_total'),
      rises('tunnelscope_round_trip_seconds_count'),
      changes('tunnelscope_user_round_trip_seconds'),
    ],
  },
} as const satisfies Readonly<Record<string, Cause>>;

/** Metrics that nothing moves in a test with real daemons, by their names on the page, and why. */
export const UNMOVED: Readonly<Record<string, string>> = {
  tunnelscope_data_plane_step:
    'A daemon in the process that serves metrics keeps the data plane that it began with: in tests with its reports.',
  tunnelscope_facts_dropped_total: 'Sources are silent before their daemon is taken out: it would be a fault of the monitor.',
  tunnelscope_usual_bytes_per_second: 'What is usual is learnt from whole hours of three days: in tests with a clock of their own.',
  tunnelscope_recent_unusual_connections: 'What is usual is learnt from connections of days: in tests with a clock of their own.',
  tunnelscope_alert_series_left_out_total: 'It takes more daemons than a test can start: in tests with facts alone.',
  tunnelscope_incidents_total:
    'Daemons do not tell of what keeps them from starting over the interface that they then do not have: in tests with recorded logs.',
};

/** Metrics that other tests move, by how their names begin. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  tunnelscope_target_: 'Records and alerts go to a target, which is slow, refuses them, fails and comes back: in the tests of delivery.',
};

/** The name on the page that a sample of a move belongs to. */
export function metricOf(sample: string): string {
  return sample.replace(/_count$/, '');
}

/** What moves a metric, each with the daemon that it happens to; or, in one line, why there is nothing. Undefined where nothing is known. */
export function moversOf(metric: string): readonly (readonly [what: string, daemon: string])[] | string | undefined {
  const causes: readonly Cause[] = Object.values(CAUSES);
  const found = causes.filter(({ moves }) => moves.some(({ sample }) => metricOf(sample) === metric));
  if (found.length > 0) return found.map(({ what, daemon }) => [what, daemon === undefined ? 'the monitor' : CAUSE_DAEMONS[daemon]]);
  return UNMOVED[metric] ?? Object.entries(ELSEWHERE).find(([begin]) => metric.startsWith(begin))?.[1];
}
