import { row } from './row.ts';

/** The control channel: first packet, TLS handshake, session slots, renegotiation, refusals (facts: logging 13). */
export const TLS = {
  initialPacket: row('tls.initial-packet', 'D_TLS_DEBUG_LOW', 'TLS: Initial packet from {address:address}, sid={sid1:hex} {sid2:hex}', {
    event: 'peer-seen',
    also: ['TLS: Initial packet from {address:address} (via {via:text}), sid={sid1:hex} {sid2:hex}'],
  }),
  controlChannel: row(
    'tls.control-channel',
    'D_HANDSHAKE',
    'Control Channel: {version:word}, cipher {cipherVersion:word} {cipher:word}, peer certificate: {certificate:rest}',
    {
      event: 'tls-established',
      also: [
        'Control Channel: {version:word}, cipher {cipherVersion:word} {cipher:word}, {certificate:rest}',
        'Control Channel: {version:word}, cipher {cipherVersion:word} {cipher:word}',
      ],
    },
  ),
  peerConnectionInitiated: row(
    'tls.peer-connection-initiated',
    'M_INFO',
    '[{commonName}] Peer Connection Initiated with {address:address}',
    { event: 'auth-succeeded', also: ['[{commonName}] Peer Connection Initiated with {address:address} (via {via:text})'] },
  ),
  moveSession: row(
    'tls.move-session',
    'D_TLS_DEBUG_LOW',
    'TLS: move_session: dest={destination:word} src={source:word} reinit_src={reinitialise:int}',
  ),
  promotedToTrusted: row(
    'tls.promoted-to-trusted',
    'D_TLS_DEBUG_LOW',
    'TLS: tls_multi_process: initial untrusted session promoted to trusted',
  ),
  promotedToSemiTrusted: row(
    'tls.promoted-to-semi-trusted',
    'D_TLS_DEBUG_LOW',
    'TLS: tls_multi_process: initial untrusted session promoted to semi-trusted',
  ),
  untrustedSession: row('tls.untrusted-session', 'D_TLS_DEBUG_LOW', 'TLS: tls_multi_process: untrusted session promoted to trusted', {
    also: ['TLS: tls_multi_process: untrusted session promoted to semi-trusted'],
  }),
  newSession: row('tls.new-session', 'D_TLS_DEBUG_LOW', 'TLS: new session incoming connection from {address:address}'),
  softReset: row(
    'tls.soft-reset',
    'D_TLS_DEBUG_LOW',
    'TLS: soft reset sec={seconds:int}/{secondsLimit:int} bytes={bytes:int}/{bytesLimit:int} pkts={packets:int}/{packetsLimit:int}',
    {
      event: 'renegotiation-started',
      also: [
        'TLS: soft reset sec={seconds:int}/{secondsLimit:int} bytes={bytes:int}/{bytesLimit:int} pkts={packets:int}/{packetsLimit:int} aead_limit_send={sendLimit:word} aead_limit_recv={receiveLimit:word}',
        'TLS: soft reset sec={seconds:int} bytes={bytes:int}/{bytesLimit:int} pkts={packets:int}/{packetsLimit:int}',
      ],
    },
  ),
  killedExpiringKey: row('tls.killed-expiring-key', 'D_TLS_DEBUG_LOW', 'TLS: tls_process: killed expiring key'),
  killedExpiringSession: row('tls.killed-expiring-session', 'D_TLS_DEBUG_LOW', 'TLS: tls_multi_process: killed expiring key'),
  handshakeFailed: row('tls.handshake-failed', 'D_TLS_ERRORS', 'TLS Error: TLS handshake failed', { event: 'tls-failed' }),
  negotiationTimeout: row(
    'tls.negotiation-timeout',
    'D_TLS_ERRORS',
    'TLS Error: TLS key negotiation failed to occur within {seconds:int} seconds (check your network connectivity)',
    { event: 'tls-failed' },
  ),
  plaintextReadError: row('tls.plaintext-read-error', 'D_TLS_ERRORS', 'TLS Error: TLS object -> incoming plaintext read error'),
  plaintextWriteError: row('tls.plaintext-write-error', 'D_TLS_ERRORS', 'TLS Error: Incoming Ciphertext -> TLS object write error', {
    also: ['TLS Error: Outgoing Plaintext -> TLS object write error', 'TLS Error: Bad {what:text}'],
  }),
  bioError: row('tls.bio-error', 'D_TLS_ERRORS', 'TLS_ERROR: BIO read {function:word} error', {
    also: ['TLS_ERROR: BIO write {function:word} error'],
  }),
  library: row('tls.library', 'D_TLS_ERRORS', 'OpenSSL: {error:rest}'),
  /** The same below a warning, such as a private key that does not fit. */
  libraryWarning: row('tls.library-warning', 'M_WARN', 'OpenSSL: {error:rest}'),
  /** The same before a fatal error. */
  libraryFatal: row('tls.library-fatal', 'M_FATAL', 'OpenSSL: {error:rest}'),
  alertSent: row('tls.alert-sent', 'D_TLS_DEBUG_LOW', 'Sent {level:word} SSL alert: {alert:rest}'),
  alertReceived: row('tls.alert-received', 'D_TLS_DEBUG_LOW', 'Received {level:word} SSL alert: {alert:rest}'),
  unsupportedProtocol: row(
    'tls.unsupported-protocol',
    'D_CRYPT_ERRORS',
    'TLS error: Unsupported protocol. This typically indicates that client and server have no common TLS version enabled. This can be caused by mismatched tls-version-min and tls-version-max options on client and server. If your OpenVPN client is between v2.3.6 and v2.3.2 try adding tls-version-min 1.0 to the client configuration to use TLS 1.0+ instead of TLS 1.0 only',
  ),
  noSharedCiphersuite: row(
    'tls.no-shared-ciphersuite',
    'D_CRYPT_ERRORS',
    'TLS error: The server has no TLS ciphersuites in common with the client. Your --tls-cipher setting might be too restrictive.',
    { also: ['TLS error: The server has no TLS ciphersuites in common with the client{rest:rest}'] },
  ),
  hmacFailed: row('tls.hmac-failed', 'D_TLS_ERRORS', 'TLS Error: incoming packet authentication failed from {address:address}', {
    event: 'packet-rejected',
  }),
  hmacMissing: row('tls.hmac-missing', 'D_TLS_ERRORS', 'TLS Error: cannot locate HMAC in incoming packet from {address:address}', {
    event: 'packet-rejected',
  }),
  cryptUnwrapError: row('tls.crypt-unwrap-error', 'D_CRYPT_ERRORS', 'tls-crypt unwrap error: {reason:rest}'),
  cryptUnwrapFailed: row('tls.crypt-unwrap-failed', 'D_TLS_ERRORS', 'TLS Error: tls-crypt unwrapping failed from {address:address}', {
    event: 'packet-rejected',
  }),
  cryptV2KeyFailed: row(
    'tls.crypt-v2-key-failed',
    'D_TLS_ERRORS',
    'TLS Error: can not extract tls-crypt-v2 client key from {address:address}',
    { event: 'packet-rejected' },
  ),
  unroutable: row(
    'tls.unroutable',
    'D_TLS_ERRORS',
    'TLS Error: Unroutable control packet received from {address:address} (si={session:int} op={opcode:word})',
    { event: 'packet-rejected' },
  ),
  keysOutOfSync: row(
    'tls.keys-out-of-sync',
    'D_TLS_ERRORS',
    'TLS Error: local/remote TLS keys are out of sync: {address:address} (received key id: {keyId:int}, known key ids: {known:rest})',
    { event: 'packet-rejected', also: ['TLS Error: local/remote TLS keys are out of sync: {address:address} [{keyId:int}]'] },
  ),
  sameRole: row(
    'tls.same-role',
    'D_TLS_ERRORS',
    'TLS Error: client->client or server->server connection attempted from {address:address}',
    { event: 'packet-rejected' },
  ),
  unknownOpcode: row('tls.unknown-opcode', 'D_TLS_ERRORS', 'TLS Error: unknown opcode received from {address:address} op={opcode:int}', {
    event: 'packet-rejected',
  }),
  badAcknowledgement: row('tls.bad-acknowledgement', 'D_TLS_ERRORS', 'TLS Error: reading acknowledgement record from packet', {
    event: 'packet-rejected',
  }),
  connectFreqInitial: row(
    'tls.connect-freq-initial',
    'M_WARN',
    'Note: --connect-freq-initial {count:int} {period:int} rate limit exceeded, dropping initial handshake packets for the next {seconds:int} seconds',
    { side: 'server', event: 'rate-limited' },
  ),
  connectFreqInitialDropped: row(
    'tls.connect-freq-initial-dropped',
    'D_TLS_DEBUG_LOW',
    'Dropped {dropped:int} initial handshake packets due to --connect-freq-initial {count:int} {period:int}',
    { side: 'server', also: ['Dropped {dropped:int} initial handshake packets due to --connect-freq-initial {rest:rest}'] },
  ),
  resetChallenge: row('tls.reset-challenge', 'D_DEBUG7', 'Reset packet from client, sending HMAC based reset challenge', {
    side: 'server',
  }),
  challengeAnswered: row(
    'tls.challenge-answered',
    'D_DEBUG7',
    'Valid packet ({opcode:word}) with HMAC challenge from peer ({address:address}), accepting new connection.',
    { side: 'server' },
  ),
  contextReused: row('tls.context-reused', 'D_INIT_MEDIUM', 'Re-using SSL/TLS context'),
  controlMtu: row('tls.control-mtu', 'D_MTU_INFO', 'Control Channel MTU parms [ {parameters} ]'),
  tlsAuthMtu: row('tls.tls-auth-mtu', 'D_MTU_INFO', 'TLS-Auth MTU parms [ {parameters} ]'),
  cipherInitialised: row(
    'tls.cipher-initialised',
    'D_CIPHER_INIT',
    "{direction:word} Control Channel Encryption: Cipher '{cipher}' initialized with {bits:int} bit key",
    {
      also: [
        "{direction:word} dynamic tls-crypt: Cipher '{cipher}' initialized with {bits:int} bit key",
        "tls-crypt-v2 server key: Cipher '{cipher}' initialized with {bits:int} bit key",
      ],
    },
  ),
  hmacInitialised: row(
    'tls.hmac-initialised',
    'D_CIPHER_INIT',
    "{direction:word} Control Channel Encryption: Using {bits:int} bit message hash '{digest}' for HMAC authentication",
    {
      also: [
        "{direction:word} dynamic tls-crypt: Using {bits:int} bit message hash '{digest}' for HMAC authentication",
        "{direction:word} Control Channel Authentication: Using {bits:int} bit message hash '{digest}' for HMAC authentication",
        "tls-crypt-v2 server key: Using {bits:int} bit message hash '{digest}' for HMAC authentication",
      ],
    },
  ),
  localOptions: row('tls.local-options', 'D_SHOW_OCC', "Local Options String (VER={version:word}): '{options}'"),
  expectedOptions: row('tls.expected-options', 'D_SHOW_OCC', "Expected Remote Options String (VER={version:word}): '{options}'"),
  optionInconsistent: row(
    'tls.option-inconsistent',
    'D_SHOW_OCC',
    "WARNING: '{option}' is used inconsistently, local='{local}', remote='{remote}'",
  ),
  optionMissingLocally: row(
    'tls.option-missing-locally',
    'D_SHOW_OCC',
    "WARNING: '{option}' is present in remote config but missing in local config, remote='{remote}'",
  ),
  optionMissingRemotely: row(
    'tls.option-missing-remotely',
    'D_SHOW_OCC',
    "WARNING: '{option}' is present in local config but missing in remote config, local='{local}'",
  ),
} as const;
