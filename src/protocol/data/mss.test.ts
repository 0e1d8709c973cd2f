import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inner, ipPacket, mssOption, tcpChecksumIsRight, tcpPacket } from '../../../test/support/data-packets.ts';
import { clampMss, mssLimits } from './mss.ts';
import type { MssFix } from './plane.ts';

const LIMITS = { v4: 1400, v6: 1380 };
const NOP = Buffer.of(1);

/** The MSS option of a packet of `tcpPacket`, when it is the first after `skip` bytes of options. */
function mssOf(packet: Buffer, skip = 0): number {
  const start = packet[0] === 0x45 ? 20 : 40;
  return packet.readUInt16BE(start + 20 + skip + 2);
}

describe('mssLimits', () => {
  // Expected: `mss_fix` of stock 2.6.14's "Data Channel MTU parms" for the same settings.
  it.each([
    [1492, 'mtu', 'udp', 4, 1400],
    [1492, 'mtu', 'tcp', 4, 1386],
    [1492, 'mtu', 'udp', 6, 1380],
    [1492, 'mtu', 'tcp', 6, 1366],
    [1400, 'mtu', 'udp', 4, 1308],
    [1400, 'payload', 'udp', 4, 1336],
    [1400, 'payload', 'tcp', 4, 1334],
    [1400, 'fixed', 'udp', 4, 1360],
  ] as const)('of %i %s on %s over IPv%i is %i', (size, counts, transport, family, v4) => {
    const fix: MssFix = { size, counts };
    expect(mssLimits(fix, { transport, family, format: 'v2' })).toEqual({ v4, v6: v4 - 20 });
  });

  it('leaves three bytes more without a peer-id, and never goes below 1', () => {
    expect(mssLimits({ size: 1492, counts: 'mtu' }, { transport: 'udp', family: 4, format: 'v1' }).v4).toBe(1403);
    expect(mssLimits({ size: 60, counts: 'mtu' }, { transport: 'udp', family: 4, format: 'v2' })).toEqual({ v4: 1, v6: 1 });
  });
});

describe('clampMss', () => {
  it.each([
    ['10.8.0.2', '10.8.0.3', 1400],
    ['fd00::2', 'fd00::3', 1380],
  ])('lowers the MSS of a SYN from %s and keeps the checksum right', (source, destination, limit) => {
    for (const flags of [0x02, 0x12]) {
      const packet = tcpPacket(source, destination, mssOption(1460), flags);
      expect(tcpChecksumIsRight(packet, source, destination)).toBe(true);
      clampMss(packet, LIMITS);
      expect(mssOf(packet)).toBe(limit);
      expect(tcpChecksumIsRight(packet, source, destination)).toBe(true);
    }
  });

  it.each([
    ['behind other options', Buffer.concat([Buffer.of(4, 2), mssOption(1460), NOP, NOP]), 2],
    ['at an odd place', Buffer.concat([NOP, mssOption(1460), NOP, NOP, NOP]), 1],
  ])('finds the option %s', (_what, options, skip) => {
    const packet = tcpPacket('10.8.0.2', '10.8.0.3', options);
    clampMss(packet, LIMITS);
    expect(mssOf(packet, skip)).toBe(1400);
    expect(tcpChecksumIsRight(packet, '10.8.0.2', '10.8.0.3')).toBe(true);
  });

  const untouched: [string, Buffer][] = [
    ['a small enough MSS', tcpPacket('10.8.0.2', '10.8.0.3', mssOption(1400))],
    ['a segment that is no SYN', tcpPacket('10.8.0.2', '10.8.0.3', mssOption(1460), 0x10)],
    ['a packet that is no TCP', inner('10.8.0.2', '10.8.0.3', '\x02\x04\x05\xb4'.repeat(10))],
    [
      'an option after the end of options',
      tcpPacket('10.8.0.2', '10.8.0.3', Buffer.concat([Buffer.of(0), mssOption(1460), Buffer.alloc(3)])),
    ],
    ['an option of length 0', tcpPacket('10.8.0.2', '10.8.0.3', Buffer.concat([Buffer.of(3, 0), mssOption(1460), Buffer.alloc(2)]))],
    ['an MSS option of wrong length', tcpPacket('10.8.0.2', '10.8.0.3', Buffer.of(2, 3, 0xff, 1))],
    ['IPv6 with an extension header', ipPacket('fd00::2', 'fd00::3', 0, tcpPacket('fd00::2', 'fd00::3', mssOption(1460)).subarray(40))],
  ];
  it.each(untouched)('leaves %s alone', (_what, packet) => {
    const before = Buffer.from(packet);
    clampMss(packet, LIMITS);
    expect(packet).toEqual(before);
  });

  it('leaves a later fragment alone', () => {
    const packet = tcpPacket('10.8.0.2', '10.8.0.3', mssOption(1460));
    packet.writeUInt16BE(0x2001, 6);
    const before = Buffer.from(packet);
    clampMss(packet, LIMITS);
    expect(packet).toEqual(before);
  });

  it('survives a SYN cut anywhere, and random bytes', () => {
    const whole = tcpPacket('10.8.0.2', '10.8.0.3', Buffer.concat([NOP, mssOption(9000), NOP, NOP, NOP]));
    for (let cut = 0; cut < whole.length; cut++) {
      const packet = Buffer.from(whole.subarray(0, cut));
      const before = Buffer.from(packet);
      clampMss(packet, LIMITS);
      expect(packet).toEqual(before);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(0x45, 0x40, 0x4f, 0x60, 0x6f), (bytes, first) => {
        const packet = Buffer.from([first, ...bytes]);
        clampMss(packet, LIMITS);
        expect(packet.length).toBe(bytes.length + 1);
      }),
    );
  });
});
