import { describe, expect, it } from 'vitest';
import { AckQueue } from './acks.ts';

describe('AckQueue', () => {
  it('gives what it owes, newest first, and then repeats it', () => {
    const acks = new AckQueue();
    acks.add(0);
    acks.add(1);
    expect(acks.pending).toBe(true);
    expect(acks.take(8)).toEqual([1, 0]);
    expect(acks.pending).toBe(false);
    acks.add(2);
    expect(acks.take(4)).toEqual([2, 1, 0]);
    expect(acks.take(4)).toEqual([2, 1, 0]);
  });

  it('gives nothing when it never owed anything', () => {
    expect(new AckQueue().take(4)).toEqual([]);
  });

  it('gives the oldest first when not all fit', () => {
    const acks = new AckQueue();
    for (const id of [0, 1, 2, 3, 4, 5]) acks.add(id);
    expect(acks.take(4)).toEqual([3, 2, 1, 0]);
    expect(acks.pending).toBe(true);
    expect(acks.take(4)).toEqual([5, 4, 3, 2]);
    expect(acks.pending).toBe(false);
  });

  it('repeats at most the last eight', () => {
    const acks = new AckQueue();
    for (let id = 0; id < 12; id++) {
      acks.add(id);
      acks.take(8);
    }
    expect(acks.take(8)).toEqual([11, 10, 9, 8, 7, 6, 5, 4]);
    expect(acks.take(20)).toHaveLength(8);
  });

  it('owes an id once, and again when its message is repeated after the ack went out', () => {
    const acks = new AckQueue();
    acks.add(3);
    acks.add(3);
    expect(acks.take(8)).toEqual([3]);
    acks.add(3);
    expect(acks.pending).toBe(true);
    expect(acks.take(8)).toEqual([3]);
  });

  it('does not grow with a peer that sends and sends', () => {
    const acks = new AckQueue();
    for (let id = 0; id < 10_000; id++) acks.add(id);
    let taken = 0;
    while (acks.pending) taken += acks.take(8).length;
    expect(taken).toBe(16);
  });
});
