import { row } from './row.ts';

/**
 * What only stock writes: of features that are refused here by name, of options that have no effect in it any more, and of keys
 * and names that it reads later than we do.
 */
export const STOCK = {
  // Options.
  deprecated: row('stock.deprecated', 'M_INFO', 'DEPRECATION: {what:rest}'),
  optionDeprecated: row('stock.option-deprecated', 'M_WARN', 'WARNING: --{option:word} is DEPRECATED.  {advice:rest}'),
  optionIgnored: row('stock.option-ignored', 'M_WARN', 'Note: option {option:word} is ignored because {reason:rest}', {
    also: ['NOTICE: --{option:word} option ignored ({reason})', 'WARNING: ignoring --{option:word} because {reason:rest}'],
  }),
  curveIgnored: row(
    'stock.curve-ignored',
    'M_WARN',
    'WARNING: OpenSSL 3.0+ builds do not support specifying an ECDH curve with --ecdh-curve, using default curves. Use --tls-groups to specify groups.',
    {
      also: ['Consider setting groups/curves preference with tls-groups instead of forcing a specific curve with ecdh-curve.'],
    },
  ),
  cipherNameDeprecated: row('stock.cipher-name-deprecated', 'M_WARN', "Deprecated TLS cipher name '{name}', please use IANA name '{iana}'"),
  cipherNameUnknown: row('stock.cipher-name-unknown', 'D_LOW', "No valid translation found for TLS cipher '{name}'"),
  cipherUnknown: row('stock.cipher-unknown', 'D_LOW', "Cipher algorithm '{cipher}' not found"),
  noEncryption: row('stock.no-encryption', 'M_WARN', "WARNING: cipher 'none' specified for --data-ciphers. {advice:rest}"),
  noReplayProtection: row(
    'stock.no-replay-protection',
    'M_WARN',
    'WARNING: You have disabled Replay Protection (--no-replay) {advice:rest}',
  ),
  experimental: row('stock.experimental', 'M_WARN', 'WARNING: experimental option --{option:rest}'),
  pullWithIfconfig: row(
    'stock.pull-with-ifconfig',
    'M_WARN',
    'WARNING: using --pull/--client and --ifconfig together is probably not what you want',
  ),
  redirectTwice: row(
    'stock.redirect-twice',
    'M_WARN',
    'WARNING: You have specified redirect-gateway and redirect-private at the same time {advice:rest}',
  ),
  netmaskForPeer: row(
    'stock.netmask-for-peer',
    'M_WARN',
    'WARNING: Since you are using --dev tun with a point-to-point topology, the second argument to --ifconfig must be an IP address.  {advice:rest}',
  ),
  engineMissing: row('stock.engine-missing', 'M_WARN', 'Note: OpenSSL hardware crypto engine functionality is not available'),
  withoutTls: row(
    'stock.without-tls',
    'D_ROUTE',
    'No tls-client or tls-server option in configuration detected. Disabling data channel offload.',
  ),
  peerToPeer: row('stock.peer-to-peer', 'D_TLS_DEBUG_LOW', 'P2P mode NCP negotiation result: {text:rest}'),
  // Keys and files.
  dhUnreadable: row('stock.dh-unreadable', 'M_FATAL', 'Cannot load DH parameters from {file:rest}', { event: 'daemon-fatal' }),
  bundleUnreadable: row('stock.bundle-unreadable', 'M_FATAL', 'Error reading PKCS#12 file {file:rest}', { event: 'daemon-fatal' }),
  extraUnreadable: row('stock.extra-unreadable', 'M_FATAL', 'Error reading extra certificate', { event: 'daemon-fatal' }),
  loginUnreadable: row('stock.login-unreadable', 'M_FATAL', 'Error reading {what:word} from {type} authfile: {file:rest}', {
    event: 'daemon-fatal',
  }),
  noTerminal: row(
    'stock.no-terminal',
    'M_FATAL',
    "neither stdin nor stderr are a tty device and you have neither a controlling tty nor systemd - can't ask for '{prompt}'.  {advice:rest}",
    { event: 'daemon-fatal' },
  ),
  keyMaterialShort: row(
    'stock.key-material-short',
    'M_FATAL',
    "Insufficient key material or header text not found in file '{file}' ({found})",
    { event: 'daemon-fatal', also: ["Footer text not found in file '{file}' ({found})"] },
  ),
  keyCharacter: row(
    'stock.key-character',
    'M_FATAL',
    "Non-Hex, unprintable character ({character}) found at line {line:int} in key file '{file}' ({found})",
    { event: 'daemon-fatal', also: ["Non-Hex character ('{character}') found at line {line:int} in key file '{file}' ({found})"] },
  ),
  pemDecode: row('stock.pem-decode', 'D_CRYPT_ERRORS', 'crypto_pem_decode: {reason:rest}'),
  cipherUnsupported: row('stock.cipher-unsupported', 'M_FATAL', 'Cipher {cipher:word} not supported', { event: 'daemon-fatal' }),
  digestUnknown: row('stock.digest-unknown', 'M_FATAL', "Message hash algorithm '{digest}' not found", { event: 'daemon-fatal' }),
  providerFailed: row('stock.provider-failed', 'M_FATAL', "failed to load provider '{provider}'", { event: 'daemon-fatal' }),
  tlsListFailed: row('stock.tls-list-failed', 'M_FATAL', 'Failed to set restricted TLS cipher list: {list:rest}', {
    event: 'daemon-fatal',
    also: ['Failed to set restricted TLS 1.3 cipher list: {list:rest}', 'Failed to set allowed TLS group list: {list:rest}'],
  }),
  libraryQuiet: row('stock.library-quiet', 'M_NONFATAL', 'OpenSSL: {error:rest}'),
  libraryLow: row('stock.library-low', 'D_LOW', 'OpenSSL: {error:rest}'),
  error: row('stock.error', 'M_WARN', 'ERROR: {text:rest}'),
  systemError: row('stock.system-error', 'M_FATAL_ERRNO', 'ERROR: {text:rest}', { event: 'daemon-fatal' }),
  pushNotApplied: row('stock.push-not-applied', 'D_PUSH_ERRORS', 'ERROR: {text:rest}', { side: 'client' }),
  fileBoth: row('stock.file-both', 'M_WARN', 'Note: cannot open {file:text} for READ/WRITE'),
  // tls-crypt-v2 at a server.
  clientKeyUsed: row('stock.client-key-used', 'D_HANDSHAKE', 'Control Channel: using tls-crypt-v2 key', { side: 'server' }),
  clientKeyMissing: row('stock.client-key-missing', 'D_TLS_ERRORS', 'Can not locate tls-crypt-v2 client key', { side: 'server' }),
  serverKeyMissing: row('stock.server-key-missing', 'D_TLS_ERRORS', 'Client wants tls-crypt-v2, but no server key present.', {
    side: 'server',
  }),
  wrappingUnknown: row('stock.wrapping-unknown', 'D_TLS_ERRORS', 'TLS Error: could not determine wrapping from {address:address}', {
    side: 'server',
    event: 'packet-rejected',
  }),
  sessionIdMissing: row('stock.session-id-missing', 'D_TLS_ERRORS', 'TLS Error: session-id not found in packet from {address:address}', {
    event: 'packet-rejected',
  }),
  clientKeyRefused: row('stock.client-key-refused', 'D_HANDSHAKE', 'TLS CRYPT V2 VERIFY SCRIPT ERROR', { side: 'server' }),
  tlsErrorEnds: row('stock.tls-error-ends', 'D_STREAM_ERRORS', 'Fatal TLS error (check_tls_errors_co), restarting'),
  // A server and its clients.
  deferredFailed: row('stock.deferred-failed', 'M_INFO', 'MULTI: deferred --client-connect script returned {result:word}', {
    side: 'server',
  }),
  deferredUnknown: row('stock.deferred-unknown', 'M_WARN', 'WARNING: Unknown/unexpected value in deferred client-connect resultfile', {
    side: 'server',
  }),
  pendingShort: row('stock.pending-short', 'M_WARN', 'auth pending control file is not at least three lines long.', { side: 'server' }),
  poolOutOfRange: row(
    'stock.pool-out-of-range',
    'M_WARN',
    'pool: {family:word} ({address:ip}) out of pool range for CN={commonName:rest}',
    {
      side: 'server',
    },
  ),
  poolSet: row('stock.pool-set', 'M_INFO', 'succeeded -> ifconfig_pool_set(hand={index:int})', { side: 'server' }),
  pushRemoved: row('stock.push-removed', 'D_PUSH', "PUSH_REMOVE '{option}'", { side: 'server' }),
  addressOutside: row(
    'stock.address-outside',
    'D_MULTI_ERRORS',
    'MULTI ERROR: primary virtual IP for {client} ({address:ip}) violates tunnel network/netmask constraint ({network:rest}',
    { side: 'server' },
  ),
  staleRoutes: row('stock.stale-routes', 'M_INFO', 'Initializing stale route check timer to run every {text:rest}', { side: 'server' }),
  floatRequested: row('stock.float-requested', 'D_MULTI_MEDIUM', 'Float requested for peer {peerId:int} to {address:text}', {
    side: 'server',
  }),
  badPush: row('stock.bad-push', 'D_PUSH_ERRORS', 'WARNING: Received bad push/pull message: {message:rest}', { side: 'client' }),
  interfaceNotOpened: row('stock.interface-not-opened', 'D_PUSH_ERRORS', 'Failed to open tun/tap interface', {
    side: 'client',
    event: 'interface-failed',
  }),
  managementEnds: row('stock.management-ends', 'M_WARN', 'Signal received from management interface, exiting'),
  managementSocketFailed: row(
    'stock.management-socket-failed',
    'M_FATAL_ERRNO',
    'MANAGEMENT: Socket bind[{fd:int}] failed on unix domain socket {path:text}: {reason} (errno={errno:int})',
    { event: 'listen-failed' },
  ),
  // The system.
  addressNotDeleted: row('stock.address-not-deleted', 'M_WARN', "Linux can't del IP from iface {device:word}", {
    also: ["Linux can't del IPv6 from iface {device:word}"],
  }),
  deviceGone: row(
    'stock.device-gone',
    'M_WARN_ERRNO',
    '{function:word}: rtnl: cannot get ifindex for {device:word}: {reason} (errno={errno:int})',
  ),
  ipv6RouteHopeless: row(
    'stock.ipv6-route-hopeless',
    'M_INFO',
    'WARNING: OpenVPN was configured to add an IPv6 route. However, no IPv6 has been configured for {device:word}, {advice:rest}',
  ),
  memoryLocked: row('stock.memory-locked', 'M_INFO', 'mlock: {text:rest}'),
  boundToDevice: row('stock.bound-to-device', 'M_INFO', 'Using bind-dev {device:rest}'),
  notBoundToDevice: row(
    'stock.not-bound-to-device',
    'M_WARN_ERRNO',
    'WARN: setsockopt SO_BINDTODEVICE={device:word} failed: {reason} (errno={errno:int})',
  ),
  queueLength: row('stock.queue-length', 'D_OSBUF', 'TUN/TAP TX queue length set to {length:int}'),
  // Compression, fragments, shaping, tests.
  compressionRefused: row(
    'stock.compression-refused',
    'D_PUSH_ERRORS',
    "Compression is not allowed since allow-compression is set to 'stub-only'",
  ),
  compressionAdvice: row('stock.compression-advice', 'D_ROUTE', "Consider using the '--compress migrate' option."),
  compressionWarned: row('stock.compression-warned', 'M_WARN', 'WARNING: Compression for {which} enabled. {advice:rest}'),
  compressionBegins: row('stock.compression-begins', 'D_INIT_MEDIUM', '{algorithm:word} compression initializing'),
  fragmentMtu: row('stock.fragment-mtu', 'D_MTU_INFO', 'Fragmentation MTU parms [ {parameters} ]'),
  fragmentError: row('stock.fragment-error', 'D_FRAG_ERRORS', 'FRAG_IN error {text:rest}'),
  fragmentWarned: row('stock.fragment-warned', 'M_WARN', 'WARNING: if you use --mssfix and --fragment, you should {advice:rest}'),
  mtuTestBegins: row(
    'stock.mtu-test-begins',
    'M_INFO',
    'NOTE: Beginning empirical MTU test -- results should be available in 3 to 4 minutes.',
  ),
  shaping: row('stock.shaping', 'M_INFO', 'Output Traffic Shaping initialized at {rate:int} bytes per second'),
  flooding: row('stock.flooding', 'D_GREMLIN', 'GREMLIN_FLOOD_CLIENTS: {text:rest}'),
  natList: row('stock.nat-list', 'D_SHOW_PARMS', '*** CNAT list', { also: ['  CNAT[{index:int}] {text:rest}'] }),
  // Plugins, shared ports, memory statistics.
  pluginSays: row('stock.plugin-says', 'M_INFO_PLAIN', 'PLUGIN {plugin:word}: {text:rest}'),
  pluginCalled: row('stock.plugin-called', 'D_PLUGIN', 'PLUGIN_CALL: POST {text:rest}', { also: ['PLUGIN_INIT: POST {text:rest}'] }),
  pluginClosed: row('stock.plugin-closed', 'D_PLUGIN', 'PLUGIN_CLOSE: {file:rest}'),
  pluginFailed: row(
    'stock.plugin-failed',
    'M_WARN',
    'PLUGIN_CALL: plugin function {function:word} failed with status {status:int}: {file:rest}',
  ),
  pluginMissing: row('stock.plugin-missing', 'M_FATAL_ERRNO', 'PLUGIN_INIT: could not load plugin shared object {text:rest}', {
    event: 'daemon-fatal',
  }),
  portShareStarts: row('stock.port-share-starts', 'D_PS_PROXY', 'PORT SHARE PROXY: proxy starting'),
  portShareEnds: row('stock.port-share-ends', 'M_INFO', 'PORT SHARE PROXY: proxy exiting'),
  memoryStatistics: row('stock.memory-statistics', 'M_INFO', 'memstats data will be written to {file:rest}'),
  memoryStatisticsFailed: row('stock.memory-statistics-failed', 'M_FATAL_ERRNO', 'mstats_open: {text:rest}', { event: 'daemon-fatal' }),
} as const;
