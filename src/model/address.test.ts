import { describe, expect, it } from 'vitest';
import { addressFrom, addressKey, formatAddress, formatFamilyAddress } from './address.ts';

describe('address', () => {
  it.each([
    ['10.99.0.2', { family: 4, ip: '10.99.0.2' }, '10.99.0.2:1194', '[AF_INET]10.99.0.2:1194'],
    ['fd99::2', { family: 6, ip: 'fd99::2' }, 'fd99::2', '[AF_INET6]fd99::2:1194'],
    ['::ffff:10.99.0.2', { family: 4, ip: '10.99.0.2', mapped: true }, '10.99.0.2:1194', '[AF_INET6]::ffff:10.99.0.2:1194'],
    ['fe80::1%eth0', { family: 6, ip: 'fe80::1' }, 'fe80::1', '[AF_INET6]fe80::1:1194'],
    ['::ffff:0:1', { family: 6, ip: '::ffff:0:1' }, '::ffff:0:1', '[AF_INET6]::ffff:0:1:1194'],
  ])('%s is kept, shown in prefixes and shown in texts', (ip, fields, prefix, text) => {
    const address = addressFrom('udp', ip, 1194);
    expect(address).toEqual({ transport: 'udp', port: 1194, ...fields });
    expect(formatAddress(address)).toBe(prefix);
    expect(formatFamilyAddress(address)).toBe(text);
  });

  it('has one key for one address and port, mapped or not', () => {
    const key = addressKey(addressFrom('udp', '10.99.0.2', 1194));
    expect(addressKey(addressFrom('udp', '::ffff:10.99.0.2', 1194))).toBe(key);
    expect(addressKey(addressFrom('udp', '10.99.0.2', 1195))).not.toBe(key);
    expect(addressKey(addressFrom('udp', '10.99.0.21', 194))).not.toBe(key);
    expect(addressKey(addressFrom('udp', 'fd99::2', 1194))).not.toBe(key);
  });
});
