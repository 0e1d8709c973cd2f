import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quad, six } from '../../test/support/data-packets.ts';
import { seconds } from '../base/units.ts';
import { readPulled } from './pulled.ts';

/** A PUSH_REPLY of 2.6.14 (facts: wire 13). */
const STOCK =
  'route-gateway 10.88.0.1,topology subnet,ping 10,ping-restart 60,ifconfig 10.88.0.2 255.255.255.0,peer-id 0,cipher AES-256-GCM,protocol-flags cc-exit tls-ekm dyn-tls-crypt,tun-mtu 1500';

describe('pushed options', () => {
  it('of stock are understood', () => {
    const { pulled, refused } = readPulled(STOCK.split(','));
    expect(refused).toEqual([]);
    expect(pulled).toEqual({
      address4: { address: quad('10.88.0.2'), bits: 24 },
      address6: undefined,
      peerId: 0,
      cipher: 'AES-256-GCM',
      keyDerivation: 'exporter',
      exitByControl: true,
      dynamicWrap: true,
      ping: seconds(10),
      lostAfter: seconds(60),
      whenLost: 'ping-restart',
      token: undefined,
      tokenUser: undefined,
      peer4: undefined,
      tunMtu: 1500,
      exitNotify: false,
      options: STOCK.split(','),
    });
  });

  it.each([
    ['nothing', [], { keyDerivation: 'prf', peerId: undefined, ping: undefined, exitByControl: false }],
    ['key-derivation', ['key-derivation tls-ekm'], { keyDerivation: 'exporter' }],
    ['IPv6', ['ifconfig-ipv6 fd00:8::1000/64 fd00:8::1'], { address6: { address: six('fd00:8::1000'), bits: 64 } }],
    ['ping-exit', ['ping-exit 30'], { lostAfter: seconds(30), whenLost: 'ping-exit' }],
    ['a timer that is off', ['ping 10', 'ping 0'], { ping: undefined }],
    ['the peer id that is none', ['peer-id 16777215'], { peerId: undefined }],
    ['the later of two', ['peer-id 1', 'peer-id 2'], { peerId: 2 }],
    [
      'a point-to-point address',
      ['ifconfig 10.8.0.6 10.8.0.5'],
      { address4: { address: quad('10.8.0.6'), bits: 32 }, peer4: quad('10.8.0.5') },
    ],
    ['the name of a token', ['auth-token-user YWxpY2U='], { tokenUser: 'alice' }],
    ['an exit that is to be told', ['explicit-exit-notify'], { exitNotify: true }],
    ['quotes', ['cipher "AES-128-GCM"'], { cipher: 'AES-128-GCM' }],
    ['what is none of the engine’s business', ['route 10.0.0.0 255.0.0.0', 'dhcp-option DNS 10.8.0.1'], { peerId: undefined }],
  ])('%s', (_, options, expected) => {
    const { pulled, refused } = readPulled(options);
    expect(refused).toEqual([]);
    expect(pulled).toMatchObject(expected);
  });

  it('that make no sense are named and change nothing', () => {
    const wrong = [
      'ifconfig 10.8.0.2',
      'ifconfig 10.8.0.2 255.0.255.0',
      'ifconfig fd00::1 255.255.255.0',
      'ifconfig-ipv6 10.8.0.2/24',
      'peer-id x',
      'peer-id 16777216',
      'peer-id -1',
      'ping soon',
      'tun-mtu 20',
      'key-derivation magic',
      'cipher "unclosed',
      'cipher',
    ];
    const { pulled, refused } = readPulled(wrong);
    expect(refused).toEqual(wrong);
    expect(pulled).toMatchObject({ address4: undefined, address6: undefined, peerId: undefined, cipher: undefined, ping: undefined });
  });

  it('show no token', () => {
    const { pulled } = readPulled(['auth-token SESS_ID_AT_xyzzy', 'auth-token-user YWxpY2U=', 'ping 10']);
    expect(pulled.token?.reveal()).toBe('SESS_ID_AT_xyzzy');
    expect(pulled.options).toEqual(['ping 10']);
    expect(JSON.stringify(pulled)).not.toContain('xyzzy');
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (options) => {
        const { pulled, refused } = readPulled(options);
        expect(pulled.options.length).toBeLessThanOrEqual(options.length);
        expect(refused.length).toBeLessThanOrEqual(options.length);
      }),
    );
  });
});
