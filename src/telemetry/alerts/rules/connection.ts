import { and, compare, limit, metric, over, sumBy } from '../expression.ts';
import type { Rule } from '../rule.ts';

const STATE = 'tunnelscope_state';

/** Whether daemons are there, and whether connections come about. */
export const CONNECTION_RULES: readonly Rule[] = [
  {
    name: 'OpenVPNDown',
    severity: 'critical',
    hold: 60,
    thresholds: {},
    formula: compare(metric('tunnelscope_up'), '==', 0),
    summary: '{daemon} is down',
    description: 'No source tells of the OpenVPN daemon {daemon} any more: not its management interface, its status file nor its log.',
    meaning: 'None of the sources that the daemon is watched by works: it has ended, hangs, or cannot be reached.',
    runbook: [
      'See what the sources say: `/health/DAEMON` of the monitor, or `tunnelscope check`.',
      'See whether the process runs (`systemctl status`, `pgrep -a openvpn`) and what its log says last.',
      'If it runs: look at the management interface by hand, `tunnelscope manage ADDRESS`; at most one client may be connected to a stock daemon.',
      'If it does not: start it, and follow its log from the first line on.',
    ],
    provoked: { daemon: 'stock', how: 'a server is killed with SIGKILL' },
  },
  {
    name: 'OpenVPNReconnecting',
    severity: 'critical',
    hold: 60,
    thresholds: {
      window: { default: 120, unit: 'seconds', meaning: 'it was not connected for so long' },
      memory: { default: 3600, unit: 'seconds', meaning: 'and began to reconnect within this time' },
    },
    formula: and(
      compare(over('max_over_time', metric(STATE, ['state', '=', 'CONNECTED']), limit('window')), '==', 0),
      compare(over('max_over_time', metric(STATE, ['state', '=', 'RECONNECTING']), limit('memory')), '>', 0),
      ['daemon'],
    ),
    summary: '{daemon} does not get out of RECONNECTING',
    description: 'The client daemon {daemon} lost its connection and was not connected at any time in the last {$window}.',
    meaning: 'A client lost its server and its attempts to connect again fail, one after the other.',
    runbook: [
      'See the reason behind the state: `state on all` in `tunnelscope manage`, third field, such as `ping-restart` or `tls-error`.',
      'Is the server reachable from the host of the client: address, port, protocol, firewall?',
      'Does the log of the server show the attempts? If so, what it says of them is the reason.',
    ],
    mode: 'client',
    provoked: { daemon: 'stock', how: 'the server of a connected client is killed and stays away' },
  },
  {
    name: 'OpenVPNAuthFailures',
    severity: 'warning',
    hold: 0,
    thresholds: {
      window: { default: 600, unit: 'seconds', meaning: 'looked at at once' },
      failures: { default: 10, unit: 'count', meaning: 'refused logins within the window that are still well' },
    },
    formula: compare(
      sumBy(['daemon'], over('increase', metric('tunnelscope_auth_failures_total'), limit('window'))),
      '>',
      limit('failures'),
    ),
    summary: '{daemon} refuses many logins',
    description: '{daemon} refused {value} logins within {$window}.',
    meaning:
      'Logins fail again and again: wrong passwords, expired tokens, a directory or script that does not answer, or somebody who guesses.',
    runbook: [
      '`tunnelscope_auth_failures_total` says by its label `reason` why they fail.',
      'All of them, and `credentials`: the login script, plugin or directory behind it fails. Log in by hand.',
      'Some of them: see the alerts about bursts by address and by user.',
    ],
    provoked: { daemon: 'stock', how: 'a client gives a wrong password again and again' },
  },
  {
    name: 'OpenVPNCertificateErrors',
    severity: 'warning',
    hold: 0,
    thresholds: {
      window: { default: 600, unit: 'seconds', meaning: 'looked at at once' },
      failures: { default: 3, unit: 'count', meaning: 'refused certificates within the window that are still well' },
    },
    formula: compare(
      sumBy(
        ['daemon'],
        over(
          'increase',
          metric('tunnelscope_handshakes_total', ['outcome', '=', 'failed'], ['reason', '=~', 'certificate-.+|crl-.+']),
          limit('window'),
        ),
      ),
      '>',
      limit('failures'),
    ),
    summary: '{daemon} refuses certificates',
    description:
      '{daemon} refused {value} certificates within {$window}: expired, revoked, of a foreign authority, or its revocation list is out of date.',
    meaning: 'Peers come with certificates that are not accepted, or none is accepted as the revocation list is out of date.',
    runbook: [
      '`tunnelscope_handshakes_total` says by its label `reason` what is wrong with them.',
      '`crl-expired` or `crl-missing`: no client gets in. Sign the list anew, see the alert about revocation lists.',
      '`certificate-expired`: `VERIFY ERROR` in the log of the daemon names the subject; renew it.',
      '`certificate-revoked` or `certificate-untrusted`: somebody uses a certificate that should no longer, or never could, be used.',
    ],
    provoked: { daemon: 'stock', how: 'a client with a revoked certificate tries again and again' },
  },
  {
    name: 'OpenVPNTlsFailures',
    severity: 'warning',
    hold: 0,
    thresholds: {
      window: { default: 600, unit: 'seconds', meaning: 'looked at at once' },
      failures: { default: 10, unit: 'count', meaning: 'failed handshakes within the window that are still well' },
    },
    formula: compare(
      sumBy(
        ['daemon'],
        over(
          'increase',
          metric(
            'tunnelscope_handshakes_total',
            ['outcome', '=', 'failed'],
            ['reason', '=~', 'timeout|tls-error|tls-version|no-shared-cipher|credentials-missing'],
          ),
          limit('window'),
        ),
      ),
      '>',
      limit('failures'),
    ),
    summary: 'TLS handshakes with {daemon} fail',
    description: '{value} TLS handshakes with {daemon} failed within {$window}, for other reasons than certificates.',
    meaning:
      'Peers begin to connect and do not come to the end: packets are lost or filtered, or the two ends agree on no version or cipher.',
    runbook: [
      '`tunnelscope_handshakes_total` says by its label `reason` why.',
      '`timeout`: packets of one direction are lost: firewall, NAT, MTU. Capture at both ends.',
      '`tls-version`, `no-shared-cipher`: compare `tls-version-min`, `tls-cipher` and `data-ciphers` of both ends.',
      'Many addresses that nobody knows: scanners. `tls-crypt` keeps them from getting that far.',
    ],
    provoked: { daemon: 'stock', how: 'a client that can do no more than TLS 1.1 tries to connect to a server that wants 1.2' },
  },
];
