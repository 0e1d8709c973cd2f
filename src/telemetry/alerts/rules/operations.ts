import { calculate, compare, limit, metric, or, over, sumBy } from '../expression.ts';
import type { Rule } from '../rule.ts';

const WINDOW = { window: { default: 900, unit: 'seconds', meaning: 'looked at at once' } } as const;

/** Whether daemons are run well. */
export const OPERATIONS_RULES: readonly Rule[] = [
  {
    name: 'OpenVPNRestarts',
    severity: 'warning',
    hold: 0,
    thresholds: { ...WINDOW, restarts: { default: 2, unit: 'count', meaning: 'starts within the window that are still well' } },
    formula: compare(over('increase', metric('tunnelscope_restarts_total'), limit('window')), '>', limit('restarts')),
    summary: '{daemon} starts again and again',
    description: '{daemon} was started {value} times within {$window}.',
    meaning: 'The process of the daemon ends and is started again, over and over: it crashes, or cannot do what its configuration says.',
    runbook: [
      'The last lines of the log before each start say why it ended; the kernel log shows crashes and lack of memory.',
      '`systemctl status` shows who starts it.',
    ],
    provoked: { daemon: 'stock', how: 'a server is killed with SIGKILL and started again' },
  },
  {
    name: 'OpenVPNReloadFailed',
    severity: 'critical',
    hold: 0,
    thresholds: WINDOW,
    formula: compare(
      sumBy(
        ['daemon'],
        over('increase', metric('tunnelscope_incidents_total', ['event', '=~', 'reload-failed|option-error']), limit('window')),
      ),
      '>',
      0,
    ),
    summary: '{daemon} refuses its configuration',
    description: '{daemon} could not take up its configuration: at a reload it refused it, or it ended.',
    meaning: 'The configuration has an error. A stock daemon ends at SIGHUP then; ours goes on with the former one.',
    runbook: [
      'The log names file and line, `Options error: ...`.',
      'Put it right, then start the daemon, or send it SIGHUP where it still runs.',
    ],
    provoked: { daemon: 'stock', how: 'a server gets SIGHUP with a broken configuration' },
  },
  {
    name: 'OpenVPNDiskSpace',
    severity: 'warning',
    hold: 60,
    thresholds: { share: { default: 0.05, unit: 'share', meaning: 'of the disk must be free' } },
    formula: compare(calculate(metric('tunnelscope_disk_free_bytes'), '/', metric('tunnelscope_disk_size_bytes')), '<', limit('share')),
    summary: 'the disk of {daemon} is nearly full',
    description: '{value|percent} of the disk with {path} of {daemon} is free.',
    meaning:
      'There is little room left where the daemon writes its log or status file. When it is full, lines are lost and status files end.',
    runbook: [
      'See what fills it (`du -x`). A log at a high `verb` grows fast.',
      'Let logrotate rotate the log, with `copytruncate` for stock, or `SIGHUP`.',
    ],
    provoked: { daemon: 'stock', how: 'the log of a server stands on a small tmpfs that is filled' },
  },
  {
    name: 'OpenVPNInterfaceFailed',
    severity: 'critical',
    hold: 0,
    thresholds: WINDOW,
    formula: compare(over('increase', metric('tunnelscope_incidents_total', ['event', '=', 'interface-failed']), limit('window')), '>', 0),
    summary: '{daemon} gets no tunnel interface',
    description: '{daemon} could not make or set up its tunnel interface.',
    meaning: 'The tunnel device could not be opened, or got no address or route: nothing can flow.',
    runbook: [
      'The log names the step that failed.',
      '`/dev/net/tun` missing or refused: module `tun`, device rights of the container, capability NET_ADMIN.',
      'Address or device taken: another daemon uses it.',
    ],
    provoked: { daemon: 'stock', how: 'a server is started with a TUN device that cannot be opened' },
  },
  {
    name: 'OpenVPNSourceStale',
    severity: 'warning',
    hold: 120,
    thresholds: {
      age: { default: 300, unit: 'seconds', meaning: 'a source may say nothing for so long; logs are left out, which may be quiet' },
    },
    formula: or(
      compare(metric('tunnelscope_source_age_seconds', ['source', '!=', 'log']), '>', limit('age')),
      compare(metric('tunnelscope_source_up'), '==', 0),
    ),
    summary: 'a source of {daemon} says nothing',
    description: 'The source {source} of {daemon} fails or says nothing new, so that what is shown may be old.',
    meaning:
      'A management interface, status file or log of the daemon is gone, out of date or does not answer, even if another source still does.',
    runbook: [
      '`/health/DAEMON` says what is wrong with each source.',
      'A status file that is not written any more: the daemon hangs, its disk is full, or the path was changed.',
      'A management interface that does not answer: another client may have it. `gateway` lets many share it.',
    ],
    provoked: { daemon: 'stock', how: 'the status file of a server is removed, and not written again' },
  },
  {
    name: 'OpenVPNPoolNearlyUsedUp',
    severity: 'warning',
    hold: 60,
    thresholds: { share: { default: 0.9, unit: 'share', meaning: 'of the addresses of the pool that may be used' } },
    formula: compare(calculate(metric('tunnelscope_pool_used_addresses'), '/', metric('tunnelscope_pool_addresses')), '>', limit('share')),
    summary: '{daemon} runs out of addresses',
    description: '{value|percent} of the addresses that {daemon} has for clients are used.',
    meaning: 'Nearly all addresses of the pool are given to clients. When none is left, further clients are refused.',
    runbook: [
      'Give it a larger network (`server`, `ifconfig-pool`), which takes a restart.',
      'Many sessions of few users: see the alert about concurrent sessions; a shorter `keepalive` frees addresses of clients that are gone.',
    ],
    mode: 'server',
    provoked: { daemon: 'stock', how: 'clients connect to a server with a small pool' },
  },
];
