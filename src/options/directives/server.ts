import {
  choice,
  command,
  directive,
  host,
  ignored,
  ip4,
  netmask,
  number,
  optional,
  path,
  port,
  prefix6,
  refused,
  rest,
  secs,
  text,
} from '../row.ts';

const parsing = (name: string) => () => `error parsing --${name} parameters`;
const badPush4 = () => 'cannot parse --ifconfig-push addresses';
const badPush6 = () => 'cannot parse --ifconfig-ipv6-push addresses';
const CLIENT_FILE = { side: 'server', clientFile: true, takesEffect: 'client file' } as const;
const SERVER = { side: 'server' } as const;

/** What only a server of many clients has. */
export const SERVER_SIDE = [
  directive(
    'mode',
    [choice('mode', ['p2p', 'server'], (value) => `Bad --mode parameter: ${value}`)],
    '`server` serves many clients; `server` and `server-ipv6` imply it.',
  ),
  directive(
    'server',
    [
      ip4('network', parsing('server')),
      netmask('netmask', parsing('server')),
      optional(choice('nopool', ['nopool'], (value) => `error parsing --server: ${value} is not a recognized flag`)),
    ],
    "Serves clients from this network: the first address is the server's, the others are given out (unless `nopool`).",
    SERVER,
  ),
  directive(
    'server-ipv6',
    [prefix6('network/bits', () => 'error parsing --server-ipv6 parameter')],
    'Also gives out IPv6 addresses from this network.',
    SERVER,
  ),
  directive(
    'server-bridge',
    [optional(text('gateway')), optional(text('netmask')), optional(text('pool-start')), optional(text('pool-end'))],
    'Serves clients of a bridged tap device.',
    { side: 'server', pushable: true, standing: refused('for tap devices, which are not in this release') },
  ),
  directive(
    'ifconfig-pool',
    [ip4('first', parsing('ifconfig-pool')), ip4('last', parsing('ifconfig-pool')), optional(netmask('netmask', parsing('ifconfig-pool')))],
    'The IPv4 addresses to give out, where `server` does not set them.',
    SERVER,
  ),
  directive(
    'ifconfig-ipv6-pool',
    [prefix6('first/bits', () => 'error parsing --ifconfig-ipv6-pool parameters')],
    'The IPv6 addresses to give out, where `server-ipv6` does not set them.',
    SERVER,
  ),
  directive(
    'ifconfig-pool-persist',
    [path('file'), optional(secs())],
    'Remembers in a file which name had which address; written every 600 seconds or as given, never with 0.',
    SERVER,
  ),
  directive(
    'ifconfig-push',
    [ip4('address', badPush4), ip4('netmask', badPush4), optional(text('alias'))],
    'Gives the client this address.',
    CLIENT_FILE,
  ),
  directive('ifconfig-push-constraint', [ip4('network'), netmask()], 'Limits what ifconfig-push may give.', {
    side: 'server',
    standing: refused('not in this release; check the client files instead'),
  }),
  directive(
    'ifconfig-ipv6-push',
    [prefix6('address/bits', badPush6), optional(text('remote'))],
    'Gives the client this IPv6 address.',
    CLIENT_FILE,
  ),
  directive(
    'iroute',
    [text('network'), optional(text('netmask'))],
    'A network that lies behind this client. The system also needs a `route` to it into the tunnel.',
    CLIENT_FILE,
  ),
  directive('iroute-ipv6', [text('network/bits')], 'An IPv6 network that lies behind this client.', CLIENT_FILE),
  directive('disable', [], 'Refuses this client.', CLIENT_FILE),
  directive('push', [text('directive')], 'Sends a directive to clients when they connect.', { side: 'server', clientFile: true }),
  directive('push-reset', [], 'Sends this client none of the directives of the main configuration.', CLIENT_FILE),
  directive('push-remove', [text('prefix')], 'Sends this client no directive of the main configuration that begins so.', CLIENT_FILE),
  directive('client-to-client', [], 'Lets clients reach each other inside the server, without passing the system.', SERVER),
  directive('duplicate-cn', [], 'Lets clients of the same name be connected at the same time.', SERVER),
  directive(
    'client-config-dir',
    [path('directory')],
    'A directory with a file for each client, named as its certificate (or DEFAULT), read when it connects.',
    SERVER,
  ),
  directive('ccd-exclusive', [], 'Refuses clients that have no such file.', SERVER),
  directive(
    'client-connect',
    [command()],
    'Runs a command when a client has logged in. It may refuse it, and write directives for it to the file named last on its command line.',
    SERVER,
  ),
  directive('client-disconnect', [command()], 'Runs a command when a client has gone.', SERVER),
  directive('client-crresponse', [command()], 'Runs a command when a client answers a challenge.', {
    side: 'server',
    standing: refused('challenges are not in this release'),
  }),
  directive(
    'learn-address',
    [command()],
    'Runs a command when an address is added for a client, changed or deleted; it may refuse it.',
    SERVER,
  ),
  directive(
    'max-clients',
    [
      number('count', 1, 16_777_214, (value) =>
        Number(value) < 1 ? '--max-clients must be at least 1' : '--max-clients must be less than 16777215',
      ),
    ],
    'How many clients may be connected. Default 1024.',
    SERVER,
  ),
  directive(
    'max-routes-per-client',
    [number('count', Number.MIN_SAFE_INTEGER)],
    'How many networks may lie behind one client. Default 256.',
    { side: 'server', clientFile: true },
  ),
  directive('connect-freq', [number('count'), secs()], 'At most so many new clients in so many seconds.', SERVER),
  directive(
    'connect-freq-initial',
    [number('count'), secs()],
    'At most so many answers to first packets in so many seconds. Default 100 in 10.',
    SERVER,
  ),
  directive(
    'stale-routes-check',
    [number('age', 1, 0x7fff_ffff, () => '--stale-routes-check aging time and check interval must be >= 1'), optional(secs('interval', 1))],
    'Forgets learned addresses that were not used for so long.',
    { side: 'server', standing: ignored('addresses are never learned from packets on a tun device') },
  ),
  directive(
    'explicit-exit-notify',
    [optional(number('value'))],
    'When the server ends, tells UDP clients to connect again (1) or to go to their next server (2).',
    { pushable: true },
  ),
  directive(
    'port-share',
    [host('address'), port(), optional(path('directory'))],
    'Hands TCP connections that are not OpenVPN to another server.',
    { side: 'server', standing: refused('not in this release; put a proxy in front that tells the protocols apart') },
  ),
  directive('opt-verify', [], 'Refuses clients whose options do not fit.', {
    side: 'server',
    standing: ignored('what has to fit is negotiated'),
  }),
  directive(
    'auth-user-pass-verify',
    [
      command(),
      optional(choice('method', ['via-env', 'via-file'], () => "second parm to --auth-user-pass-verify must be 'via-env' or 'via-file'")),
    ],
    'Runs a command to check names and passwords, given in the environment (via-env, needs script-security 3) or in a file named last on its command line (via-file).',
    SERVER,
  ),
  directive('auth-user-pass-optional', [], 'Lets clients in that give no name and password.', SERVER),
  directive('username-as-common-name', [], 'Calls clients by the name that they log in with.', SERVER),
  directive(
    'verify-client-cert',
    [
      optional(
        choice('mode', ['none', 'optional', 'require'], () => "parameter to --verify-client-cert must be 'none', 'optional' or 'require'"),
      ),
    ],
    'Whether clients need a certificate. Default `require`.',
    SERVER,
  ),
  directive('client-cert-not-required', [], 'The old name of verify-client-cert none.', {
    side: 'server',
    standing: refused("REMOVED OPTION: --client-cert-not-required, use '--verify-client-cert none' instead"),
  }),
  directive(
    'auth-gen-token',
    [optional(secs('lifetime')), optional(secs('renewal')), optional(rest(text('external-auth')))],
    'Gives clients a token in place of their password, so that renegotiations ask nobody. It ends after `lifetime` (default: never) and is renewed every `renewal` (default: reneg-sec).',
    SERVER,
  ),
  directive('auth-gen-token-secret', [path('file')], 'The key that tokens are made with, so that they outlive a restart of the server.', {
    side: 'server',
    inline: true,
    takesEffect: 'SIGHUP',
  }),
  directive('no-name-remapping', [], 'Took names as they came.', { side: 'server', standing: refused('it was removed in OpenVPN 2.5') }),
  directive('compat-names', [optional(rest(text('more')))], 'Printed names in an old form.', {
    side: 'server',
    standing: refused('it was removed in OpenVPN 2.5'),
  }),
];
