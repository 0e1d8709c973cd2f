import { describe, expect, it } from 'vitest';
import type { Instant, Now, WallTime } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import { PacedMachine, runPaced } from './paced.ts';

/** A clock on which every look takes a millisecond. */
class SlowClock implements Clock {
  #at = 0;
  readonly #waiting: (() => void)[] = [];

  now(): Now {
    this.#at++;
    return { at: this.#at as Instant, wall: this.#at as WallTime };
  }

  schedule(_at: Instant, run: () => void): () => void {
    this.#waiting.push(run);
    return () => {};
  }

  get pending(): number {
    return this.#waiting.length;
  }

  /** The next turn of the event loop. */
  turn(): void {
    for (const run of this.#waiting.splice(0)) run();
  }
}

function* counting(steps: number, seen: number[]): Generator<void, string> {
  for (let step = 0; step < steps; step++) {
    seen.push(step);
    yield;
  }
  return 'done';
}

describe('runPaced', () => {
  it('hands over at once what is done within a slice', () => {
    const used: string[] = [];
    runPaced(counting(2, []), new SlowClock(), (result) => used.push(result));
    expect(used).toEqual(['done']);
  });

  it('leaves turns between slices, and goes on where it was', () => {
    const clock = new SlowClock();
    const [seen, used]: [number[], string[]] = [[], []];
    runPaced(counting(10, seen), clock, (result) => used.push(result));
    const turns: number[] = [];
    for (let turn = 0; clock.pending > 0; turn++) {
      turns.push(seen.length);
      clock.turn();
    }
    expect(turns.length).toBeGreaterThan(1);
    expect(turns.every((count, index) => count - (turns[index - 1] ?? 0) <= 5)).toBe(true);
    expect({ seen, used }).toEqual({ seen: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], used: ['done'] });
  });
});

/** Gives the numbers that it was told, then nothing. */
class Outputs {
  readonly left: number[] = [];

  poll(): number | undefined {
    return this.left.shift();
  }

  nextDeadline(): undefined {
    return undefined;
  }

  handleDeadline(): void {}
}

function drained(paced: PacedMachine<number, Outputs>): number[] {
  const got: number[] = [];
  for (let output = paced.poll(); output !== undefined; output = paced.poll()) got.push(output);
  return got;
}

describe('PacedMachine', () => {
  it('rests when a slice is used up, asks again once, and loses nothing', () => {
    const clock = new SlowClock();
    const got: number[] = [];
    const paced: PacedMachine<number, Outputs> = new PacedMachine(new Outputs(), clock, () => got.push(...drained(paced)));
    paced.machine.left.push(...Array.from({ length: 20 }, (_, index) => index));
    got.push(...drained(paced));
    expect(got.length).toBeGreaterThan(0);
    expect(got.length).toBeLessThan(10);
    // What is heard while it rests waits for the next turn.
    paced.machine.left.push(20);
    expect(drained(paced)).toEqual([]);
    expect(clock.pending).toBe(1);
    while (clock.pending > 0) clock.turn();
    expect(got).toEqual(Array.from({ length: 21 }, (_, index) => index));
  });

  it('gives all that is left at the end', () => {
    const paced: PacedMachine<number, Outputs> = new PacedMachine(new Outputs(), new SlowClock(), () => {});
    paced.machine.left.push(...Array.from({ length: 20 }, (_, index) => index));
    const before = drained(paced);
    paced.hurry();
    expect([...before, ...drained(paced)]).toHaveLength(20);
  });
});
