import { row } from './row.ts';

/** User names, passwords, tokens and what becomes of a login (facts: logging 13). */
export const AUTH = {
  succeeded: row(
    'auth.succeeded',
    'D_HANDSHAKE',
    "TLS: Username/Password authentication succeeded for username '{username}' {note:remark}",
    {
      side: 'server',
      event: 'auth-succeeded',
    },
  ),
  deferred: row('auth.deferred', 'D_HANDSHAKE', "TLS: Username/Password authentication deferred for username '{username}' {note:remark}", {
    side: 'server',
  }),
  failed: row('auth.failed', 'D_TLS_ERRORS', 'TLS Auth Error: Auth Username/Password verification failed for peer', {
    side: 'server',
    event: 'auth-failed',
  }),
  blankUsername: row('auth.blank-username', 'D_TLS_ERRORS', 'TLS Auth Error: peer provided a blank username', {
    side: 'server',
    event: 'auth-failed',
  }),
  notProvided: row('auth.not-provided', 'D_TLS_ERRORS', 'TLS Error: Auth Username/Password was not provided by peer', {
    side: 'server',
    event: 'auth-failed',
  }),
  tooLong: row('auth.too-long', 'D_TLS_ERRORS', 'TLS Error: Username ({username:int}) or password ({password:int}) too long', {
    side: 'server',
    event: 'auth-failed',
  }),
  clientConfigRequired: row(
    'auth.client-config-required',
    'D_TLS_ERRORS',
    "TLS Auth Error: --client-config-dir authentication failed for common name '{commonName}' file='{file}'",
    { side: 'server', event: 'auth-failed' },
  ),
  usernameChanged: row(
    'auth.username-changed',
    'D_TLS_ERRORS',
    "TLS Auth Error: username attempted to change from '{from}' to '{to}' -- tunnel disabled",
    { side: 'server', event: 'auth-failed' },
  ),
  commonNameChanged: row(
    'auth.common-name-changed',
    'D_TLS_ERRORS',
    "TLS Auth Error: TLS object CN attempted to change from '{from}' to '{to}' -- tunnel disabled",
    { side: 'server', event: 'auth-failed' },
  ),
  certificatesChanged: row(
    'auth.certificates-changed',
    'D_TLS_ERRORS',
    'TLS Auth Error: TLS object certificate chain changed -- tunnel disabled',
    { side: 'server', event: 'auth-failed', also: ['TLS Auth Error: {text:rest}'] },
  ),
  tokenSucceeded: row('auth.token-succeeded', 'M_WARN', "TLS: Username/auth-token authentication succeeded for username '{username}'", {
    side: 'server',
    event: 'auth-succeeded',
    also: ["TLS: Username/auth-token authentication succeeded for username '{username}' {note:remark}"],
  }),
  tokenFailed: row('auth.token-failed', 'M_WARN', "TLS: Username/auth-token authentication failed for username '{username}'", {
    side: 'server',
    event: 'auth-failed',
    also: ["TLS: Username/auth-token authentication failed for username '{username}' {note:remark}"],
  }),
  tokenBadHmac: row('auth.token-bad-hmac', 'M_WARN', '--auth-gen-token: HMAC on token from client failed ({username})', { side: 'server' }),
  tokenOutOfWindow: row('auth.token-out-of-window', 'M_WARN', 'Timestamp ({time:int}) of auth-token is out of the renewal window', {
    side: 'server',
  }),
  tokenBeforeLogin: row(
    'auth.token-before-login',
    'M_WARN',
    'Initial timestamp ({initial:int}) in token from client earlier than current timestamp {time:int}. Broken/unsynchronised clock?',
    { side: 'server' },
  ),
  tokenExpired: row('auth.token-expired', 'M_INFO', '--auth-gen-token: auth-token from client expired', { side: 'server' }),
  rejected: row('auth.rejected', 'D_MULTI_LOW', 'MULTI: connection rejected: {reason:text}, CLI:{clientReason:rest}', {
    side: 'server',
    event: 'client-rejected',
  }),
  disabled: row('auth.disabled', 'D_MULTI_ERRORS', "MULTI: client has been rejected due to 'disable' directive", {
    side: 'server',
    event: 'client-rejected',
  }),
  delayedExit: row('auth.delayed-exit', 'D_SCHED_EXIT', 'Delayed exit in {seconds:int} seconds', { side: 'server' }),
  response: row('auth.response', 'D_PUSH', "CR response was sent by client ('{response}')", { side: 'server' }),
  tokenKeyRandom: row('auth.token-key-random', 'M_INFO', 'Using random OpenVPN auth-token server key.', { side: 'server' }),
  tokenHmac: row(
    'auth.token-hmac',
    'D_CIPHER_INIT',
    "auth-token secret: Using {bits:int} bit message hash '{digest}' for HMAC authentication",
    {
      side: 'server',
    },
  ),
} as const;
