import { describe, expect, it } from 'vitest';
import { checksum, inner, ipPacket, quad } from '../../test/support/data-packets.ts';
import { ManualClock } from '../host/clock.ts';
import { EchoTun } from './echo-tun.ts';

const ALICE = quad('10.8.0.2');
const BOB = quad('10.8.0.3');

function opened(clock: ManualClock, identifier: number): { readonly tun: EchoTun; readonly sent: Buffer[] } {
  const tun = new EchoTun(clock, identifier);
  const sent: Buffer[] = [];
  tun.start({
    packet: (bytes) => void sent.push(Buffer.from(bytes)),
    failed: (error) => {
      throw error;
    },
  });
  return { tun, sent };
}

describe('the device that answers pings', () => {
  it('sends a request that is right to the last checksum', () => {
    const { tun, sent } = opened(new ManualClock(), 7);
    tun.ping(ALICE, BOB);
    const [packet = Buffer.alloc(0)] = sent;
    expect(packet).toHaveLength(84);
    expect(checksum(packet.subarray(0, 20))).toBe(0);
    expect(checksum(packet.subarray(20))).toBe(0);
    expect(packet.subarray(12, 20)).toEqual(Buffer.concat([ALICE, BOB]));
    expect(packet.subarray(20, 22)).toEqual(Buffer.of(8, 0));
    expect(packet.readUInt16BE(24)).toBe(7);
  });

  it('answers a request with the same payload, in a later turn', () => {
    const clock = new ManualClock();
    const alice = opened(clock, 1);
    const bob = opened(clock, 2);
    alice.tun.ping(ALICE, BOB);
    const [request = Buffer.alloc(0)] = alice.sent;
    bob.tun.write(request);
    expect(bob.sent).toEqual([]);
    clock.advance(0);
    const [reply = Buffer.alloc(0)] = bob.sent;
    expect(reply.subarray(12, 20)).toEqual(Buffer.concat([BOB, ALICE]));
    expect(checksum(reply.subarray(0, 20))).toBe(0);
    expect(checksum(reply.subarray(20))).toBe(0);
    expect(reply[20]).toBe(0);
    expect(reply.subarray(24)).toEqual(request.subarray(24));
    clock.advance(30);
    alice.tun.write(reply);
    expect(alice.tun.counts).toEqual({ sent: 1, answered: 1, roundTrip: 30 });
    alice.tun.write(reply);
    expect(alice.tun.counts.answered).toBe(1);
  });

  it('counts neither what comes too late nor what others asked', () => {
    const clock = new ManualClock();
    const { tun, sent } = opened(clock, 1);
    const other = opened(clock, 2);
    tun.ping(ALICE, BOB);
    const reply = Buffer.from(sent[0] ?? Buffer.alloc(0));
    reply[20] = 0;
    other.tun.ping(ALICE, BOB);
    other.tun.write(reply);
    expect(other.tun.counts.answered).toBe(0);
    clock.advance(5001);
    tun.write(reply);
    expect(tun.counts).toEqual({ sent: 1, answered: 0, roundTrip: undefined });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['a request cut short', ipPacket('10.8.0.2', '10.8.0.3', 1, Buffer.of(8, 0, 0, 0))],
    ['another protocol', inner('10.8.0.2', '10.8.0.3')],
    ['IPv6', inner('fd00::1', 'fd00::2')],
    ['a header of no length', Buffer.alloc(60, 0x40)],
  ])('does nothing on %s', (_, packet) => {
    const clock = new ManualClock();
    const { tun, sent } = opened(clock, 1);
    tun.write(packet);
    clock.advance(10);
    expect(sent).toEqual([]);
  });

  it('sends nothing once stopped', async () => {
    const clock = new ManualClock();
    const { tun, sent } = opened(clock, 1);
    await tun.stop();
    tun.ping(ALICE, BOB);
    expect(sent).toEqual([]);
  });
});
