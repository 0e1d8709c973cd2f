import { choice, command, directive, host, ignored, number, optional, path, refused, rest, secs, text } from '../row.ts';

const TOOL = 'tunnelscope has commands for what OpenVPN does by these options; see tunnelscope --help';

/** The process itself: configuration files, user, environment, scripts around the device. */
export const PROCESS = [
  directive('config', [path('file')], 'Reads more directives from a file, as if they stood here. Files may include files, ten deep.', {
    takesEffect: 'parse',
    clientFile: true,
  }),
  directive('help', [], 'Shows the options and ends.', { takesEffect: 'parse' }),
  directive('version', [], 'Shows the version and ends.', { takesEffect: 'parse' }),
  directive('cd', [path('directory')], 'Changes the working directory here and now: relative paths in later directives count from it.', {
    takesEffect: 'parse',
  }),
  directive('chroot', [path('directory')], 'Locks the process into a directory after start.', {
    takesEffect: 'start',
    standing: refused('Node cannot change its root directory; confine the service with systemd (RootDirectory=, ProtectSystem=) instead'),
  }),
  directive('user', [text('user')], 'Gives up root for this user once devices and sockets are open.', { takesEffect: 'start' }),
  directive('group', [text('group')], 'Gives up the root group for this group once devices and sockets are open.', {
    takesEffect: 'start',
  }),
  directive('setcon', [text('context')], 'Applies an SELinux context after start.', {
    takesEffect: 'start',
    standing: refused('set the context in the service manager (SELinuxContext= of systemd)'),
  }),
  directive(
    'daemon',
    [optional(text('name'))],
    'Goes to the background once it is known to serve, and logs as `syslog` does. Under a service manager that waits for `ready` it stays.',
    { takesEffect: 'start' },
  ),
  directive('nice', [number('priority', -20, 19)], 'Sets the scheduling priority: above 0 is less urgent, below 0 more.', {
    takesEffect: 'start',
  }),
  directive('mlock', [], 'Keeps the memory of the process out of swap.', {
    takesEffect: 'start',
    standing: refused('Node cannot lock its memory; use encrypted swap or none (MemorySwapMax=0 of systemd)'),
  }),
  directive('writepid', [path('file')], 'Writes the process id to a file at start.', { takesEffect: 'start' }),
  directive('memstats', [path('file')], 'Keeps usage counters in a memory-mapped file.', {
    standing: refused('read the counters from the status file or the management interface'),
  }),
  directive(
    'script-security',
    [number('level', 0, 3)],
    'What may be run: 0 nothing, 1 only the tools that set up the device, 2 scripts too, 3 scripts that are also handed passwords.',
  ),
  directive(
    'setenv',
    [text('name'), optional(text('value'))],
    'Sets a variable in the environment of scripts. `setenv opt DIRECTIVE ...` gives a directive that may be unknown; `setenv FORWARD_COMPATIBLE 1` lets all unknown directives pass with a warning.',
  ),
  directive(
    'setenv-safe',
    [text('name'), optional(text('value'))],
    'Sets a variable in the environment of scripts, its name prefixed with OPENVPN_.',
    { pushable: true },
  ),
  directive('ignore-unknown-option', [rest(text('name'))], 'Lets these directives pass with a warning where they are not known.', {
    takesEffect: 'parse',
  }),
  directive('up', [command()], 'Runs a command when the device is open and configured, before root is given up.'),
  directive('down', [command()], 'Runs a command after the device is closed.'),
  directive('down-pre', [], 'Runs the down command before the device is closed instead of after.'),
  directive('up-delay', [], 'Opens the device only once the peer is there.', {
    standing: ignored('a server opens its device before any client comes'),
    side: 'client',
    atClient: ignored('a client opens its device once the server is there anyway'),
  }),
  directive('up-restart', [], 'Runs the up and down commands at every restart too.', {
    atClient: refused('not at clients in this release; without persist-tun, up and down run at every restart anyway'),
  }),
  directive('route-up', [command()], 'Runs a command after the routes are set.'),
  directive('route-pre-down', [command()], 'Runs a command before the routes are removed.', {
    standing: refused('not in this release; use down with down-pre, which runs at the same moment'),
    atClient: 'done',
  }),
  directive('ipchange', [command()], "Runs a command when the server's address is first known or changes.", {
    side: 'client',
    standing: refused('it is for clients only'),
  }),
  directive('tmp-dir', [path('directory')], 'Where files for scripts are made. Defaults to TMPDIR, then /tmp.'),
  directive('plugin', [path('module'), optional(rest(text('argument')))], 'Loads a plug-in module.', {
    takesEffect: 'start',
    standing: refused("plug-ins written for OpenVPN's C interface cannot be loaded; use scripts or the management interface"),
  }),
  directive(
    'remap-usr1',
    [choice('signal', ['SIGHUP', 'SIGTERM'], () => "--remap-usr1 parm must be 'SIGHUP' or 'SIGTERM'")],
    'Treats SIGUSR1, also when thrown inside, as this signal.',
  ),
  directive('persist-tun', [], 'Keeps the device open across restarts by SIGUSR1.', { pushable: true }),
  directive('persist-key', [], 'Keeps certificates and keys across restarts by SIGUSR1 instead of reading them again.', { pushable: true }),
  directive('persist-local-ip', [], 'Keeps the local address across restarts.', {
    standing: ignored('a server binds the same address again anyway'),
    atClient: ignored('lport and local name the own address'),
  }),
  directive('persist-remote-ip', [], "Keeps the peer's address across restarts.", {
    standing: ignored('a server has no peer of its own'),
    atClient: ignored('the address that worked is tried first anyway'),
  }),
  directive('gremlin', [number('mask')], 'Breaks packets on purpose, for stress tests.', {
    standing: refused('only for debugging OpenVPN itself'),
  }),
  directive('test-crypto', [], 'Tests the cryptography against itself and ends.', { takesEffect: 'parse', standing: refused(TOOL) }),
  directive('genkey', [optional(text('type')), optional(path('file')), optional(text('argument'))], 'Makes a key and ends.', {
    takesEffect: 'parse',
    standing: refused('use tunnelscope pki, or openvpn itself'),
  }),
  directive('mktun', [], 'Makes a device that outlives the process, and ends.', {
    takesEffect: 'parse',
    standing: refused('use ip tuntap add'),
  }),
  directive('rmtun', [], 'Removes such a device, and ends.', { takesEffect: 'parse', standing: refused('use ip tuntap del') }),
  ...['show-ciphers', 'show-digests', 'show-engines', 'show-tls', 'show-curves', 'show-groups'].map((name) =>
    directive(name, [], 'Lists what the cryptography library offers, and ends.', {
      takesEffect: 'parse',
      standing: refused('use openssl list or openssl ciphers'),
    }),
  ),
  directive('show-gateway', [optional(host('address'))], 'Shows the default route and ends.', {
    takesEffect: 'parse',
    standing: refused('use ip route get'),
  }),
  directive(
    'show-pkcs11-ids',
    [optional(path('provider')), optional(text('private'))],
    'Lists the identities on PKCS#11 tokens and ends.',
    {
      takesEffect: 'parse',
      standing: refused('PKCS#11 tokens cannot be used from Node'),
    },
  ),
  directive(
    'inactive',
    [secs(), optional(number('bytes'))],
    "Ends a client's session (at a client: the process) when fewer bytes than this (default: any) cross its tunnel in so many seconds.",
    { pushable: true, clientFile: true },
  ),
  directive('session-timeout', [secs()], "Ends a client's session after so many seconds.", { pushable: true, clientFile: true }),
];
