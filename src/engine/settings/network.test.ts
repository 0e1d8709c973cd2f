import { describe, expect, it } from 'vitest';
import { accepted, BASE, refused, SERVER, texts } from '../../../test/support/configuration.ts';
import { formatIp } from '../../base/ip.ts';
import type { AddressRange } from '../settings.ts';

const range = (pool: AddressRange | undefined) => pool && `${formatIp(pool.first)} ${formatIp(pool.last)} /${pool.bits}`;

describe('addresses', () => {
  it.each([
    ['10.8.0.0 255.255.255.0', '10.8.0.1', '10.8.0.2 10.8.0.254 /24'],
    ['10.8.0.8 255.255.255.248', '10.8.0.9', '10.8.0.10 10.8.0.14 /29'],
    ['172.16.0.0 255.255.0.0', '172.16.0.1', '172.16.0.2 172.16.255.254 /16'],
    ['10.8.0.0 255.255.255.0 nopool', '10.8.0.1', undefined],
  ])('server %s', (values, own, pool) => {
    const { server } = accepted(`${BASE}server ${values}\n`);
    expect(server.tunnel4 && formatIp(server.tunnel4.address)).toBe(own);
    expect(range(server.pool4)).toBe(pool);
  });

  it.each([
    ['fd77::/64', 'fd77::1', 'fd77::1000 fd77::1:fff /64'],
    ['fd77::5/64', 'fd77::6', 'fd77::1005 fd77::1:1004 /64'],
    ['fd77::/112', 'fd77::1', 'fd77::2 fd77::ffff /112'],
    ['fd77::/124', 'fd77::1', 'fd77::2 fd77::f /124'],
  ])('server-ipv6 %s, as stock 2.6.14 lists it at verb 4', (value, own, pool) => {
    const { server } = accepted(`${SERVER}server-ipv6 ${value}\n`);
    expect(server.tunnel6 && formatIp(server.tunnel6.address)).toBe(own);
    expect(range(server.pool6)).toBe(pool);
    expect(server.pushes).toEqual(['tun-ipv6', 'route-gateway 10.8.0.1', 'topology subnet', 'ping 10', 'ping-restart 60']);
  });

  it('takes addresses apart from server, when they fit each other', () => {
    const own = `${BASE}mode server\ntls-server\nifconfig 10.8.0.1 255.255.255.0\nifconfig-ipv6 fd77::1/64 fd77::2\nifconfig-ipv6-pool fd77::100/64\n`;
    const { server } = accepted(`${own}ifconfig-pool 10.8.0.10 10.8.0.20\n`);
    expect(range(server.pool4)).toBe('10.8.0.10 10.8.0.20 /24');
    expect(range(server.pool6)).toBe('fd77::100 fd77::1:ff /64');
    expect(refused(`${own}ifconfig-pool 10.9.0.10 10.9.0.20\n`)[0]).toMatch(/not inside the server's own network/);
  });

  it('assumes subnet without a topology line and says so once; refuses the others by name', () => {
    const assumed = accepted(SERVER.replace('topology subnet\n', ''));
    expect(texts(assumed.warnings).filter((text) => text.includes('topology'))).toEqual(["Note: --topology is not set, 'subnet' is used"]);
    for (const topology of ['net30', 'p2p']) {
      expect(refused(`${SERVER}topology ${topology}\n`)[0]).toMatch(
        new RegExp(`--topology ${topology} .* not in this release; use --topology subnet \\(server\\.conf:9\\)`),
      );
    }
  });

  it('keeps pushes in order, refuses what clients would obey and this server not understand', () => {
    const text = `${SERVER}push "route 10.1.0.0 255.255.0.0"\npush "dhcp-option DNS 10.8.0.1"\ntcp-nodelay\n`;
    expect(accepted(text).server.pushes).toEqual([
      'route 10.1.0.0 255.255.0.0',
      'dhcp-option DNS 10.8.0.1',
      'route-gateway 10.8.0.1',
      'topology subnet',
      'ping 10',
      'ping-restart 60',
      'socket-flags TCP_NODELAY',
    ]);
    expect(refused(`${SERVER}push "compress lz4-v2"\n`)[0]).toMatch(/does not speak compress.*\(server\.conf:9\)$/);
  });

  it('makes routes of route and route-ipv6', () => {
    const lines =
      'route 10.66.0.0 255.255.255.0\nroute 10.67.0.9\nroute 10.68.1.1 255.255.0.0 10.8.0.77 5\nroute-ipv6 fd88::1/64\nroute-metric 7\nroute 10.69.0.0 255.255.0.0 vpn_gateway\n';
    const { routes } = accepted(`${SERVER}${lines}`).daemon;
    expect(routes.map((route) => [formatIp(route.network), route.bits, route.gateway && formatIp(route.gateway), route.metric])).toEqual([
      ['10.66.0.0', 24, '10.8.0.2', 7],
      ['10.67.0.9', 32, '10.8.0.2', 7],
      ['10.68.0.0', 16, '10.8.0.77', 5],
      ['10.69.0.0', 16, '10.8.0.2', 7],
      ['fd88::', 64, undefined, 7],
    ]);
    expect(
      refused(
        `${SERVER}route host.example\nroute 10.0.0.0 255.0.255.0\nroute 10.0.0.0 255.0.0.0 gw\nroute 10.0.0.0 255.0.0.0 default x\nroute-ipv6 zz\n`,
      ),
    ).toHaveLength(7);
  });

  it.each([
    ['route-gateway 10.8.0.200\nroute 10.66.0.0 255.255.255.0 vpn_gateway\n', '10.8.0.200'],
    ['route-gateway dhcp\nroute 10.66.0.0 255.255.255.0\n', '10.8.0.2'],
    ['server-ipv6 fd11::/64\nroute-ipv6 fd88::/64\n', 'fd11::2'],
    ['server-ipv6 fd11::/64\nroute-ipv6-gateway fd11::44\nroute-ipv6 fd88::/64\n', 'fd11::44'],
  ])('finds the gateway of the routes in %j', (lines, gateway) => {
    const { routes } = accepted(`${SERVER}${lines}`).daemon;
    expect(routes.map((route) => route.gateway && formatIp(route.gateway))).toEqual([gateway]);
  });

  it('sends routes to the device where nothing names a gateway', () => {
    const plain = SERVER.replace(
      /^server .*$/m,
      'mode server\ntls-server\nifconfig 10.8.0.1 255.255.255.0\nifconfig-pool 10.8.0.2 10.8.0.9',
    );
    const { routes } = accepted(`${plain}route 10.66.0.0 255.255.255.0\n`).daemon;
    expect(routes.map(({ gateway }) => gateway)).toEqual([undefined]);
  });
});
