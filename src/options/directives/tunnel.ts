import { choice, directive, ignored, ip4, ip6, netmask, number, optional, prefix6, refused, rest, secs, text } from '../row.ts';

const CLIENT_ROUTES = refused('it is for clients only (however push "redirect-gateway" is fine)');

/** The device, its addresses, and the routes into it. */
export const TUNNEL = [
  directive(
    'dev',
    [text('name')],
    '`tun` for the next free device, `tun7` for that one, `null` for none at all (clients still reach each other with client-to-client).',
    { takesEffect: 'start' },
  ),
  directive('dev-type', [choice('type', ['tun', 'tap', 'null'])], 'What the device is, where its name does not begin with it.', {
    takesEffect: 'start',
  }),
  directive('dev-node', [text('path')], 'The device file, where it is not /dev/net/tun.', {
    takesEffect: 'start',
    standing: refused('devices are opened at /dev/net/tun'),
  }),
  directive('lladdr', [text('address')], 'Sets the hardware address of a tap device.', {
    pushable: true,
    standing: refused('for tap devices, which are not in this release'),
  }),
  directive(
    'topology',
    [choice('topology', ['net30', 'p2p', 'subnet'], () => '--topology must be net30, p2p, or subnet')],
    'How addresses are given out: `subnet`, one address a client. Assumed when missing, unlike stock 2.6.',
    { pushable: true, side: 'both' },
  ),
  directive(
    'ifconfig',
    [ip4('local', (value) => `ifconfig parms '${value}' must be valid addresses`), ip4('netmask')],
    'Own IPv4 address and netmask inside the tunnel, where `server` does not set them.',
    { pushable: true },
  ),
  directive(
    'ifconfig-ipv6',
    [prefix6('local/bits'), ip6('remote')],
    'Own IPv6 address inside the tunnel, where `server-ipv6` does not set it.',
    { pushable: true },
  ),
  directive('ifconfig-noexec', [], "Leaves the device's addresses to the up command.", { pushable: true }),
  directive('ifconfig-nowarn', [], "Does not warn when the peer's addresses do not fit.", {
    pushable: true,
    standing: ignored('there is no such warning'),
  }),
  directive(
    'route',
    [text('network'), optional(text('netmask')), optional(text('gateway')), optional(text('metric'))],
    "Routes an IPv4 network into the tunnel once it is up. `default` takes a parameter's default.",
    { pushable: true },
  ),
  directive(
    'route-ipv6',
    [text('network/bits'), optional(text('gateway')), optional(text('metric'))],
    'Routes an IPv6 network into the tunnel once it is up.',
    { pushable: true },
  ),
  directive('route-gateway', [text('address')], 'The gateway of routes that name none.', { pushable: true }),
  directive(
    'route-ipv6-gateway',
    [ip6('address', (value) => `route-ipv6-gateway parm '${value}' must be a valid address`)],
    'The gateway of IPv6 routes that name none.',
    { pushable: true },
  ),
  directive('route-metric', [number('metric')], 'The metric of routes that name none.', { pushable: true }),
  directive('route-delay', [optional(secs()), optional(secs('window'))], 'Waits before setting routes.', {
    pushable: true,
    standing: ignored("a server's device is up when its routes are set"),
    atClient: ignored('the device is up when its routes are set'),
  }),
  directive('route-noexec', [], 'Leaves the routes to the route-up command.'),
  directive('route-method', [text('method')], 'How Windows sets routes.', { pushable: true, standing: ignored('it is for Windows') }),
  directive('route-nopull', [], 'Takes no routes from the server.', {
    side: 'client',
    standing: refused('it is for clients only'),
  }),
  directive('max-routes', [optional(number('count'))], 'How many routes there may be.', {
    standing: ignored('it has no effect since OpenVPN 2.4'),
  }),
  directive(
    'redirect-gateway',
    [
      optional(
        rest(
          choice(
            'flag',
            ['local', 'autolocal', 'def1', 'bypass-dhcp', 'bypass-dns', 'block-local', 'ipv6', '!ipv4'],
            (value) => `unknown --redirect-gateway flag: ${value}`,
          ),
        ),
      ),
    ],
    'Sends all traffic into the tunnel.',
    { side: 'client', pushable: true, standing: CLIENT_ROUTES },
  ),
  directive(
    'redirect-private',
    [
      optional(
        rest(
          choice(
            'flag',
            ['local', 'autolocal', 'def1', 'bypass-dhcp', 'bypass-dns', 'block-local', 'ipv6', '!ipv4'],
            (value) => `unknown --redirect-private flag: ${value}`,
          ),
        ),
      ),
    ],
    'Prepares for private routes without changing the default one.',
    { side: 'client', pushable: true, standing: CLIENT_ROUTES },
  ),
  directive('block-ipv6', [], 'Answers IPv6 packets with "unreachable" instead of carrying them.', {
    pushable: true,
    standing: refused('not in this release; leave server-ipv6 out, and IPv6 is not carried'),
    atClient: refused('not in this release; block IPv6 by firewall rule'),
  }),
  directive(
    'client-nat',
    [choice('kind', ['snat', 'dnat'], () => "client-nat: type must be 'snat' or 'dnat'"), text('network'), netmask(), text('alias')],
    'Translates addresses one to one at the client.',
    {
      side: 'client',
      pushable: true,
      standing: refused('it is for clients only'),
      atClient: refused('not in this release; translate by firewall rule (nft)'),
    },
  ),
  directive('tun-ipv6', [], 'Allows IPv6 in the tunnel.', {
    pushable: true,
    clientFile: true,
    standing: ignored('IPv6 needs no leave today'),
  }),
  directive('vlan-tagging', [], 'Handles VLAN tags on a tap device.', {
    side: 'server',
    standing: refused('for tap devices, which are not in this release'),
  }),
  directive(
    'vlan-accept',
    [choice('mode', ['all', 'tagged', 'untagged'], () => "--vlan-accept must be 'tagged', 'untagged' or 'all'")],
    'Which frames a tap device takes.',
    { side: 'server', standing: refused('for tap devices, which are not in this release') },
  ),
  directive('vlan-pvid', [number('id', 1, 4094)], 'The VLAN of untagged frames.', {
    side: 'server',
    clientFile: true,
    standing: refused('for tap devices, which are not in this release'),
  }),
  directive('allow-pull-fqdn', [], 'Takes names instead of addresses from the server.', {
    side: 'client',
    standing: refused('it is for clients only'),
    atClient: refused('not in this release; let the server push addresses'),
  }),
  directive('allow-recursive-routing', [], "Lets packets to the server's own address into the tunnel.", {
    side: 'client',
    standing: ignored('a server has no such packets'),
  }),
];
