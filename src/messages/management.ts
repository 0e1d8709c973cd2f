import { row } from './row.ts';

/** The management interface (facts: management 1, 2; logging 13). */
export const MANAGEMENT = {
  command: row('management.command', 'D_MANAGEMENT_DEBUG', "MANAGEMENT: CMD '{line}'"),
  tcpListening: row('management.tcp-listening', 'D_MANAGEMENT', 'MANAGEMENT: TCP Socket listening on {address:address}'),
  unixListening: row('management.unix-listening', 'D_MANAGEMENT', 'MANAGEMENT: unix domain socket listening on {path:rest}'),
  clientConnected: row('management.client-connected', 'D_MANAGEMENT', 'MANAGEMENT: Client connected from {from:rest}', {
    event: 'management-client',
  }),
  connectedOut: row('management.connected-out', 'D_MANAGEMENT', 'MANAGEMENT: Connected to management server at {address:rest}', {
    event: 'management-client',
  }),
  connectOutFailed: row(
    'management.connect-out-failed',
    'D_LINK_ERRORS_ERRNO',
    'MANAGEMENT: connect to {address:text} failed: {reason:rest}',
  ),
  clientDisconnected: row('management.client-disconnected', 'D_MANAGEMENT', 'MANAGEMENT: Client disconnected', {
    event: 'management-client',
  }),
  clientUser: row('management.client-user', 'D_MANAGEMENT', 'MANAGEMENT: client_uid={uid:int}'),
  clientGroup: row('management.client-group', 'D_MANAGEMENT', 'MANAGEMENT: client_gid={gid:int}'),
  authenticationReset: row('management.authentication-reset', 'D_MANAGEMENT', 'MANAGEMENT: Reset authentication on disconnect'),
  triggeringSignal: row('management.triggering-signal', 'D_MANAGEMENT', 'MANAGEMENT: Triggering management signal'),
  triggeringExit: row('management.triggering-exit', 'D_MANAGEMENT', 'MANAGEMENT: Triggering management exit'),
  state: row('management.state', 'D_MANAGEMENT', 'MANAGEMENT: >STATE:{state:rest}'),
  receiveError: row('management.receive-error', 'D_MANAGEMENT', 'MANAGEMENT: TCP recv error: {reason:rest}'),
  sendError: row('management.send-error', 'D_MANAGEMENT', 'MANAGEMENT: TCP send error: {reason:rest}'),
  bindFailed: row(
    'management.bind-failed',
    'M_FATAL_ERRNO',
    'MANAGEMENT: Socket bind failed on local address {address:address}: {reason} (errno={errno:int})',
    { event: 'listen-failed' },
  ),
  unixBindFailed: row(
    'management.unix-bind-failed',
    'M_FATAL_ERRNO',
    'MANAGEMENT: Cannot bind unix domain socket {path:text}: {reason} (errno={errno:int})',
    { event: 'listen-failed' },
  ),
  wrongUser: row(
    'management.wrong-user',
    'D_MANAGEMENT',
    "MANAGEMENT: unix domain socket client connection rejected -- UID of socket peer ({uid:int}) doesn't match required value ({required:int}) as given by --management-client-user",
    { event: 'management-refused' },
  ),
  wrongGroup: row(
    'management.wrong-group',
    'D_MANAGEMENT',
    "MANAGEMENT: unix domain socket client connection rejected -- GID of socket peer ({gid:int}) doesn't match required value ({required:int}) as given by --management-client-group",
    { event: 'management-refused' },
  ),
  withoutPassword: row(
    'management.without-password',
    'M_WARN',
    'WARNING: Using --management on a TCP port WITHOUT passwords is STRONGLY discouraged and considered insecure',
  ),
  passwordRejected: row(
    'management.password-rejected',
    'M_WARN',
    'MAN: client connection rejected after {count:int} failed password attempts',
    { event: 'management-refused' },
  ),
  badProxyCommand: row('management.bad-proxy-command', 'M_WARN', 'Bad proxy command', { side: 'client' }),
} as const;
