import { describe, expect, it } from 'vitest';
import { clientInstance } from '../../test/support/client-instances.ts';
import { quad, six } from '../../test/support/data-packets.ts';
import { serverSettings } from '../../test/sim/settings.ts';
import { clientPushOptions, protocolFlags, type TunnelParts } from './push-list.ts';
import type { ClientConfig } from './settings.ts';

const CONFIG: ClientConfig = {
  disable: false,
  pushReset: false,
  pushRemove: [],
  pushes: [],
  address4: undefined,
  address6: undefined,
  internalRoutes: [],
};

const PARTS: TunnelParts = { cipher: 'AES-256-GCM', address4: quad('10.8.0.2'), bits4: 24, address6: undefined, bits6: undefined };

/** What 2.6.14 says of itself (facts: wire 10). */
const NEW = 'IV_VER=2.6.14\nIV_CIPHERS=AES-256-GCM:AES-128-GCM\nIV_PROTO=990\nIV_MTU=1600\n';

function pushed(peerInfo: string, config: Partial<ClientConfig> = {}, parts: Partial<TunnelParts> = {}): string[] {
  const settings = { ...serverSettings(), tunnel6: { address: six('fd00:8::1'), bits: 64 } };
  return clientPushOptions(settings, clientInstance({ peerId: 5, peerInfo }), { ...CONFIG, ...config }, { ...PARTS, ...parts });
}

const CONFIGURED = ['route-gateway 10.8.0.1', 'topology subnet', 'ping 10', 'ping-restart 60'];

describe('the options of a PUSH_REPLY', () => {
  it('are those that stock pushes, in its order', () => {
    // As observed of 2.6.14 (facts: wire 13).
    expect(pushed(NEW)).toEqual([
      ...CONFIGURED,
      'ifconfig 10.8.0.2 255.255.255.0',
      'peer-id 5',
      'cipher AES-256-GCM',
      'protocol-flags cc-exit tls-ekm dyn-tls-crypt',
      'tun-mtu 1500',
    ]);
  });

  it('put IPv6 before IPv4, with the server as the other end', () => {
    const options = pushed(NEW, {}, { address6: six('fd00:8::1000'), bits6: 64 });
    expect(options.slice(4, 6)).toEqual(['ifconfig-ipv6 fd00:8::1000/64 fd00:8::1', 'ifconfig 10.8.0.2 255.255.255.0']);
  });

  it.each([
    ['2.4 without negotiation', 'IV_PROTO=2\n', ['peer-id 5']],
    ['2.4', 'IV_PROTO=2\nIV_NCP=2\n', ['peer-id 5', 'cipher AES-256-GCM']],
    ['2.5', 'IV_PROTO=6\nIV_CIPHERS=AES-256-GCM\n', ['peer-id 5', 'cipher AES-256-GCM']],
    [
      'OpenVPN 3 with exporter keys',
      'IV_PROTO=14\nIV_CIPHERS=AES-256-GCM\n',
      ['peer-id 5', 'cipher AES-256-GCM', 'key-derivation tls-ekm'],
    ],
    ['a client that says nothing', '', []],
  ])('hold what %s understands', (_, peerInfo, more) => {
    expect(pushed(peerInfo)).toEqual([...CONFIGURED, 'ifconfig 10.8.0.2 255.255.255.0', ...more]);
  });

  it('add what the client file pushes, and leave out what it resets or removes', () => {
    expect(pushed('', { pushes: ['route 10.66.0.0'] })).toEqual([...CONFIGURED, 'route 10.66.0.0', 'ifconfig 10.8.0.2 255.255.255.0']);
    expect(pushed('', { pushReset: true, pushes: ['ping 5'] })).toEqual(['ping 5', 'ifconfig 10.8.0.2 255.255.255.0']);
    expect(pushed('', { pushRemove: ['ping-restart', 'topology subnet'] })).toEqual([
      'route-gateway 10.8.0.1',
      'ping 10',
      'ifconfig 10.8.0.2 255.255.255.0',
    ]);
  });

  it('hold a token once there is one', () => {
    const client = clientInstance({ peerInfo: NEW });
    client.tokenText = 'SESS_ID_AT_x';
    expect(clientPushOptions(serverSettings(), client, CONFIG, PARTS)).toContain('auth-token SESS_ID_AT_x');
  });
});

describe('protocol flags', () => {
  it.each([
    ['IV_PROTO=990\n', 'cc-exit tls-ekm dyn-tls-crypt'],
    ['IV_PROTO=128\n', 'cc-exit'],
    ['IV_PROTO=136\n', 'cc-exit tls-ekm'],
    ['IV_PROTO=520\n', undefined],
    ['', undefined],
  ])('for %j are %s', (peerInfo, flags) => {
    expect(protocolFlags(clientInstance({ peerInfo }))).toBe(flags);
  });
});
