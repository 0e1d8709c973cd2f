import { describe, expect, it } from 'vitest';
import { isLocalOnly, streamAddressFrom, streamAddressText } from './stream-address.ts';

describe('the address of a stream', () => {
  it.each([
    ['127.0.0.1:7505', { kind: 'tcp', host: '127.0.0.1', port: 7505 }, true],
    ['127.9.0.1:1', { kind: 'tcp', host: '127.9.0.1', port: 1 }, true],
    ['localhost:0', { kind: 'tcp', host: 'localhost', port: 0 }, true],
    ['[::1]:7505', { kind: 'tcp', host: '::1', port: 7505 }, true],
    ['[fd00::1]:65535', { kind: 'tcp', host: 'fd00::1', port: 65_535 }, false],
    ['vpn-1.example.org:7505', { kind: 'tcp', host: 'vpn-1.example.org', port: 7505 }, false],
    ['0.0.0.0:9176', { kind: 'tcp', host: '0.0.0.0', port: 9176 }, false],
    ['/run/openvpn/a:b.sock', { kind: 'unix', path: '/run/openvpn/a:b.sock' }, true],
  ] as const)('reads and writes %s', (text, address, local) => {
    expect(streamAddressFrom(text)).toEqual(address);
    expect(streamAddressText(address)).toBe(text);
    expect(isLocalOnly(address)).toBe(local);
  });

  it.each(['', '7505', 'host', 'host:', ':7505', '::1:7505', '[host]:1', 'a b:1', '1.2.3.4:65536', '1.2.3.4:-1', `/${'x'.repeat(200)}`])(
    'refuses %j',
    (text) => {
      expect(streamAddressFrom(text)).toBeUndefined();
    },
  );
});
