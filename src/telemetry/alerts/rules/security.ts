import { compare, limit, metric, over, sumBy } from '../expression.ts';
import type { Rule } from '../rule.ts';

/** What may be an attack, or the beginning of one. */
export const SECURITY_RULES: readonly Rule[] = [
  {
    name: 'OpenVPNAuthBurstByAddress',
    severity: 'warning',
    hold: 0,
    thresholds: {
      failures: { default: 10, unit: 'count', meaning: 'refused logins from one address within five minutes that are still well' },
    },
    formula: compare(metric('tunnelscope_recent_auth_failures', ['by', '=', 'address']), '>', limit('failures')),
    summary: '{who} keeps failing to log in to {daemon}',
    description: '{value} logins to {daemon} from the address {who} were refused within five minutes.',
    meaning: 'One address fails to log in again and again: somebody guesses passwords, or a client with an old password tries without end.',
    runbook: [
      'Does the address belong to a user? Then call: an old password may be stored in the client.',
      'Otherwise block it in the firewall. `tls-crypt` keeps away who has no key.',
    ],
    mode: 'server',
    provoked: { daemon: 'stock', how: 'a client gives a wrong password again and again' },
  },
  {
    name: 'OpenVPNAuthBurstByUser',
    severity: 'warning',
    hold: 0,
    thresholds: { failures: { default: 10, unit: 'count', meaning: 'refused logins of one user within five minutes that are still well' } },
    formula: compare(metric('tunnelscope_recent_auth_failures', ['by', '=', 'user']), '>', limit('failures')),
    summary: 'logins of {who} to {daemon} keep failing',
    description: '{value} logins of {who} to {daemon} were refused within five minutes.',
    meaning: 'Logins of one user fail again and again, from wherever: somebody guesses this password, or it has expired.',
    runbook: [
      'Ask the user. If it was somebody else: change the password, and see from which addresses it came.',
      'Where the name is that of a certificate, who tries has its key: revoke it.',
    ],
    mode: 'server',
    provoked: { daemon: 'stock', how: 'a client gives a wrong password again and again' },
  },
  {
    name: 'OpenVPNManagementRefused',
    severity: 'warning',
    hold: 0,
    thresholds: {
      window: { default: 600, unit: 'seconds', meaning: 'looked at at once' },
      refused: { default: 0, unit: 'count', meaning: 'management clients turned away within the window that are still well' },
    },
    formula: compare(
      sumBy(['daemon', 'interface'], over('increase', metric('tunnelscope_management_refused_logins_total'), limit('window'))),
      '>',
      limit('refused'),
    ),
    summary: 'somebody tries the management interface of {daemon}',
    description: '{value} clients of the management interface of {daemon} ({interface}) were turned away within {$window}.',
    meaning: 'Somebody without the password, or a user who may not, tried to get at the management interface, which may do everything.',
    runbook: [
      'A program of your own with an old password? Its log tells.',
      'Otherwise: who can reach the interface? It belongs on a unix socket, or on a loopback address behind a password.',
    ],
    provoked: { daemon: 'stock', how: 'somebody gives the wrong management password' },
  },
  {
    name: 'OpenVPNNewNetwork',
    severity: 'info',
    hold: 0,
    thresholds: {
      connections: {
        default: 0,
        unit: 'count',
        meaning: 'connections from networks new to the user, within 15 minutes, that are still well',
      },
    },
    formula: compare(metric('tunnelscope_recent_unusual_connections', ['pattern', '=', 'new-network']), '>', limit('connections')),
    summary: '{user} connects to {daemon} from a new network',
    description: '{user} connected to {daemon} from {network}, a network that this user was not seen in before.',
    meaning: 'A user who is known by other networks connected from one that is new: a journey, a new provider, or somebody else.',
    runbook: [
      'Ask the user, above all when sessions from the old network are still there.',
      'It was somebody else: revoke the certificate, change the password.',
    ],
    mode: 'server',
    provoked: { daemon: 'stock', how: 'a client connects from its address, then again from one in another network' },
  },
  {
    name: 'OpenVPNConcurrentSessions',
    severity: 'warning',
    hold: 60,
    thresholds: { sessions: { default: 3, unit: 'count', meaning: 'sessions of one user at once that are still well' } },
    formula: compare(metric('tunnelscope_concurrent_sessions'), '>', limit('sessions')),
    summary: '{user} has many sessions with {daemon}',
    description: '{user} has {value} sessions with {daemon} at once.',
    meaning:
      'One user or certificate is connected several times at once, as `duplicate-cn` allows: many devices, or a certificate that is passed around.',
    runbook: ['`tunnelscope status` shows from where they are. One place each: shared. Issue a certificate for each device.'],
    mode: 'server',
    provoked: { daemon: 'stock', how: 'two clients connect with one certificate to a server with `duplicate-cn`' },
  },
  {
    name: 'OpenVPNConnectionStorm',
    severity: 'warning',
    hold: 0,
    thresholds: {
      window: { default: 60, unit: 'seconds', meaning: 'looked at at once' },
      handshakes: { default: 300, unit: 'count', meaning: 'handshakes within the window that are still well' },
    },
    formula: compare(
      sumBy(['daemon'], over('increase', metric('tunnelscope_handshakes_total'), limit('window'))),
      '>',
      limit('handshakes'),
    ),
    summary: 'very many connect to {daemon} at once',
    description: '{value} handshakes with {daemon} within {$window}.',
    meaning: 'Very many connections begin at once: all clients come back after an interruption, or somebody floods the daemon.',
    runbook: [
      'After a restart or a lost uplink: wait; it ends when all are back.',
      'Otherwise see how handshakes end (`outcome`, `reason`) and whose addresses they are; `connect-freq` bounds them.',
    ],
    mode: 'server',
    provoked: { daemon: 'stock', how: 'clients that are refused try again and again' },
  },
  {
    name: 'OpenVPNOddHour',
    severity: 'info',
    hold: 0,
    thresholds: {
      connections: {
        default: 0,
        unit: 'count',
        meaning: 'connections at an hour unusual for the user, within 15 minutes, that are still well',
      },
    },
    formula: compare(metric('tunnelscope_recent_unusual_connections', ['pattern', '=', 'odd-hour']), '>', limit('connections')),
    summary: '{user} connects to {daemon} at an unusual hour',
    description: '{user} connected to {daemon} from {network} at an hour of the day in which this user was not seen before.',
    meaning: 'A user who was seen for a week or longer connected at an hour of the day that is new, and not next to one that is known.',
    runbook: ['Ask the user, above all when the network is new too.', 'Somebody on call or travelling: silence the alert for this user.'],
    mode: 'server',
    provoked: {
      daemon: 'stock',
      how: 'a client connects at another hour than the monitor knows of its user',
      because: 'hours take a week to learn, so they are read from the file that the monitor keeps them in',
    },
  },
];
