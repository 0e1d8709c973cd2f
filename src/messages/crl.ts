import { row } from './row.ts';

/** Certificate revocation lists (facts: logging 13). */
export const CRL = {
  loaded: row('crl.loaded', 'M_INFO', 'CRL: loaded {count:int} CRLs from file {file:rest}', { event: 'crl-loaded' }),
  cannotOpen: row('crl.cannot-open', 'M_WARN', 'CRL: cannot read: {file:rest}', { event: 'crl-failed' }),
  cannotParse: row('crl.cannot-parse', 'M_WARN', 'CRL: cannot read CRL from file {file:rest}', { event: 'crl-failed' }),
  statFailed: row('crl.stat-failed', 'M_WARN', 'WARNING: Failed to stat CRL file, not reloading CRL.', { event: 'crl-failed' }),
  statFailedAtStart: row('crl.stat-failed-at-start', 'M_FATAL', 'ERROR: Failed to stat CRL file during initialization, exiting.', {
    event: 'daemon-fatal',
  }),
  revoked: row('crl.revoked', 'D_HANDSHAKE', 'VERIFY CRL: depth={depth:int}, {subject:text}, serial={serial:word} is revoked', {
    event: 'certificate-refused',
  }),
} as const;
