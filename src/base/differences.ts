import { LOG_DIFFERENCES } from './log-differences.ts';
import { MANAGEMENT_DIFFERENCES } from './management-differences.ts';
import { MANAGEMENT_KEPT } from './management-kept.ts';

/**
 * Listed differences from stock OpenVPN: what stock does, what we do, why, and the test that holds it. Anything that
 * differs and is not here is a bug. `docs/reference/differences.md` is generated from these rows.
 */
export interface Difference {
  /** `area.what`, never changed once released. */
  readonly id: string;
  readonly area: DifferenceArea;
  readonly stock: string;
  readonly ours: string;
  readonly why: string;
  /** The test file that fails when ours changes, from the repository's root. */
  readonly test: string;
}

/** What a difference is about. */
export type DifferenceArea = 'options' | 'wire' | 'engine' | 'log' | 'status' | 'management';

/** The rows. Add yours beside its kin. */
export const DIFFERENCES: readonly Difference[] = [
  ...LOG_DIFFERENCES,
  {
    id: 'status.row-order',
    area: 'status',
    stock: 'Rows come in the order of a hash table, which changes as clients come and go.',
    ours: 'Clients are ordered by client id.',
    why: 'Two status files can be compared line by line.',
    test: 'src/status/write.test.ts',
  },
  {
    id: 'status.no-line-limit',
    area: 'status',
    stock: 'A line of 512 bytes or more ends the output without END, and leaves the status file empty until SIGHUP.',
    ours: 'Lines have no limit.',
    why: 'One client with a long user name must not take everybody out of the monitoring.',
    test: 'src/status/write.test.ts',
  },
  {
    id: 'status.cipher-before-negotiation',
    area: 'status',
    stock: 'A client without a negotiated data cipher shows the configured one, usually BF-CBC, which is never used.',
    ours: 'The column is empty.',
    why: 'A wrong cipher in a status file looks like a broken configuration.',
    test: 'src/status/write.test.ts',
  },
  ...MANAGEMENT_DIFFERENCES,
  ...MANAGEMENT_KEPT,
  {
    id: 'status.json',
    area: 'status',
    stock: 'Values are written as they are: a comma in a name moves the columns of versions 1 and 2.',
    ours: 'So they are here, and `status-format json` and `status json` give all of it in a form that no value can break.',
    why: 'Programs need not guess where a name ends.',
    test: 'src/status/json.test.ts',
  },
  {
    id: 'status.written-on-change',
    area: 'status',
    stock: 'The status file is written in its interval.',
    ours: 'It is also written when a client comes or goes, at most once a second, and at the end.',
    why: 'Who looks sees who is there.',
    test: 'test/interop/management-options.test.ts',
  },
  {
    id: 'wire.peer-info-bounded',
    area: 'wire',
    stock: 'Every line of a peer info is read and logged; one beyond 255 characters goes on as another line.',
    ours: 'The first 64 lines are read, and the first 255 characters of each; the rest is counted.',
    why: 'A peer info comes from anyone with a certificate, and must not be able to flood log and environment.',
    test: 'src/protocol/negotiate/peer-info.test.ts',
  },
  {
    id: 'wire.names-on-one-line',
    area: 'wire',
    stock: 'In names of clients the control characters of ASCII become `_`; those of Unicode stay.',
    ours: 'Both become `_`.',
    why: 'Terminals obey both, and some readers end a line at either.',
    test: 'test/contract/hostile.test.ts',
  },
  {
    id: 'engine.refusals-said-once',
    area: 'engine',
    stock: 'Each packet that is refused, and each client that `max-clients` or `connect-freq` turns away, is a line of the log.',
    ours: 'The first of a kind is said, the rest of ten seconds is one line with their number.',
    why: 'Anybody can send anything; nobody shall fill a disk by it.',
    test: 'src/engine/rejections.test.ts',
  },
  {
    id: 'engine.reload-refused',
    area: 'engine',
    stock: 'SIGHUP with a configuration, certificate or key that cannot be used ends the daemon.',
    ours: 'It is logged with file and line and counted, and the running configuration stays in force.',
    why: 'A typing error must not end every session.',
    test: 'src/daemon/app.test.ts',
  },
  {
    id: 'engine.device-kept',
    area: 'engine',
    stock: 'SIGHUP, and SIGUSR1 without `persist-tun`, close the device and open it again, and run `down` and `up`.',
    ours: 'The device stays, with its addresses and routes, unless a reload changes them; the scripts run only with `up-restart`.',
    why: 'Connections through the tunnel survive, and it works without root.',
    test: 'src/daemon/app-outlets.test.ts',
  },
  {
    id: 'engine.remap-usr1-by-the-system',
    area: 'engine',
    stock: '2.6 maps the SIGUSR1 of management clients and of its own, but not that of `kill`.',
    ours: 'Each is mapped.',
    why: 'It is what the option is documented to do.',
    test: 'src/daemon/app.test.ts',
  },
  {
    id: 'engine.down-fails',
    area: 'engine',
    stock: 'A `down` script that fails at the end makes the exit status 1.',
    ours: 'It is logged, and the end is as it was asked for.',
    why: 'Everything else was closed in order.',
    test: 'src/daemon/app-outlets.test.ts',
  },
  {
    id: 'engine.up-fails',
    area: 'engine',
    stock: 'An `up` script that fails ends the program with the line about the script and the one that it exits.',
    ours: 'Between them a line says `ERROR: the up script failed`; what had been made is taken away.',
    why: 'Whoever starts it in the background is told that line as the reason.',
    test: 'src/daemon/client/interface.test.ts',
  },
  {
    id: 'engine.keys-kept',
    area: 'engine',
    stock: 'A daemon without `persist-key` ends when its certificates or keys cannot be read at SIGUSR1.',
    ours: 'It says what is wrong, counts it as a refused reload, and goes on with those it has.',
    why: 'As with SIGHUP: a slip of the pen takes no tunnel down.',
    test: 'src/daemon/app.test.ts',
  },
  {
    id: 'options.backslash-at-line-end',
    area: 'options',
    stock:
      'In a configuration file, a backslash at the end of a line makes the line end part of the word; on the management interface it is refused.',
    ours: 'It is refused in both, in the words that the management interface uses.',
    why: 'A value with a line end in it is never what was meant.',
    test: 'src/base/tokenize.test.ts',
  },
  {
    id: 'options.place-of-wrong-values',
    area: 'options',
    stock: 'Errors about a value do not say where it stands.',
    ours: 'They end with the file and line in brackets: `--topology must be net30, p2p, or subnet (server.conf:3)`.',
    why: 'It saves the search.',
    test: 'src/options/parse.test.ts',
  },
  {
    id: 'options.whole-numbers',
    area: 'options',
    stock: 'A number that is none counts as 0 or up to its first other character: `verb x` is `verb 0`.',
    ours: 'Words that are not whole numbers, and numbers out of range, are refused with the place.',
    why: 'A typing error must not silently switch a limit or a timer off.',
    test: 'src/options/parse.test.ts',
  },
  {
    id: 'options.all-errors-at-once',
    area: 'options',
    stock: 'The first contradiction between directives ends the start; only missing files are collected.',
    ours: 'All that is wrong is said at once.',
    why: 'One try instead of many.',
    test: 'src/engine/settings-from-options.test.ts',
  },
  {
    id: 'options.topology-subnet',
    area: 'options',
    stock: 'Without a `topology` line a server gives each client a network of four addresses (net30), and warns.',
    ours: '`subnet` is used, and said once.',
    why: 'The topology net30 was made for old Windows drivers, wastes three addresses of four, and is on its way out of stock too.',
    test: 'src/engine/settings/network.test.ts',
  },
  {
    id: 'options.dev-null',
    area: 'options',
    stock: '`server` with `dev null` is refused.',
    ours: 'It runs without a device; clients reach each other with `client-to-client`.',
    why: 'A server that can be tried without root.',
    test: 'src/engine/settings/transport.test.ts',
  },
  {
    id: 'options.many-management-lines',
    area: 'options',
    stock: 'The last `management` line counts.',
    ours: 'Each one listens.',
    why: 'Many programs may watch one daemon.',
    test: 'src/engine/settings/process.test.ts',
  },
  {
    id: 'options.routes-by-address',
    area: 'options',
    stock: '`route` takes host names, and a network with host bits only fails when it is set.',
    ours: 'Names are refused; host bits are cleared.',
    why: 'A server that starts must not depend on a name server, nor start with a route missing.',
    test: 'src/engine/settings/network.test.ts',
  },
  {
    id: 'options.pool-inside-network',
    area: 'options',
    stock: '`ifconfig-pool` may lie outside the network of `ifconfig`.',
    ours: 'It is refused.',
    why: 'Such clients could not be reached.',
    test: 'src/engine/settings/network.test.ts',
  },
  {
    id: 'options.push-not-spoken',
    area: 'options',
    stock: 'Anything may be pushed, also `compress` by a server that does not compress.',
    ours: 'Options that clients would obey and this server not understand are refused.',
    why: 'Clients would connect and no packet pass.',
    test: 'src/engine/settings/network.test.ts',
  },
  {
    id: 'options.client-file-subset',
    area: 'options',
    stock: 'Client files may also set ciphers, pings, time limits and compression.',
    ours: 'These lines are named in the log and left out.',
    why: 'Only what is done is taken.',
    test: 'src/engine/client-config.test.ts',
  },
  {
    id: 'engine.goodbye-only-to-clients',
    area: 'engine',
    stock: 'With `explicit-exit-notify` the end takes two seconds though no client is connected; without it clients are not told.',
    ours: 'Without clients the server ends at once. Clients are always told to come back, and without the option have 0.3 seconds to hear it.',
    why: 'Nobody is there to wait for; and a client that is told is back before one that notices the silence.',
    test: 'test/sim/endings.test.ts',
  },
  {
    id: 'engine.route-into-the-tunnel',
    area: 'engine',
    stock: 'A `route` with a gateway outside the tunnel is set through whatever interface reaches it.',
    ours: 'It fails: routes of the server go into the tunnel.',
    why: 'A mistyped gateway must not send what belongs into the tunnel somewhere else in clear.',
    test: 'src/host/ip.test.ts',
  },
  {
    id: 'engine.route-without-gateway',
    area: 'engine',
    stock: 'Without `server` and `route-gateway`, a `route` that names no gateway is refused in the log and not set.',
    ours: 'It goes straight to the device.',
    why: 'A tunnel device needs no gateway, and nothing else can have been meant.',
    test: 'src/engine/settings/network.test.ts',
  },
  {
    id: 'engine.amounts-looked-at-each-second',
    area: 'engine',
    stock: 'A key that has carried what `reneg-bytes` or `reneg-pkts` allow is renewed by the next packet.',
    ours: 'What keys have carried is looked at once a second.',
    why: 'The data plane stays free of what only few configurations ask for, and a key is safe far beyond any such limit.',
    test: 'test/sim/renegotiation.test.ts',
  },
  {
    id: 'engine.login-kept-for-the-session',
    area: 'engine',
    stock: 'A client with `auth-nocache` asks for its password again at each renegotiation, unless it has a token.',
    ours: 'It asks again for each new session; within one, renegotiations present what was given.',
    why: 'An answer that has to be waited for would let the session die when nobody sits before it.',
    test: 'src/daemon/client/login.test.ts',
  },
  {
    id: 'engine.client-reload-refused',
    area: 'engine',
    stock: 'A client whose configuration cannot be read after SIGHUP ends.',
    ours: 'It says what is wrong and goes on with the configuration that ran.',
    why: 'A slip of the pen takes no tunnel down; servers do the same here.',
    test: 'test/interop/client-daemon.test.ts',
  },
];
