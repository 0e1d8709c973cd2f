import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToIp, bitsMask, compareIp, containsIp, formatIp, ipDistance, lastOf, maskBits, networkOf, parseIp, parsePrefix } from './ip.ts';

const bytes4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
const bytes16 = fc.uint8Array({ minLength: 16, maxLength: 16 });
const sparse16 = fc.array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list));
const anyIp = fc.oneof(bytes4, bytes16, sparse16);

const hex = (text: string) => parseIp(text)?.bytes.toString('hex');

describe('parseIp', () => {
  it.each([
    ['10.8.0.1', '0a080001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['fd00:8::1000', 'fd000008000000000000000000001000'],
    ['FE80::A:b', 'fe8000000000000000000000000a000b'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::ffff:10.8.0.1', '00000000000000000000ffff0a080001'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
  ])('reads %s', (text, expected) => {
    expect(hex(text)).toBe(expected);
  });

  it.each([
    '',
    '1',
    '10.8.0',
    '10.8.0.1.2',
    '10.8.0.256',
    '010.8.0.1',
    '10.8.0.1 ',
    '10.8..1',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '12345::',
    'g::',
    '::1%eth0',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '::1.2.3.256',
    '1:',
    ':1',
    '1:2:3:4:5:6:7:1.2.3.4',
  ])('does not read %j', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });

  it('takes the texts that the system takes', () => {
    const text = fc.string({ unit: fc.constantFrom('0', '1', '2', '25', 'f', ':', '::', '.', '10.0.0.1', '/'), maxLength: 12 });
    fc.assert(
      fc.property(text, (each) => {
        expect(parseIp(each)?.family ?? 0).toBe(isIP(each));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('formatIp', () => {
  it.each([
    '10.8.0.1',
    '::',
    '::1',
    'fd00:8::1000',
    '1:2:3:4:5:6:7:8',
    '1:0:0:2::3',
    '1:0:2:3:4:5:6:7',
    'fe80::',
    '::ffff:10.8.0.1',
    '::1.2.3.4',
  ])('writes %s as inet_ntop does', (text) => {
    expect(formatIp(parseIp(text)?.bytes ?? Buffer.alloc(4))).toBe(text);
  });

  it('is undone by parseIp', () => {
    fc.assert(
      fc.property(anyIp, (bytes) => {
        expect(parseIp(formatIp(bytes))?.bytes).toEqual(Buffer.from(bytes));
      }),
    );
  });
});

describe('parsePrefix', () => {
  it('reads network, bits and family, a host when bits are missing', () => {
    expect(parsePrefix('10.8.0.0/24')).toEqual({ family: 4, bytes: Buffer.from([10, 8, 0, 0]), bits: 24 });
    expect(parsePrefix('10.8.0.3')?.bits).toBe(32);
    expect(parsePrefix('fd00::/64')?.bits).toBe(64);
    expect(parsePrefix('fd00::1')?.bits).toBe(128);
  });

  it.each(['10.8.0.0/33', 'fd00::/129', '10.8.0.0/', '10.8.0.0/-1', '10.8.0.0/2x', '/24', '10.8.0.0/24/1'])('does not read %j', (text) => {
    expect(parsePrefix(text)).toBeUndefined();
  });
});

describe('masks and networks', () => {
  it('knows the masks people write', () => {
    expect(maskBits(Buffer.from([255, 255, 255, 0]))).toBe(24);
    expect(maskBits(Buffer.from([255, 255, 0, 255]))).toBeUndefined();
    expect([...bitsMask(20)]).toEqual([255, 255, 240, 0]);
    expect(formatIp(bitsMask(64, 6))).toBe('ffff:ffff:ffff:ffff::');
    expect(formatIp(networkOf(Buffer.from([10, 8, 1, 77]), 23))).toBe('10.8.0.0');
    expect(formatIp(lastOf(Buffer.from([10, 8, 1, 77]), 23))).toBe('10.8.1.255');
  });

  it('maskBits undoes bitsMask', () => {
    fc.assert(fc.property(fc.nat(32), (bits) => maskBits(bitsMask(bits)) === bits));
    fc.assert(fc.property(fc.nat(128), (bits) => maskBits(bitsMask(bits, 6)) === bits));
  });

  it('a network contains exactly what lies between its first and last address', () => {
    fc.assert(
      fc.property(bytes4, bytes4, fc.nat(32), (network, address, bits) => {
        const between = compareIp(networkOf(network, bits), address) <= 0 && compareIp(address, lastOf(network, bits)) <= 0;
        expect(containsIp(network, bits, address)).toBe(between);
      }),
    );
    expect(containsIp(Buffer.alloc(4), 0, Buffer.alloc(16))).toBe(false);
  });
});

describe('counting', () => {
  it('carries over bytes and wraps at the end', () => {
    expect(formatIp(addToIp(Buffer.from([10, 8, 0, 255]), 1))).toBe('10.8.1.0');
    expect(formatIp(addToIp(Buffer.from([0, 0, 0, 0]), -1))).toBe('255.255.255.255');
    expect(formatIp(addToIp(Buffer.alloc(16, 0xff), 2))).toBe('::1');
  });

  it('distance is what has to be added', () => {
    fc.assert(
      fc.property(bytes16, bytes16, (from, to) => {
        expect(addToIp(from, ipDistance(from, to))).toEqual(Buffer.from(to));
        expect(Math.sign(compareIp(from, to))).toBe(ipDistance(to, from) > 0n ? 1 : ipDistance(to, from) < 0n ? -1 : 0);
      }),
    );
  });
});
