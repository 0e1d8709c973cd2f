import { row } from './row.ts';

/** Start, signals, restart and end of a daemon (facts: logging 11, 13). */
export const START = {
  version: row('start.version', 'M_INFO', 'OpenVPN {version:version} {rest:rest}', { event: 'daemon-started' }),
  ourVersion: row('start.our-version', 'M_INFO', 'Tunnelscope {version:version} {rest:rest}', { event: 'daemon-started' }),
  libraryVersions: row('start.library-versions', 'M_INFO', 'library versions: {versions:rest}'),
  dcoVersion: row('start.dco-version', 'M_INFO', 'DCO version: {version:rest}'),
  cipherNotSet: row(
    'start.cipher-not-set',
    'M_INFO',
    "Note: --cipher is not set. OpenVPN versions before 2.5 defaulted to BF-CBC as fallback when cipher negotiation failed in this case. If you need this fallback please add '--data-ciphers-fallback BF-CBC' to your configuration and/or add BF-CBC to --data-ciphers.",
  ),
  kernelSupportMissing: row(
    'start.kernel-support-missing',
    'D_ROUTE',
    'Note: Kernel support for {module:word} missing, disabling data channel offload.',
    { also: ['Note: Kernel support for {module:word} missing, disabling data channel offload{rest:rest}'] },
  ),
  dcoDisabled: row('start.dco-disabled', 'D_ROUTE', 'Note: {why:text}, disabling data channel offload.', {
    also: ['Note: {why:text} disables data channel offload.'],
  }),
  fileAccessible: row('start.file-accessible', 'M_WARN', "WARNING: file '{file}' is group or others accessible"),
  fileStatFailed: row('start.file-stat-failed', 'M_WARN_ERRNO', "WARNING: cannot stat file '{file}': {reason} (errno={errno:int})"),
  scriptSecurity: row(
    'start.script-security',
    'M_WARN',
    'NOTE: the current --script-security setting may allow this configuration to call user-defined scripts',
  ),
  duplicateCnWithPool: row('start.duplicate-cn-with-pool', 'M_WARN', 'WARNING: --ifconfig-pool-persist will not work with --duplicate-cn'),
  duplicateCnWithClientFiles: row(
    'start.duplicate-cn-with-client-files',
    'M_WARN',
    'WARNING: using --duplicate-cn and --client-config-dir together is probably not what you want',
  ),
  keepaliveMissing: row('start.keepalive-missing', 'M_WARN', 'WARNING: --keepalive option is missing from server config'),
  notPersistent: row(
    'start.not-persistent',
    'M_WARN',
    'WARNING: you are using user/group/chroot/setcon without {option:word} -- this may cause restarts to fail',
  ),
  userUnknown: row('start.user-unknown', 'M_FATAL_ERRNO', 'failed to find UID for user {user:rest}', { event: 'daemon-fatal' }),
  groupUnknown: row('start.group-unknown', 'M_FATAL_ERRNO', 'failed to find GID for group {group:rest}', { event: 'daemon-fatal' }),
  certificateExpired: row('start.certificate-expired', 'M_WARN', 'WARNING: Your certificate has expired!'),
  certificateNotYetValid: row('start.certificate-not-yet-valid', 'M_WARN', 'WARNING: Your certificate is not yet valid!'),
  protocolUndetermined: row('start.protocol-undetermined', 'M_WARN', 'Could not determine IPv4/IPv6 protocol. Using {family:word}', {
    side: 'server',
  }),
  groupSet: row('start.group-set', 'M_INFO', 'GID set to {group:rest}'),
  niceSet: row('start.nice-set', 'M_INFO', 'nice {by:int} succeeded'),
  niceFailed: row('start.nice-failed', 'M_WARN_ERRNO', 'WARNING: nice {by:int} failed: {reason:rest}'),
  userSet: row('start.user-set', 'M_INFO', 'UID set to {user:rest}'),
  capabilities: row('start.capabilities', 'M_INFO', 'Capabilities retained: {names:rest}'),
  chrootDone: row('start.chroot-done', 'M_INFO', "chroot to '{directory}' and cd to '/' succeeded"),
  initComplete: row('start.init-complete', 'M_INFO', 'Initialization Sequence Completed', { event: 'daemon-ready' }),
  initCompleteWithErrors: row('start.init-complete-with-errors', 'M_INFO', 'Initialization Sequence Completed With Errors', {
    event: 'daemon-ready',
  }),
  passwordWaiting: row('start.password-waiting', 'D_MANAGEMENT', 'Need password(s) from management interface, waiting...'),
  holdWaiting: row('start.hold-waiting', 'D_MANAGEMENT', 'Need hold release from management interface, waiting...'),
  eventWaitInterrupted: row(
    'start.event-wait-interrupted',
    'D_LINK_ERRORS',
    'event_wait : Interrupted system call (fd={fd:int},code={code:int})',
    { also: ['event_wait : Interrupted system call (code={code:int})'] },
  ),
  processExiting: row('start.process-exiting', 'M_INFO', '{signal:signal}[{source},{reason}] received, process exiting', {
    event: 'daemon-exiting',
  }),
  processRestarting: row('start.process-restarting', 'M_INFO', '{signal:signal}[{source},{reason}] received, process restarting', {
    event: 'daemon-restarting',
  }),
  restartPause: row('start.restart-pause', 'D_RESTART', 'Restart pause, {seconds:int} second(s)'),
  fatalExit: row('start.fatal-exit', 'M_INFO', 'Exiting due to fatal error', { event: 'daemon-fatal' }),
  fatal: row('start.fatal', 'M_FATAL', 'ERROR: {text:rest}', { event: 'daemon-fatal' }),
  assertionFailed: row('start.assertion-failed', 'M_FATAL', 'Assertion failed at {where:word} ({condition})', { event: 'daemon-fatal' }),
  optionsError: row('start.options-error', 'M_USAGE', 'Options error: {text:rest}', { event: 'option-error' }),
  optionsErrorErrno: row(
    'start.options-error-errno',
    'M_OPTION_ERRNO',
    "Options error: {option:text} fails with '{file}': {reason} (errno={errno:int})",
    {
      event: 'option-error',
    },
  ),
  usageHint: row('start.usage-hint', 'M_USAGE_HINT', 'Use --help for more information.'),
  optionDeprecated: row('start.option-deprecated', 'M_WARN', 'DEPRECATED OPTION: {text:rest}', {
    also: ['DEPRECATED: {text:rest}', 'WARNING: DEPRECATED OPTION: {text:rest}'],
  }),
  topologyNet30: row('start.topology-net30', 'M_WARN', 'WARNING: --topology net30 support {text:rest}'),
  parametersBegin: row('start.parameters-begin', 'D_SHOW_PARMS', 'Current Parameter Settings:'),
  profilesBegin: row('start.profiles-begin', 'D_SHOW_PARMS', 'Connection profiles [{index:int}]:', {
    also: ['Connection profiles [default]:'],
  }),
  profilesEnd: row('start.profiles-end', 'D_SHOW_PARMS', 'Connection profiles END'),
  parameter: row('start.parameter', 'D_SHOW_PARMS', '  {name:word} = {value:rest}'),
  parameterOther: row('start.parameter-other', 'D_SHOW_PARMS', '  {text:rest}'),
  muteTriggered: row('start.mute-triggered', 'M_MUTE_NOTICE', 'NOTE: --mute triggered...'),
  muteSummary: row(
    'start.mute-summary',
    'M_MUTE_NOTICE',
    '{count:int} variation(s) on previous {limit:int} message(s) suppressed by --mute',
  ),
  daemonTwice: row(
    'start.daemon-twice',
    'M_WARN',
    'WARNING: Multiple --daemon directives specified, ignoring --daemon {name:text}. (Note that initscripts sometimes add their own --daemon directive.)',
  ),
  echo: row('start.echo', 'M_INFO', 'ECHO:{text:rest}'),
  echoPulled: row('start.echo-pulled', 'M_INFO', 'ECHO-PULL:{text:rest}', { side: 'client' }),
  echoOverflow: row('start.echo-overflow', 'M_WARN', 'echo/parameter option overflow'),
  logRedirectFailed: row(
    'start.log-redirect-failed',
    'M_WARN_ERRNO',
    'Warning: Error redirecting stdout/stderr to --log file: {file:text}: {reason} (errno={errno:int})',
    { also: ['Warning: Error redirecting stdout/stderr to --log file: {text:rest}'] },
  ),
  pidFile: row('start.pid-file', 'M_FATAL_ERRNO', 'Open error on pid file {file:text}: {reason} (errno={errno:int})', {
    event: 'daemon-fatal',
  }),
  certificateLoadFailed: row('start.certificate-load-failed', 'M_FATAL', 'Cannot load certificate file {file:rest}', {
    event: 'daemon-fatal',
  }),
  caLoadFailed: row('start.ca-load-failed', 'M_FATAL', 'Cannot load CA certificate file {file:rest}', { event: 'daemon-fatal' }),
  privateKeyLoadFailed: row('start.private-key-load-failed', 'M_WARN', 'Cannot load private key file {file:rest}'),
  privateKeyMismatch: row('start.private-key-mismatch', 'M_FATAL', 'Private key does not match the certificate', {
    event: 'daemon-fatal',
  }),
  privateKeyPassword: row('start.private-key-password', 'M_FATAL', 'Error: private key password verification failed', {
    event: 'daemon-fatal',
  }),
} as const;
