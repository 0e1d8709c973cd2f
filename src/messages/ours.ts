import { row } from './row.ts';

/** Messages that stock OpenVPN does not have. */
export const OURS = {
  reloadFailed: row('ours.reload-failed', 'M_WARN', 'Reload refused, the running configuration stays: {reason:rest}', {
    event: 'reload-failed',
  }),
  reloaded: row('ours.reloaded', 'M_INFO', 'Configuration reloaded: {what:rest}'),
  topologyAssumed: row('ours.topology-assumed', 'M_WARN', "Note: --topology is not set, 'subnet' is used"),
  optionIgnored: row('ours.option-ignored', 'M_WARN', 'Note: --{option:word} has no effect here: {reason:rest}'),
  dataPlane: row('ours.data-plane', 'M_INFO', 'Data plane: {adapter:word}, ciphers of {crypto:text}, with {steps:rest}'),
  dataPlaneInstead: row('ours.data-plane-instead', 'M_WARN', 'Data plane: portable instead of batched: {reason:rest}'),
  dataPlaneStepOn: row('ours.data-plane-step-on', 'M_INFO', 'Data plane: with {step:word} too'),
  dataPlaneStepOff: row('ours.data-plane-step-off', 'M_WARN', 'Data plane: goes on without {step:word}: {reason:rest}'),
  routesRepaired: row('ours.routes-repaired', 'M_WARN', 'Routes of a client that was killed are put right: {count:int}', {
    side: 'client',
  }),
  tlsInstead: row('ours.tls-instead', 'M_WARN', 'TLS: node:tls instead of OpenSSL, handshakes are slower: {reason:rest}'),
  sessionSummary: row(
    'ours.session-summary',
    'M_INFO',
    "Session {session:int} of '{commonName}' from {address:address} ended after {seconds:int} s: {reason:text}, received {received:int} bytes in {packetsReceived:int} packets, sent {sent:int} bytes in {packetsSent:int} packets, {lost:int} lost",
    { side: 'server', event: 'session-ended' },
  ),
  crlMissingIssuer: row('ours.crl-missing-issuer', 'M_WARN', "CRL: no list of issuer '{issuer}' in {file:rest}", { event: 'crl-failed' }),
  crlBadSignature: row('ours.crl-bad-signature', 'M_WARN', "CRL: the list of issuer '{issuer}' in {file:text} has a wrong signature", {
    event: 'crl-failed',
  }),
  crlExpired: row('ours.crl-expired', 'M_WARN', "CRL: the list of issuer '{issuer}' in {file:text} expired at {time:rest}", {
    event: 'crl-failed',
  }),
  managementSocketKept: row(
    'ours.management-socket-kept',
    'M_FATAL',
    'MANAGEMENT: {path:text} exists and is not a socket of ours, it is not replaced',
    { event: 'listen-failed' },
  ),
  slowReader: row('ours.slow-reader', 'M_WARN', 'MANAGEMENT: {client:text} reads too slowly, closed with {bytes:int} bytes waiting', {
    event: 'management-refused',
  }),
  managementFull: row('ours.management-full', 'M_WARN', 'MANAGEMENT: {client:text} refused, {limit:int} clients are connected', {
    event: 'management-refused',
  }),
  controlPacketDropped: row('ours.control-packet-dropped', 'D_TLS_ERRORS', 'Control packet from {address:address} dropped: {reason:rest}', {
    event: 'packet-rejected',
  }),
  rejectionsSummed: row('ours.rejections-summed', 'M_WARN', 'Refused {count:int} more packets like this: {kind:rest}', {
    event: 'packet-rejected',
  }),
  managementPasswordTimeout: row(
    'ours.management-password-timeout',
    'M_WARN',
    'MANAGEMENT: {client:text} gave no password in {seconds:int} s, closed',
    { event: 'management-refused' },
  ),
  managementGuessing: row(
    'ours.management-guessing',
    'M_WARN',
    'MANAGEMENT: wrong passwords, the last from {client:text}, {count:int} so far: answers are slowed down',
    { event: 'management-refused' },
  ),
  managementSignal: row(
    'ours.management-signal',
    'M_WARN',
    "The daemon at {where:text} has 'management-signal': it restarts whenever the gateway disconnects",
    { event: 'management-client' },
  ),
  managementAudit: row('ours.management-audit', 'D_MANAGEMENT', "MANAGEMENT: {client:text} ({role:word}) CMD '{line}'", {
    event: 'management-command',
  }),
  managementStays: row(
    'ours.management-stays',
    'M_WARN',
    'MANAGEMENT: options of the management interface have changed: that waits until the daemon is started anew',
  ),
  managementInputFull: row('ours.management-input-full', 'M_WARN', 'MANAGEMENT: {client:text} sent too much at once, closed', {
    event: 'management-refused',
  }),
  stateFileInPlace: row(
    'ours.state-file-in-place',
    'M_INFO',
    '{file:text} is written in place, because it is no plain file or nothing can be made beside it',
  ),
  stateFileFailed: row('ours.state-file-failed', 'M_WARN', 'Cannot write {file:text}, trying again: {reason:rest}'),
  logReopened: row('ours.log-reopened', 'M_INFO', 'Log file {file:text} opened again'),
  logReopenFailed: row(
    'ours.log-reopen-failed',
    'M_WARN',
    'Log file {file:text} cannot be opened again, the old one is still written: {reason:rest}',
  ),
  logRecovered: row(
    'ours.log-recovered',
    'M_WARN',
    'Log {outlet:text} takes lines again after {milliseconds:int} ms, {count:int} were lost: {reason:rest}',
  ),
  dataPlaneFailed: row('ours.data-plane-failed', 'M_FATAL', 'Data plane stopped: {reason:rest}', { event: 'daemon-fatal' }),
  startTime: row('ours.start-time', 'M_INFO', 'Started in {milliseconds:int} ms'),
} as const;
