import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inner } from '../../../test/support/data-packets.ts';
import { innerDestination, innerFamily, innerSource, isBroadcast, isLinkLocalSource, isMany } from './inner.ts';

describe('inner packets', () => {
  it.each([
    ['10.8.0.2', '192.0.2.200', 4],
    ['fd00:8::2', '2001:db8::ff', 6],
  ] as const)('from %s to %s are read', (source, destination, family) => {
    const packet = inner(source, destination);
    expect(innerFamily(packet)).toBe(family);
    expect(innerSource(packet, family)).toBe(source);
    expect(innerDestination(packet, family)).toBe(destination);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['half an IPv4 header', inner('10.8.0.2', '10.8.0.3').subarray(0, 19)],
    ['half an IPv6 header', inner('fd00::2', 'fd00::3').subarray(0, 39)],
    ['a compression byte', Buffer.concat([Buffer.of(0xfa), inner('10.8.0.2', '10.8.0.3')])],
  ])('are told from %s', (_what, packet) => {
    expect(innerFamily(packet)).toBeUndefined();
  });

  it.each([
    ['10.8.0.2', false],
    ['223.255.255.255', false],
    ['224.0.0.1', true],
    ['239.255.255.250', true],
    ['240.0.0.1', false],
    ['255.255.255.254', false],
    ['255.255.255.255', false],
    ['ff02::1', true],
    ['fe80::1', false],
  ])('to %s are for many: %s', (destination, many) => {
    const source = destination.includes(':') ? 'fd00::1' : '10.8.0.1';
    expect(isMany(inner(source, destination), destination.includes(':') ? 6 : 4)).toBe(many);
  });

  it('to all networks at once are broadcasts, to one of them or by IPv6 they are not', () => {
    const broadcasts = ['255.255.255.255', '10.8.0.255'].map((destination) => isBroadcast(inner('10.8.0.1', destination), 4));
    expect(broadcasts).toEqual([true, false]);
    expect(isBroadcast(inner('fd00::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'), 6)).toBe(false);
  });

  it.each([
    ['fe80::1', true],
    ['febf::1', true],
    ['fec0::1', false],
    ['fd00::1', false],
    ['::', false],
  ])('from %s are link-local: %s', (source, local) => {
    expect(isLinkLocalSource(inner(source, 'fd00::9'))).toBe(local);
  });

  it('of any bytes have a family only with a whole header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const family = innerFamily(Buffer.from(bytes));
        expect(family === undefined || bytes.length >= (family === 4 ? 20 : 40)).toBe(true);
      }),
    );
  });
});
