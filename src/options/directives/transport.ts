import { bytes, choice, directive, host, ignored, number, optional, port, refused, rest, secs, text } from '../row.ts';

const PROTOCOLS = [
  'proto-uninitialized',
  'udp',
  'tcp-server',
  'tcp-client',
  'tcp',
  'udp4',
  'tcp4-server',
  'tcp4-client',
  'tcp4',
  'udp6',
  'tcp6-server',
  'tcp6-client',
  'tcp6',
];
const badProtocol = (value: string) =>
  `Bad protocol: '${value}'. Allowed protocols with --proto option: ${PROTOCOLS.map((each) => `[${each}]`).join(' ')}`;
const COMPRESSION = refused('compression inside a VPN leaks what is encrypted; take it out here and at the clients');
const FRAGMENT = refused('the fragment header is not spoken; use mssfix, and let IP fragment the rest');
const NO_BROADCAST = ignored('packets for many clients are sent at once, none waits');

/** Sockets and packets outside the tunnel. */
export const TRANSPORT = [
  directive('local', [host('address')], 'The address to listen on, or to connect from. Default: all.', { takesEffect: 'SIGUSR1' }),
  directive('port', [port()], 'The port to listen on, or to connect to. Default 1194.'),
  directive('lport', [port()], 'The own port, where it differs from the other one.'),
  directive(
    'bind',
    [optional(text('ipv6only'))],
    'Binds the local address, as servers always do. `ipv6only` keeps IPv4 off an IPv6 socket.',
  ),
  directive(
    'proto',
    [choice('protocol', PROTOCOLS, badProtocol)],
    'udp or tcp-server (also tcp), with a 4 (udp4, tcp4-server) for IPv4 alone; a 6 listens on IPv6 and takes IPv4 too.',
  ),
  directive(
    'proto-force',
    [choice('protocol', ['udp', 'tcp'], (value) => `Bad --proto-force protocol: '${value}'`)],
    'Considers only server entries of this protocol.',
    { side: 'client', atClient: 'done', standing: ignored('a server has one protocol') },
  ),
  directive('bind-dev', [text('device'), optional(rest(text('more')))], 'Binds the socket to a network device or VRF.', {
    standing: refused('not in this release; start the process in the VRF (ip vrf exec)'),
  }),
  directive('multihome', [], 'Answers UDP packets from the address that they came to.', {
    standing: refused('not in this release; listen on one address (local), or run a server per address'),
  }),
  directive('mark', [number('mark')], 'Marks outgoing packets for policy routing.', {
    standing: refused('not in this release; mark packets by firewall rule (owner or cgroup match)'),
  }),
  directive('sndbuf', [bytes()], "Size of the sockets' send buffers. Default: the system's.", { pushable: true }),
  directive('rcvbuf', [bytes()], "Size of the sockets' receive buffers. Default: the system's.", { pushable: true }),
  directive(
    'socket-flags',
    [optional(rest(choice('flag', ['TCP_NODELAY'], (value) => `unknown socket flag: ${value}`)))],
    'TCP_NODELAY sends small packets at once.',
    { pushable: true, clientFile: true, standing: ignored('TCP connections always send at once') },
  ),
  directive('tcp-nodelay', [], 'Sends small packets at once on TCP, here and at the clients.', {
    side: 'server',
    atClient: ignored('TCP connections always send at once'),
  }),
  directive(
    'tcp-queue-limit',
    [number('packets', 1, 1_000_000, () => '--tcp-queue-limit parameter must be > 0')],
    'How many packets may wait for one slow TCP client.',
    { side: 'server', standing: ignored('the bound is fixed, at a size that fits all') },
  ),
  directive('fast-io', [], 'Skips a system call for each packet sent.', { standing: ignored('packets are never polled for first') }),
  directive('float', [], 'Lets peers change their address.', {
    standing: ignored('clients of a server may always change it'),
    atClient: ignored("packets are taken from the server's address alone"),
  }),
  directive('passtos', [], 'Copies the type of service of inner packets to the outer ones.', {
    standing: ignored('packets travel all the same, without the mark'),
  }),
  directive(
    'mtu-disc',
    [choice('mode', ['no', 'maybe', 'yes'], (value) => `invalid --mtu-disc type: '${value}' -- valid types are 'yes', 'maybe', or 'no'`)],
    'Whether outer packets may be fragmented.',
    { standing: ignored("outer packets follow the system's setting") },
  ),
  directive('mtu-test', [], 'Measures the path MTU at start.', {
    side: 'client',
    standing: ignored('a server measures nothing'),
    atClient: refused('not in this release; measure with ping -M do'),
  }),
  directive('tun-mtu', [number('bytes', 100, 65535), optional(number('occ', 100, 65535))], 'The MTU of the device. Default 1500.', {
    pushable: true,
  }),
  directive(
    'tun-mtu-max',
    [number('bytes', 68, 65536, (value) => `--tun-mtu-max value '${value}' is invalid`), optional(text('more'))],
    'The largest MTU that can be negotiated.',
    { standing: ignored('tun-mtu is used as it is') },
  ),
  directive('tun-mtu-extra', [number('bytes', 0, 65535)], "How much larger than its MTU the device's packets may be.", {
    standing: ignored('packets of a tun device keep to its MTU'),
  }),
  directive('link-mtu', [number('bytes')], "The largest outer packet, from which the device's MTU is reckoned.", {
    standing: refused('set tun-mtu instead'),
  }),
  directive('udp-mtu', [number('bytes')], 'The same as link-mtu.', { standing: refused('set tun-mtu instead') }),
  directive(
    'fragment',
    [
      number('bytes', 68, 65535, () => '--fragment needs to be at least 68'),
      optional(choice('mtu', ['mtu'], (value) => `Unknown parameter to --fragment: ${value}`)),
    ],
    'Splits large packets inside the protocol.',
    { standing: FRAGMENT },
  ),
  directive(
    'mssfix',
    [optional(number('bytes', 0, 65535)), optional(choice('flag', ['mtu', 'fixed'], (value) => `Unknown parameter to --mssfix: ${value}`))],
    'Lowers the segment size that inner TCP connections agree on, so that outer packets stay within so many bytes (with `mtu` IP and UDP headers count too, with `fixed` the number is the segment size itself). 0 leaves it. Default: 1492 mtu.',
  ),
  directive('max-packet-size', [number('bytes')], 'The largest control packet, headers included: 154 to 2048, default 1250.'),
  directive(
    'shaper',
    [number('bytes', 100, 100_000_000, () => 'Bad shaper value, must be between 100 and 100000000')],
    'Limits outgoing bytes a second.',
    {
      side: 'client',
      pushable: true,
      standing: refused('it is for clients only'),
      atClient: refused('not in this release; shape the device (tc)'),
    },
  ),
  directive('txqueuelen', [number('packets')], "Length of the device's send queue.", {
    standing: ignored("the device keeps the system's default"),
  }),
  directive('bcast-buffers', [number('count')], 'How many broadcast packets may wait.', { side: 'server', standing: NO_BROADCAST }),
  directive(
    'hash-size',
    [
      number('real', 1, 1_000_000_000, () => '--hash-size sizes must be >= 1 (preferably a power of 2)'),
      number('virtual', 1, 1_000_000_000, () => '--hash-size sizes must be >= 1 (preferably a power of 2)'),
    ],
    "Sizes of the server's tables.",
    { side: 'server', standing: ignored('tables grow by themselves') },
  ),
  directive('disable-dco', [optional(rest(text('more')))], 'Keeps data packets out of the kernel module.', {
    standing: ignored('the kernel module is never used'),
  }),
  directive(
    'keepalive',
    [number('interval', Number.MIN_SAFE_INTEGER), number('timeout', Number.MIN_SAFE_INTEGER)],
    'Pings so often, and takes a peer for gone after so many seconds of silence: sets ping and ping-restart for both ends (this end waits twice as long).',
    { side: 'server', atClient: 'done' },
  ),
  directive('ping', [secs()], 'Sends a ping when nothing else was sent for so many seconds.', { pushable: true, clientFile: true }),
  directive('ping-exit', [secs()], 'Ends after so many seconds without a packet.', {
    pushable: true,
    clientFile: true,
    standing: refused('for a server it would end the session of a silent client; ping-restart does the same'),
    atClient: 'done',
  }),
  directive('ping-restart', [secs()], 'Takes a peer for gone after so many seconds without a packet.', {
    pushable: true,
    clientFile: true,
  }),
  directive('ping-timer-rem', [], "Counts silence only once the peer's address is known.", {
    pushable: true,
    clientFile: true,
    standing: ignored('the address of a client is always known'),
    atClient: ignored('a client counts from its first packet on'),
  }),
  directive('compress', [optional(text('algorithm'))], 'Compresses packets.', { pushable: true, clientFile: true, standing: COMPRESSION }),
  directive(
    'comp-lzo',
    [optional(choice('mode', ['yes', 'no', 'adaptive'], (value) => `bad comp-lzo option: ${value} -- must be 'yes', 'no', or 'adaptive'`))],
    'Compresses packets in an old way.',
    { pushable: true, clientFile: true, standing: COMPRESSION },
  ),
  directive('comp-noadapt', [], 'Compresses always.', { pushable: true, clientFile: true, standing: COMPRESSION }),
  directive(
    'allow-compression',
    [choice('mode', ['no', 'asym', 'yes'], (value) => `bad allow-compression option: ${value} -- must be 'yes', 'no', or 'asym'`)],
    'Whether compression may be used: only `no` here.',
  ),
  directive('peer-id', [number('id')], 'The number that a server gives to a client.', {
    side: 'client',
    pushable: true,
    standing: ignored('a server gives the numbers'),
    atClient: ignored('the server gives it'),
  }),
];
