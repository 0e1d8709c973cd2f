import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checksum, inner, mssOption, tcpChecksumIsRight, tcpPacket } from '../../../../test/support/data-packets.ts';
import { Arena } from './arena.ts';
import { complemented, sumOf } from './checksum.ts';
import { Joiner } from './joiner.ts';
import { completeChecksum, NEEDS_CHECKSUM, Segmenter, VNET, VNET_BYTES } from './segments.ts';

/** Where it begins does not matter here: nothing is called by address. */
const BASE = 0x7f12_3456_7000;

const ADDRESSES: Readonly<Record<4 | 6, readonly [source: string, destination: string]>> = {
  4: ['10.8.0.2', '10.8.0.1'],
  6: ['fd00:8::2', 'fd00:8::1'],
};
const IP_BYTES = { 4: 20, 6: 40 } as const;
const ACK = 0x10;
const PSH = 0x08;
const FIN = 0x01;
/** NOP, NOP, timestamps. */
const TIMESTAMPS = Buffer.from('0101080a1234567890abcdef', 'hex');

function arena(): Arena {
  return new Arena(1 << 20, () => BASE);
}

interface SegmentParts {
  readonly sequence?: number;
  readonly flags?: number;
  readonly options?: Buffer;
}

/** A segment as a host sends it: "do not fragment" set on IPv4. */
function segment(family: 4 | 6, body: Buffer, { sequence = 1000, flags = ACK, options = TIMESTAMPS }: SegmentParts = {}): Buffer {
  const [source, destination] = ADDRESSES[family];
  const packet = tcpPacket(source, destination, options, flags, body);
  const ip = IP_BYTES[family];
  if (family === 4) {
    packet.writeUInt16BE(0x4000, 6);
    packet.writeUInt16BE(0, 10);
    packet.writeUInt16BE(checksum(packet.subarray(0, 20)), 10);
  }
  packet.writeUInt32BE(sequence, ip + 4);
  packet.writeUInt16BE(0, ip + 16);
  const pseudo = Buffer.concat([packet.subarray(family === 4 ? 12 : 8, ip), Buffer.of(0, 6), u16(packet.length - ip)]);
  packet.writeUInt16BE(checksum(pseudo, packet.subarray(ip)), ip + 16);
  return packet;
}

function u16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 255);
}

/** Puts packets into an arena with room before each; where they lie. */
function placed(memory: Arena, packets: readonly Buffer[]): number[] {
  return packets.map((packet) => {
    const at = memory.take(packet.length + 64) + 32;
    packet.copy(memory.bytes, at);
    return at;
  });
}

/** Lets a joiner have packets; what it writes, each whole with its header. */
function joined(packets: readonly Buffer[]): Buffer[] {
  const memory = arena();
  const written: Buffer[] = [];
  const joiner = new Joiner(memory, (vectors, count) => {
    const parts: Buffer[] = [];
    for (let i = 0; i < count; i++) {
      const at = memory.word(vectors + i * 16) + memory.word(vectors + i * 16 + 4) * 0x1_0000_0000 - BASE;
      parts.push(memory.bytes.subarray(at, at + memory.word(vectors + i * 16 + 8)));
    }
    written.push(Buffer.concat(parts));
  });
  for (const [i, at] of placed(memory, packets).entries()) joiner.add(at, packets[i]?.length ?? 0);
  joiner.flush();
  return written;
}

/** Takes a written packet apart as the kernel would. */
function split(written: Buffer): Buffer[] {
  const memory = arena();
  const [at = 0] = placed(memory, [written]);
  const type = written.readUInt8(VNET.type);
  if (type === 0) return [written.subarray(VNET_BYTES)];
  const segments: Buffer[] = [];
  const done = new Segmenter(memory).split(
    at + VNET_BYTES,
    written.length - VNET_BYTES,
    written.readUInt16LE(VNET.start),
    written.readUInt16LE(VNET.size),
    (bytes) => segments.push(Buffer.from(bytes)),
  );
  expect(done).toBe(true);
  return segments;
}

/** Segments of one stream: `sizes` of payload each. */
function stream(family: 4 | 6, sizes: readonly number[], more: SegmentParts = {}): Buffer[] {
  let sequence = 0xffff_ff00;
  return sizes.map((size, i) => {
    const packet = segment(family, Buffer.alloc(size, i + 1), { sequence, ...more });
    sequence = (sequence + size) % 0x1_0000_0000;
    return packet;
  });
}

describe('the checksum', () => {
  it('is that of RFC 1071, for any bytes at any place', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), (bytes, at) => {
        const all = new Uint8Array(at + bytes.length);
        all.set(bytes, at);
        const sum = complemented(sumOf(new DataView(all.buffer), at, bytes.length));
        expect(((sum & 255) << 8) | (sum >> 8)).toBe(checksum(Buffer.from(bytes)));
      }),
    );
  });

  it('is put in where the kernel left it out', () => {
    const memory = arena();
    const whole = segment(4, Buffer.from('hello'));
    const partial = Buffer.from(whole);
    const pseudo = Buffer.concat([partial.subarray(12, 20), Buffer.of(0, 6), u16(partial.length - 20)]);
    partial.writeUInt16BE(~checksum(pseudo) & 0xffff, 36);
    const [at = 0] = placed(memory, [partial]);
    expect(completeChecksum(memory, at, partial.length, 20, 16)).toBe(true);
    expect(memory.bytes.subarray(at, at + partial.length)).toEqual(whole);
    expect(completeChecksum(memory, at, partial.length, 2000, 16)).toBe(false);
  });
});

describe.each([4, 6] as const)('segments over IPv%i', (family) => {
  it('are joined into one packet that says how to take it apart, and come apart as they were', () => {
    const packets = stream(family, [1000, 1000, 1000, 400]);
    const written = joined(packets);
    expect(written).toHaveLength(1);
    const [one = Buffer.alloc(0)] = written;
    expect(one.length).toBe(VNET_BYTES + IP_BYTES[family] + 32 + 3400);
    expect(one.readUInt8(VNET.flags)).toBe(NEEDS_CHECKSUM);
    expect(one.readUInt8(VNET.type)).toBe(family === 4 ? 1 : 4);
    expect(one.readUInt16LE(VNET.size)).toBe(1000);
    const back = split(one);
    // The kernel counts the identification of IPv4 on; these came with none.
    for (const [i, packet] of back.entries()) {
      expect(tcpChecksumIsRight(packet, ...ADDRESSES[family])).toBe(true);
      if (family === 4) expect(checksum(packet.subarray(0, 20))).toBe(0);
      expect(packet.subarray(IP_BYTES[family])).toEqual(packets[i]?.subarray(IP_BYTES[family]));
    }
    expect(back).toHaveLength(4);
  });

  it('of any sizes, in any order and of any kind, reach the device once each and in order', () => {
    const kind = fc.record({
      size: fc.integer({ min: 0, max: 600 }),
      flags: fc.constantFrom(ACK, ACK, ACK, ACK | PSH, ACK | FIN),
      skip: fc.constantFrom(0, 0, 0, 17),
      broken: fc.constantFrom(false, false, false, true),
    });
    fc.assert(
      fc.property(fc.array(kind, { maxLength: 20 }), (kinds) => {
        let sequence = 5;
        const packets = kinds.map(({ size, flags, skip, broken }, i) => {
          sequence += skip;
          const packet = segment(family, Buffer.alloc(size, i), { sequence, flags });
          sequence += size;
          if (broken) packet[packet.length - 1] = (packet[packet.length - 1] ?? 0) ^ 0x40;
          return packet;
        });
        const back = joined(packets).flatMap(split);
        expect(back.map((packet) => packet.subarray(IP_BYTES[family]))).toEqual(packets.map((packet) => packet.subarray(IP_BYTES[family])));
      }),
    );
  });

  it.each([
    ['a gap between them', (packets: Buffer[]) => packets.splice(1, 1)],
    ['a wrong checksum in the second', (packets: Buffer[]) => packets[1]?.writeUInt16BE(0x1234, IP_BYTES[family] + 16)],
    ['a wrong checksum in the first', (packets: Buffer[]) => packets[0]?.writeUInt16BE(0x1234, IP_BYTES[family] + 16)],
  ])('are left alone with %s', (_what, spoil) => {
    const packets = stream(family, [500, 500, 500]);
    spoil(packets);
    const [first] = joined(packets);
    expect(first?.readUInt8(VNET.type)).toBe(0);
    expect(first?.subarray(VNET_BYTES)).toEqual(packets[0]);
  });

  it('of two connections are kept apart', () => {
    const mine = stream(family, [300, 300]);
    const other = stream(family, [300, 300]).map((packet) => {
      packet.writeUInt16BE(40_001, IP_BYTES[family]);
      packet.writeUInt16BE(packet.readUInt16BE(IP_BYTES[family] + 16) - 1, IP_BYTES[family] + 16);
      return packet;
    });
    const written = joined([mine[0], other[0], mine[1], other[1]].filter((packet) => packet !== undefined));
    expect(written.map((packet) => packet.readUInt8(VNET.type))).toEqual(family === 4 ? [1, 1] : [4, 4]);
  });
});

describe('packets that are no plain segments', () => {
  it.each([
    ['UDP', inner('10.8.0.2', '10.8.0.1')],
    ['a SYN', tcpPacket('10.8.0.2', '10.8.0.1', mssOption(1400))],
    ['a fragment', fragment()],
    ['an acknowledgement', segment(4, Buffer.alloc(0))],
    ['less than a header', Buffer.from('45000014', 'hex')],
  ])('go to the device as they are: %s', (_what, packet) => {
    const whole = Buffer.concat([Buffer.alloc(VNET_BYTES), packet]);
    expect(joined([packet, packet])).toEqual([whole, whole]);
  });

  it.each([
    ['without room for headers', 30, 20, 1000],
    ['of an unknown version', 80, 20, 1000],
    ['of segments without payload', 80, 20, 0],
  ])('are not taken apart %s', (what, length, ip, size) => {
    const memory = arena();
    const [at = 0] = placed(memory, [segment(4, Buffer.alloc(100))]);
    if (what.includes('version')) memory.bytes[at] = 0x55;
    expect(new Segmenter(memory).split(at, length, ip, size, () => expect.unreachable())).toBe(false);
  });
});

function fragment(): Buffer {
  const packet = segment(4, Buffer.alloc(100));
  packet.writeUInt16BE(0x2000, 6);
  return packet;
}
