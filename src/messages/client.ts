import { row } from './row.ts';

/** What only clients write (facts: logging 13). */
export const CLIENT = {
  noServerVerification: row(
    'client.no-server-verification',
    'M_WARN',
    'WARNING: No server certificate verification method has been enabled.  See http://openvpn.net/howto.html#mitm for more info.',
    { side: 'client' },
  ),
  cachesPasswords: row(
    'client.caches-passwords',
    'M_WARN',
    'WARNING: this configuration may cache passwords in memory -- use the auth-nocache option to prevent this',
  ),
  preservingRemote: row('client.preserving-remote', 'M_INFO', 'TCP/UDP: Preserving recently used remote address: {address:address}', {
    side: 'client',
  }),
  tcpConnecting: row('client.tcp-connecting', 'M_INFO', 'Attempting to establish TCP connection with {address:address}', {
    side: 'client',
    also: ['Attempting to establish TCP connection with {address:address} [nonblock]'],
  }),
  tcpConnectFailed: row('client.tcp-connect-failed', 'D_LINK_ERRORS', 'TCP: connect to {address:address} failed: {reason:rest}', {
    side: 'client',
  }),
  resolveFailed: row('client.resolve-failed', 'D_RESOLVE_ERRORS', 'RESOLVE: Cannot resolve host address: {host:word} ({reason})', {
    side: 'client',
  }),
  resolveFailedForGood: row(
    'client.resolve-failed-for-good',
    'M_FATAL',
    'RESOLVE: Cannot resolve host address: {host:word} ({reason}) (I would have retried this name query if you had specified the --resolv-retry option.)',
    { side: 'client', event: 'daemon-fatal' },
  ),
  networkUnreachable: row('client.network-unreachable', 'M_INFO', 'Network unreachable, restarting', { side: 'client' }),
  pollTimeout: row('client.poll-timeout', 'M_INFO', 'Server poll timeout, restarting', { side: 'client' }),
  retriesExhausted: row(
    'client.retries-exhausted',
    'M_FATAL',
    'All connections have been connect-retry-max ({limit:int}) times unsuccessful, exiting',
    { side: 'client', event: 'daemon-fatal' },
  ),
  noProfiles: row('client.no-profiles', 'M_FATAL', 'No usable connection profiles are present', { side: 'client', event: 'daemon-fatal' }),
  noPushReply: row('client.no-push-reply', 'D_STREAM_ERRORS', 'No reply from server to push requests in {seconds:int}s', {
    side: 'client',
  }),
  authControl: row('client.auth-control', 'M_VERB0', 'AUTH: Received control message: {message:rest}', {
    side: 'client',
    event: 'auth-failed',
  }),
  authPending: row('client.auth-pending', 'D_PUSH', 'AUTH_PENDING received, extending handshake timeout from {from:int}s to {to:int}s', {
    side: 'client',
  }),
  info: row('client.info', 'D_PUSH', "Info command was pushed by server ('{text}')", { side: 'client' }),
  restartPushed: row('client.restart-pushed', 'D_STREAM_ERRORS', "Connection reset command was pushed by server ('{text}')", {
    side: 'client',
  }),
  haltPushed: row('client.halt-pushed', 'D_STREAM_ERRORS', "Halt command was pushed by server ('{text}')", { side: 'client' }),
  sendingExit: row('client.sending-exit', 'M_INFO', '{signal:signal} received, sending exit notification to peer', { side: 'client' }),
  reopeningInterface: row(
    'client.reopening-interface',
    'M_INFO',
    'NOTE: Pulled options changed on restart, will need to close and reopen TUN/TAP device.',
    { side: 'client' },
  ),
  cipherNotAllowed: row(
    'client.cipher-not-allowed',
    'D_TLS_ERRORS',
    "OPTIONS ERROR: failed to negotiate cipher with server.  Add the server's cipher ('{cipher}') to --data-ciphers (currently '{ours}') if you want to connect to this server.",
    { side: 'client', also: ['OPTIONS ERROR: failed to negotiate cipher with server{rest:rest}'] },
  ),
  cipherNotNegotiated: row(
    'client.cipher-not-negotiated',
    'D_TLS_ERRORS',
    'ERROR: failed to negotiate cipher with peer and --data-ciphers-fallback not enabled. {advice:rest}',
    { side: 'client' },
  ),
  protocolUndetermined: row('client.protocol-undetermined', 'M_WARN', 'Could not determine IPv4/IPv6 protocol', { side: 'client' }),
  proxyFailed: row('client.proxy-failed', 'D_LINK_ERRORS', 'Proxy: {reason:rest}', { side: 'client' }),
  httpProxyOnUdp: row('client.http-proxy-on-udp', 'M_WARN', 'HTTP proxy support only works for TCP based connections', { side: 'client' }),
  optionsError: row('client.options-error', 'D_PUSH_ERRORS', 'OPTIONS ERROR: {text:rest}', { side: 'client' }),
} as const;
