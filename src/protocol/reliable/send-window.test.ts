import { describe, expect, it } from 'vitest';
import { at } from '../../../test/support/time.ts';
import { seconds } from '../../base/units.ts';
import { OP } from '../opcodes.ts';
import { SendWindow } from './send-window.ts';

const EMPTY = Buffer.alloc(0);

/** A window with `count` messages sent at time 0. */
function windowOf(count: number, firstId = 0): SendWindow {
  const window = new SendWindow({ firstId, timeout: seconds(2) });
  for (let i = 0; i < count; i++) window.add(OP.control, EMPTY, at(0).at);
  return window;
}

function due(window: SendWindow, ms: number): number[] {
  return window.takeDue(at(ms).at).map(({ id }) => id);
}

describe('SendWindow', () => {
  it('numbers messages without gaps from its first id', () => {
    const window = new SendWindow({ firstId: 1, timeout: seconds(2) });
    const payload = Buffer.from([1, 2]);
    expect(window.add(OP.softReset, EMPTY, at(0).at)).toEqual({ id: 1, opcode: OP.softReset, payload: EMPTY });
    expect(window.add(OP.control, payload, at(0).at)).toEqual({ id: 2, opcode: OP.control, payload });
  });

  it('has room while the next id is less than 6 ahead of the lowest one unacknowledged', () => {
    const window = windowOf(6);
    expect(window.hasRoom).toBe(false);
    expect(() => window.add(OP.control, EMPTY, at(0).at)).toThrow(/full/);
    window.acknowledge([1, 2, 3, 4, 5], at(1).at);
    expect(window.hasRoom).toBe(false);
    window.acknowledge([0], at(1).at);
    expect([window.hasRoom, window.empty]).toEqual([true, true]);
    expect(window.add(OP.control, EMPTY, at(1).at).id).toBe(6);
  });

  it('sends again after the timeout, waiting twice as long each time, 8 s at most', () => {
    const window = windowOf(1);
    const sent: number[] = [];
    for (let ms = 0; ms <= 62_000; ms += 500) if (due(window, ms).length > 0) sent.push(ms);
    expect(sent).toEqual([2000, 6000, 14_000, 22_000, 30_000, 38_000, 46_000, 54_000, 62_000]);
    expect(window.retransmits).toBe(9);
  });

  it('names its deadline: the earliest message that is due', () => {
    const window = windowOf(0);
    expect(window.nextDeadline()).toBeUndefined();
    window.add(OP.control, EMPTY, at(100).at);
    window.add(OP.control, EMPTY, at(300).at);
    expect(window.nextDeadline()).toBe(at(2100).at);
    expect(due(window, 2099)).toEqual([]);
    expect(due(window, 2100)).toEqual([0]);
    expect(window.nextDeadline()).toBe(at(2300).at);
    window.acknowledge([0, 1], at(2200).at);
    expect(window.nextDeadline()).toBeUndefined();
  });

  it('sends again at once when three later messages were acknowledged', () => {
    const window = windowOf(5);
    window.acknowledge([1, 2], at(10).at);
    expect(due(window, 10)).toEqual([]);
    window.acknowledge([3], at(20).at);
    expect(window.nextDeadline()).toBe(at(20).at);
    expect(due(window, 20)).toEqual([0]);
    window.acknowledge([4], at(21).at);
    expect(due(window, 21)).toEqual([]);
  });

  it('does not count repeated acknowledgements, nor those of messages never sent', () => {
    const window = windowOf(3);
    for (let i = 0; i < 5; i++) window.acknowledge([2, 2, 7, 0xffff_ffff], at(10).at);
    expect(due(window, 10)).toEqual([]);
    window.acknowledge([0, 1], at(11).at);
    expect(window.empty).toBe(true);
  });

  it('measures the round trip of messages that were sent once only', () => {
    const window = windowOf(2);
    expect(window.roundTrip).toBeUndefined();
    due(window, 2000);
    window.acknowledge([0, 1], at(2050).at);
    expect(window.roundTrip).toBeUndefined();
    window.add(OP.control, EMPTY, at(3000).at);
    window.acknowledge([2], at(3030).at);
    expect(window.roundTrip).toBe(30);
  });
});
