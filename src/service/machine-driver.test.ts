import { describe, expect, it } from 'vitest';
import type { Instant, Now } from '../base/units.ts';
import { ManualClock } from '../host/clock.ts';
import { MachineDriver } from './machine-driver.ts';

/** Says what it was told, and when it was woken. */
class Echo {
  deadline: number | undefined;
  readonly wakes: number[] = [];
  readonly #queue: string[] = [];

  say(...words: string[]): void {
    this.#queue.push(...words);
  }

  poll(): string | undefined {
    return this.#queue.shift();
  }

  nextDeadline(): Instant | undefined {
    return this.deadline as Instant | undefined;
  }

  handleDeadline(now: Now): void {
    this.wakes.push(now.at);
    if (this.deadline !== undefined && this.deadline <= now.at) this.deadline = undefined;
  }
}

function rig(carryOut?: (driver: MachineDriver<string, Echo>, word: string) => void) {
  const clock = new ManualClock();
  const heard: string[] = [];
  const driver: MachineDriver<string, Echo> = new MachineDriver(new Echo(), clock, (word) => {
    heard.push(word);
    carryOut?.(driver, word);
  });
  return { clock, heard, driver, echo: driver.machine };
}

describe('MachineDriver', () => {
  it('gives back what the action gives, and carries out what it caused, in order', () => {
    const { driver, heard } = rig();
    expect(driver.run((echo) => (echo.say('a', 'b'), 7))).toBe(7);
    expect(heard).toEqual(['a', 'b']);
  });

  it('tells how long the machine has nothing to do', () => {
    const clock = new ManualClock();
    const waits: number[] = [];
    const driver = new MachineDriver(
      new Echo(),
      clock,
      () => undefined,
      (milliseconds) => waits.push(milliseconds),
    );
    driver.run(() => undefined);
    driver.run((echo) => (echo.deadline = 250));
    clock.advance(100);
    driver.run((echo) => echo.say('a'));
    clock.advance(150);
    expect(waits).toEqual([250, 150]);
  });

  it('carries out nothing inside something else', () => {
    const { driver, heard } = rig((driver, word) => word === 'a' && driver.run((echo) => echo.say('late')));
    driver.run((echo) => echo.say('a', 'b'));
    expect(heard).toEqual(['a', 'b', 'late']);
  });

  it.each([
    ['set once', [100], [100]],
    ['moved back: the early wake finds nothing due', [100, 300], [100, 300]],
    ['moved forward', [300, 100], [100]],
    ['taken away: the early wake finds nothing due', [100, undefined], [100]],
    ['never set', [undefined], []],
  ])('wakes at a deadline %s', (_, deadlines, wakes) => {
    const { driver, clock, echo } = rig();
    for (const deadline of deadlines) driver.run((machine) => (machine.deadline = deadline));
    expect(clock.pending).toBeLessThanOrEqual(1);
    clock.advance(1000);
    expect(echo.wakes).toEqual(wakes);
    expect(clock.pending).toBe(0);
  });

  it('does nothing more once stopped', () => {
    const { driver, clock, echo, heard } = rig((driver, word) => word === 'stop' && driver.stop());
    driver.run((machine) => {
      machine.deadline = 100;
      machine.say('stop', 'lost');
    });
    clock.advance(1000);
    expect(heard).toEqual(['stop']);
    expect(echo.wakes).toEqual([]);
  });
});
