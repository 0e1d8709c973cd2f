import { and, calculate, compare, type Formula, limit, metric, over, TIME } from '../expression.ts';
import type { Rule } from '../rule.ts';

const EXPIRY = 'tunnelscope_certificate_expiry_timestamp_seconds';
const listLeft = calculate(metric(EXPIRY, ['role', '=', 'crl']), '-', TIME);
const certificateLeft = calculate(metric(EXPIRY, ['role', '!=', 'crl']), '-', TIME);

function soon(left: Formula): Formula {
  return and(compare(left, '<', limit('left')), compare(left, '>', 0));
}

/** Certificates and revocation lists, which end on their day. */
export const CERTIFICATE_RULES: readonly Rule[] = [
  {
    name: 'OpenVPNCertificateExpiring',
    severity: 'warning',
    hold: 0,
    thresholds: { left: { default: 14 * 86_400, unit: 'seconds', meaning: 'a certificate must be valid for so long' } },
    formula: soon(certificateLeft),
    summary: 'a certificate of {daemon} expires soon',
    description: '{subject} in {file} of {daemon} ({role}) expires in {value|duration}.',
    meaning: 'A certificate of the daemon or of its authority ends to be valid soon. After that nobody can connect.',
    runbook: [
      'Issue a new one. That of a daemon takes effect at its next restart, or SIGHUP.',
      'That of an authority has to reach every client before.',
    ],
    provoked: { daemon: 'stock', how: 'a server has a certificate that is valid for a day' },
  },
  {
    name: 'OpenVPNCertificateExpired',
    severity: 'critical',
    hold: 0,
    thresholds: {},
    formula: compare(certificateLeft, '<=', 0),
    summary: 'a certificate of {daemon} has expired',
    description: '{subject} in {file} of {daemon} ({role}) expired: {value|duration}.',
    meaning: 'A certificate of the daemon or of its authority is no longer valid: connections are refused.',
    runbook: ['Issue a new one and restart the daemon.', 'Is the clock of the host right?'],
    provoked: { daemon: 'stock', how: 'a server has a certificate that expired' },
  },
  {
    name: 'OpenVPNCrlUpdated',
    severity: 'info',
    hold: 0,
    thresholds: { window: { default: 900, unit: 'seconds', meaning: 'looked at at once' } },
    formula: compare(over('changes', metric(EXPIRY, ['role', '=', 'crl']), limit('window')), '>', 0),
    summary: 'the revocation list of {daemon} was replaced',
    description: 'The revocation list {file} of {daemon}, of {subject}, was replaced within {$window}.',
    meaning: 'There is a new revocation list: somebody was revoked, or the list was signed anew in time. Nothing is wrong.',
    runbook: ['Nobody of you did it? Compare its entries with what should be revoked: `openssl crl -text -in FILE`.'],
    provoked: { daemon: 'stock', how: 'the revocation list of a server is signed anew' },
  },
  {
    name: 'OpenVPNCrlExpiring',
    severity: 'warning',
    hold: 0,
    thresholds: { left: { default: 3 * 86_400, unit: 'seconds', meaning: 'a revocation list must be valid for so long' } },
    formula: soon(listLeft),
    summary: 'the revocation list of {daemon} is due soon',
    description: 'The revocation list {file} of {daemon}, of {subject}, is out of date in {value|duration}.',
    meaning: 'The next revocation list is due soon. Once the old one is out of date, the daemon refuses every client.',
    runbook: [
      'Sign the list anew: `tunnelscope pki crl DIR`, `easyrsa gen-crl` or `openssl ca -gencrl`, and put it in place in one step.',
      'The daemon reads it at the next handshake; no restart is needed.',
    ],
    provoked: { daemon: 'stock', how: 'a server has a revocation list that is due in a day' },
  },
  {
    name: 'OpenVPNCrlExpired',
    severity: 'critical',
    hold: 0,
    thresholds: {},
    formula: compare(listLeft, '<=', 0),
    summary: 'the revocation list of {daemon} is out of date',
    description: 'The revocation list {file} of {daemon}, of {subject}, is out of date: {value|duration}. Every client is refused.',
    meaning: 'The revocation list is out of date: the daemon refuses every client with a certificate of that authority.',
    runbook: ['Sign the list anew at once, see OpenVPNCrlExpiring.', 'Is the clock of the host right?'],
    provoked: { daemon: 'stock', how: 'a server is watched with a revocation list that is out of date' },
  },
];
