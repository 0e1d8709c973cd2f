import { describe, expect, it } from 'vitest';
import { seconds } from '../../base/units.ts';
import { ManualClock } from '../../host/clock.ts';
import { Notes } from '../../messages/notes.ts';
import { renderRow } from '../../messages/row.ts';
import { HoldGate } from '../hold.ts';
import { Interrupts } from './interrupts.ts';
import { Pauses } from './pauses.ts';

function made(held: boolean) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const notes = new Notes(4, ({ row, args }) => lines.push(renderRow(row, args)));
  const hold = new HoldGate({ notes, emit: () => undefined, attended: () => true });
  hold.set(held);
  const interrupts = new Interrupts();
  const pauses = new Pauses({ clock, notes, hold, interrupts, managed: () => true });
  return { clock, lines, hold, interrupts, pauses };
}

/** What has settled by now. */
async function settled(waiting: Promise<unknown>): Promise<boolean> {
  return Promise.race([waiting.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

describe('a client between two attempts', () => {
  it('waits for its time, and says so', async () => {
    const { clock, lines, pauses } = made(false);
    const waiting = pauses.between(seconds(5), false);
    await settled(waiting);
    expect(lines).toEqual(['Restart pause, 5 second(s)']);
    clock.advance(4999);
    expect(await settled(waiting)).toBe(false);
    clock.advance(1);
    expect(await settled(waiting)).toBe(true);
  });

  it('goes on at once where its time has passed already', async () => {
    const { lines, pauses } = made(false);
    expect(await settled(pauses.between(seconds(0), false))).toBe(true);
    expect(lines).toEqual([]);
  });

  it('with a hold waits for the release alone', async () => {
    const { hold, lines, pauses } = made(true);
    const waiting = pauses.between(seconds(5), false);
    expect(await settled(waiting)).toBe(false);
    hold.handle('release');
    expect(await settled(waiting)).toBe(true);
    expect(lines).toEqual([]);
  });

  it('with a hold and a reload waits for both', async () => {
    const { clock, hold, pauses } = made(true);
    const waiting = pauses.between(seconds(1), true);
    await settled(waiting);
    hold.handle('release');
    expect(await settled(waiting)).toBe(false);
    clock.advance(1000);
    expect(await settled(waiting)).toBe(true);
  });

  it.each([
    ['SIGTERM', true],
    ['SIGUSR1', false],
  ] as const)('ends its wait, or not, by %s', async (name, ends) => {
    for (const held of [true, false]) {
      const { interrupts, pauses } = made(held);
      const waiting = pauses.between(seconds(5), false);
      await settled(waiting);
      interrupts.add({ name, source: 'hard', reason: '' });
      expect(await settled(waiting)).toBe(ends);
    }
  });
});
