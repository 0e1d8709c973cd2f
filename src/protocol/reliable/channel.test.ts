import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../../test/support/time.ts';
import { SeededRandom } from '../../base/random.ts';
import { type Instant, seconds } from '../../base/units.ts';
import { OP } from '../opcodes.ts';
import { AckQueue } from './acks.ts';
import { ReceiveWindow } from './receive-window.ts';
import { type ReliableMessage, SendWindow } from './send-window.ts';

/** A network in virtual time that loses, delays and doubles what crosses it. */
interface Network {
  readonly loss: number;
  readonly duplication: number;
  /** Greatest delay in milliseconds; different delays reorder. */
  readonly delay: number;
  readonly seed: number;
}

const MAX_STEPS = 20_000;

interface Packet {
  readonly arrives: number;
  readonly to: 0 | 1;
  readonly acks: readonly number[];
  readonly message: ReliableMessage | undefined;
}

/** One end: sends the numbers 0 to `count - 1` in order and notes what it is given. */
class End {
  readonly send = new SendWindow({ firstId: 0, timeout: seconds(2) });
  readonly receive = new ReceiveWindow();
  readonly acks = new AckQueue();
  readonly got: number[] = [];
  #next = 0;
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  get done(): boolean {
    return this.#next === this.#count && this.send.empty && !this.acks.pending;
  }

  /** Everything this end wants to send now. */
  outgoing(now: Instant): Omit<Packet, 'arrives' | 'to'>[] {
    const messages = this.send.takeDue(now);
    while (this.send.hasRoom && this.#next < this.#count) {
      const payload = Buffer.alloc(4);
      payload.writeUInt32BE(this.#next++);
      messages.push(this.send.add(OP.control, payload, now));
    }
    const packets: Omit<Packet, 'arrives' | 'to'>[] = messages.map((message) => ({ acks: this.acks.take(4), message }));
    while (this.acks.pending) packets.push({ acks: this.acks.take(8), message: undefined });
    return packets;
  }

  handle(packet: Packet, now: Instant): void {
    this.send.acknowledge(packet.acks, now);
    if (packet.message === undefined) return;
    if (this.receive.accept(packet.message.id, packet.message) !== 'outside') this.acks.add(packet.message.id);
    for (let next = this.receive.take(); next !== undefined; next = this.receive.take()) this.got.push(next.payload.readUInt32BE(0));
  }
}

/** Runs until both ends are done; gives the virtual milliseconds it took. Waiting doubles without end, so steps are limited and not time. */
function exchange(ends: readonly [End, End], network: Network): number {
  const random = new SeededRandom(network.seed);
  let flying: Packet[] = [];
  let now = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    for (const side of [0, 1] as const) {
      for (const packet of ends[side].outgoing(at(now).at)) {
        const copies = random.unit() < network.loss ? 0 : random.unit() < network.duplication ? 2 : 1;
        for (let i = 0; i < copies; i++) {
          flying.push({ ...packet, to: side === 0 ? 1 : 0, arrives: now + 1 + Math.floor(random.unit() * network.delay) });
        }
      }
    }
    if (ends.every((end) => end.done) && flying.length === 0) return now;
    const deadlines = ends.map((end) => end.send.nextDeadline() ?? Number.POSITIVE_INFINITY);
    now = Math.max(now, Math.min(...deadlines, ...flying.map(({ arrives }) => arrives)));
    const arrived = flying.filter(({ arrives }) => arrives <= now);
    flying = flying.filter(({ arrives }) => arrives > now);
    for (const packet of arrived) ends[packet.to].handle(packet, at(now).at);
  }
  throw new Error(`stuck with seed ${network.seed}`);
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

describe('two ends of the reliable channel', () => {
  it('take one crossing each way and no retransmission when nothing is lost', () => {
    const ends = [new End(6), new End(6)] as const;
    expect(exchange(ends, { loss: 0, duplication: 0, delay: 0, seed: 1 })).toBeLessThan(5);
    expect(ends[0].send.retransmits + ends[1].send.retransmits).toBe(0);
  });

  it('bring every message over exactly once and in order, whatever the network does', () => {
    const network = fc.record({
      loss: fc.integer({ min: 0, max: 40 }).map((percent) => percent / 100),
      duplication: fc.integer({ min: 0, max: 50 }).map((percent) => percent / 100),
      delay: fc.integer({ min: 0, max: 400 }),
      seed: fc.integer({ min: 1, max: 1_000_000 }),
    });
    fc.assert(
      fc.property(network, fc.nat(40), fc.nat(40), (conditions, mine, yours) => {
        const ends = [new End(mine), new End(yours)] as const;
        exchange(ends, conditions);
        expect(ends[1].got).toEqual(upTo(mine));
        expect(ends[0].got).toEqual(upTo(yours));
      }),
      { numRuns: 150 },
    );
  });
});
