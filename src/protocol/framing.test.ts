import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes } from '../../test/support/byte-builder.ts';
import { Deframer, frame } from './framing.ts';

/** Cuts `stream` into the chunks that end at `cuts`. */
function chunksOf(stream: Buffer, cuts: readonly number[]): Buffer[] {
  const borders = [0, ...[...cuts].sort((a, b) => a - b), stream.length];
  return borders.slice(1).map((end, index) => stream.subarray(borders[index], end));
}

function readAll(deframer: Deframer, chunks: readonly Buffer[]): string[] {
  return chunks.flatMap((chunk) => deframer.push(chunk)).map((packet) => packet.toString('hex'));
}

describe('frame', () => {
  it('puts the length of the packet in front', () => {
    expect(frame(bytes('38aabb'))).toEqual(bytes('0003 38aabb'));
  });

  it('refuses what no length can say', () => {
    expect(() => frame(Buffer.alloc(0))).toThrow(/0 bytes/);
    expect(() => frame(Buffer.alloc(65536))).toThrow(/65536 bytes/);
  });
});

describe('Deframer', () => {
  const stream = bytes('0003 38aabb', '0001 ff', '0004 01020304');
  const packets = ['38aabb', 'ff', '01020304'];

  it('reads frames whole', () => {
    expect(readAll(new Deframer(), [stream])).toEqual(packets);
  });

  it('reads frames byte by byte', () => {
    expect(
      readAll(
        new Deframer(),
        [...stream].map((byte) => Buffer.from([byte])),
      ),
    ).toEqual(packets);
  });

  it('keeps a packet that came in pieces when more bytes follow', () => {
    const deframer = new Deframer();
    deframer.push(bytes('0003 38'));
    const [packet] = deframer.push(bytes('aabb 0002 cc'));
    deframer.push(bytes('dd 0002 ee'));
    expect(packet).toEqual(bytes('38aabb'));
  });

  it.each([
    ['zero', '0000', 0],
    ['beyond the maximum', '0011 00', 17],
  ])('breaks at a length that is %s, for good', (_, wire, length) => {
    for (const cuts of [[], [4]]) {
      const deframer = new Deframer(16);
      expect(readAll(deframer, chunksOf(bytes('0001 aa', wire, '0001 bb'), cuts))).toEqual(['aa']);
      expect(deframer.broken).toBe(`bad encapsulated packet length from peer (${length}), which must be > 0 and <= 16`);
      expect(deframer.push(bytes('0001 cc'))).toEqual([]);
    }
  });

  it('accepts a packet of exactly the maximum', () => {
    const deframer = new Deframer(4);
    expect(readAll(deframer, [bytes('0004 01020304')])).toEqual(['01020304']);
    expect(deframer.broken).toBeUndefined();
  });

  it('gives the same packets however the stream is cut', () => {
    const packet = fc.uint8Array({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 8 }), fc.array(fc.nat(400), { maxLength: 12 }), (contents, cuts) => {
        const whole = bytes(...contents.flatMap((content) => [[0, content.length], content]));
        const inside = cuts.filter((cut) => cut <= whole.length);
        expect(readAll(new Deframer(40), chunksOf(whole, inside))).toEqual(contents.map((content) => Buffer.from(content).toString('hex')));
      }),
    );
  });

  it('takes any bytes without throwing and never gives a packet beyond the maximum', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 10 }), (chunks) => {
        const deframer = new Deframer(20);
        for (const chunk of chunks) for (const packet of deframer.push(Buffer.from(chunk))) expect(packet.length).toBeLessThanOrEqual(20);
      }),
    );
  });
});
