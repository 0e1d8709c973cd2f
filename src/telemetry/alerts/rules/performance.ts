import { and, calculate, compare, limit, metric, over } from '../expression.ts';
import type { Rule } from '../rule.ts';

const lost = over('rate', metric('tunnelscope_lost_packets_total'), limit('window'));
const received = over('rate', metric('tunnelscope_received_packets_total'), limit('window'));
const throughput = calculate(
  over('rate', metric('tunnelscope_received_bytes_total'), limit('window')),
  '+',
  over('rate', metric('tunnelscope_sent_bytes_total'), limit('window')),
);

/** How well traffic flows. */
export const PERFORMANCE_RULES: readonly Rule[] = [
  {
    name: 'OpenVPNPacketLoss',
    severity: 'warning',
    hold: 120,
    thresholds: {
      window: { default: 300, unit: 'seconds', meaning: 'looked at at once' },
      share: { default: 0.05, unit: 'share', meaning: 'of the packets that clients sent may be lost' },
    },
    formula: compare(calculate(lost, '/', calculate(lost, '+', received)), '>', limit('share')),
    summary: 'many packets to {daemon} are lost',
    description: '{value|percent} of the packets that clients sent to {daemon} within {$window} never came.',
    meaning: 'The network between clients and the daemon loses packets, or the daemon cannot take them in time.',
    runbook: [
      'One client or all? `tunnelscope_user_lost_packets_total` with `series`, and `status --json`.',
      'All: is the host out of processor time, or its socket buffer too small? Look for `RcvbufErrors` in `nstat`.',
      'One: its access network. Compare with `ping` outside the tunnel.',
    ],
    mode: 'server',
    provoked: {
      daemon: 'ours',
      how: 'series alone',
      untried: 'lost packets are told by a daemon in the process of the monitor alone, not by one that it is attached to',
    },
  },
  {
    name: 'OpenVPNReplays',
    severity: 'warning',
    hold: 0,
    thresholds: {
      window: { default: 300, unit: 'seconds', meaning: 'looked at at once' },
      packets: { default: 50, unit: 'count', meaning: 'packets seen twice within the window that are still well' },
    },
    formula: compare(over('increase', metric('tunnelscope_replayed_packets_total'), limit('window')), '>', limit('packets')),
    summary: '{daemon} sees packets twice',
    description: '{daemon} dropped {value} packets within {$window} as it had seen them before.',
    meaning: 'The network doubles packets or brings them very late, or somebody sends recorded ones. They are dropped either way.',
    runbook: [
      'Wireless links and bonded uplinks double and reorder: is it one client? The log names it.',
      'Late packets of a fast link count too: a larger `replay-window` takes them.',
      'Many clients at once from one network: somebody may be sending what was recorded.',
    ],
    provoked: { daemon: 'stock', how: 'a relay between client and server sends every packet twice' },
  },
  {
    name: 'OpenVPNLowThroughput',
    severity: 'warning',
    hold: 900,
    thresholds: {
      window: { default: 900, unit: 'seconds', meaning: 'looked at at once' },
      share: { default: 0.2, unit: 'share', meaning: 'of what is usual at this hour is still well' },
      floor: { default: 20_000, unit: 'bytes per second', meaning: 'less than so much is no usual traffic to compare with' },
    },
    formula: and(
      compare(calculate(throughput, '/', metric('tunnelscope_usual_bytes_per_second')), '<', limit('share')),
      compare(metric('tunnelscope_usual_bytes_per_second'), '>', limit('floor')),
    ),
    summary: '{daemon} moves little',
    description: '{daemon} moves {value|percent} of the bytes that it usually does at this hour of the day.',
    meaning:
      'Much less traffic flows than in the same hour of the days before, which were learnt: clients are away, or something behind is broken.',
    runbook: [
      'Are fewer clients connected than usual? Then see why they do not connect.',
      'As many as usual: does traffic reach what is behind the daemon? Routes, forwarding, firewall, the servers there.',
      'A holiday: silence the alert.',
    ],
    provoked: {
      daemon: 'stock',
      how: 'clients move next to nothing on a server whose usual traffic is known to be much',
      because: 'what is usual takes days to learn, so it is read from the file that the monitor keeps it in',
    },
  },
  {
    name: 'OpenVPNHighCpu',
    severity: 'warning',
    hold: 300,
    thresholds: {
      window: { default: 300, unit: 'seconds', meaning: 'looked at at once' },
      share: { default: 0.9, unit: 'share', meaning: 'of a processor that the daemon may use' },
    },
    formula: compare(over('rate', metric('tunnelscope_process_cpu_seconds_total'), limit('window')), '>', limit('share')),
    summary: '{daemon} uses a whole processor',
    description: '{daemon} used {value|percent} of a processor within {$window}.',
    meaning: 'The daemon has no processor time left. A stock daemon uses one processor at most, so that its throughput ends here.',
    runbook: [
      'Compare with its traffic: is it simply full? Then spread clients over several daemons, or use kernel offload.',
      'Little traffic: many handshakes (see connection storm), an expensive script, or a loop; `perf top -p PID` tells.',
    ],
    provoked: { daemon: 'stock', how: 'a flood of pings goes through a server' },
  },
];
