import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp } from '../../base/ip.ts';
import { type PlannedRoute, planTunnel, redirectRoutes } from './tunnel-plan.ts';

function text({ network, bits, gateway, metric }: PlannedRoute): string {
  const via = typeof gateway === 'string' ? gateway : formatIp(gateway);
  return `${formatIp(network)}/${bits} ${via}${metric === undefined ? '' : ` ${metric}`}`;
}

describe('planTunnel', () => {
  it('takes what stock 2.6 pushes', () => {
    const { plan, problems } = planTunnel(
      'route 192.168.77.0 255.255.255.0,tun-ipv6,route-gateway 10.8.0.1,topology subnet,ping 10,ping-restart 60,ifconfig-ipv6 fd00:8::1000/64 fd00:8::1,ifconfig 10.8.0.2 255.255.255.0,peer-id 0,cipher AES-256-GCM'.split(
        ',',
      ),
    );
    expect(problems).toEqual([]);
    expect(plan.address4 && [formatIp(plan.address4.address), plan.address4.bits]).toEqual(['10.8.0.2', 24]);
    expect(plan.address6 && [formatIp(plan.address6.address), plan.address6.bits]).toEqual(['fd00:8::1000', 64]);
    expect([plan.gateway4, plan.gateway6].map((gateway) => gateway && formatIp(gateway))).toEqual(['10.8.0.1', 'fd00:8::1']);
    expect(plan.routes.map(text)).toEqual(['192.168.77.0/24 tunnel']);
    expect(plan.redirect).toBeUndefined();
  });

  it('goes through the other end of a point-to-point interface', () => {
    const { plan } = planTunnel(['ifconfig 10.8.0.6 10.8.0.5', 'route 10.8.0.1']);
    expect(plan.gateway4 && formatIp(plan.gateway4)).toBe('10.8.0.5');
    expect(plan.routes.map(text)).toEqual(['10.8.0.1/32 tunnel']);
  });

  it.each([
    ['route 10.1.2.3', '10.1.2.3/32 tunnel'],
    ['route 10.1.0.0 255.255.0.0 net_gateway', '10.1.0.0/16 net'],
    ['route 10.1.0.0 255.255.0.0 10.8.0.9 5', '10.1.0.0/16 10.8.0.9 5'],
    ['route 10.1.2.3 255.255.0.0', '10.1.0.0/16 tunnel'],
    ['route-ipv6 2001:db8::/32', '2001:db8::/32 tunnel'],
    ['route-ipv6 2001:db8::1/32 fd00::1', '2001:db8::/32 fd00::1'],
  ])('%s', (option, expected) => {
    expect(planTunnel([option]).plan.routes.map(text)).toEqual([expected]);
  });

  it('gives routes without a metric the common one', () => {
    const { plan } = planTunnel(['route 10.1.0.0 255.255.0.0', 'route-metric 7', 'route 10.2.0.0 255.255.0.0 default 3']);
    expect(plan.routes.map(text)).toEqual(['10.1.0.0/16 tunnel 7', '10.2.0.0/16 tunnel 3']);
  });

  it.each([
    ['def1', ['0.0.0.0/1 tunnel', '128.0.0.0/1 tunnel']],
    ['', ['0.0.0.0/0 tunnel']],
    ['def1 ipv6', ['0.0.0.0/1 tunnel', '128.0.0.0/1 tunnel', '::/3 tunnel', '2000::/4 tunnel', '3000::/4 tunnel', 'fc00::/7 tunnel']],
    ['ipv6 !ipv4', ['::/3 tunnel', '2000::/4 tunnel', '3000::/4 tunnel', 'fc00::/7 tunnel']],
  ])('redirects by %j', (flags, expected) => {
    const { plan } = planTunnel([`redirect-gateway ${flags}`]);
    expect(plan.redirect && redirectRoutes(plan.redirect).map(text)).toEqual(expected);
  });

  it('keeps what is for scripts and management clients', () => {
    const { plan } = planTunnel(['dhcp-option DNS 10.8.0.1', 'dns server 1 address 10.8.0.1', 'echo hello there', 'setenv-safe A b']);
    expect(plan).toMatchObject({
      foreign: ['dhcp-option DNS 10.8.0.1', 'dns server 1 address 10.8.0.1'],
      echoes: ['hello there'],
      environment: [['OPENVPN_A', 'b']],
    });
  });

  it.each([
    'ifconfig 10.8.0.2',
    'ifconfig 10.8.0.2 255.0.255.0',
    'ifconfig-ipv6 10.0.0.1/8',
    'route',
    'route nowhere.test',
    'route 10.0.0.0 255.0.255.0',
    'route 10.0.0.0 255.0.0.0 gateway.test',
    'route-ipv6 10.0.0.0/8',
    'route-gateway dhcp',
    'echo "open',
  ])('names %j, and does nothing by it', (option) => {
    const { plan, problems } = planTunnel([option]);
    expect(problems).toEqual([option]);
    expect(plan).toEqual(planTunnel([]).plan);
  });

  it('takes anything without an exception', () => {
    const word = fc.constantFrom(
      'route',
      'ifconfig',
      'route-ipv6',
      'redirect-gateway',
      '10.0.0.0',
      '255.0.0.0',
      'fd00::/8',
      'default',
      '-1',
      '"',
    );
    const option = fc.array(fc.oneof(word, fc.string({ maxLength: 8 })), { maxLength: 6 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(option, { maxLength: 20 }), (options) => {
        const { plan } = planTunnel(options);
        expect(plan.routes.every(({ bits, network }) => bits <= network.length * 8)).toBe(true);
      }),
    );
  });
});
