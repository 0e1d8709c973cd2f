import { describe, expect, it } from 'vitest';
import { Notes } from '../messages/notes.ts';
import { HoldGate } from './hold.ts';

function gate(attended: boolean) {
  const events: unknown[] = [];
  const noted: string[] = [];
  const notes = new Notes(15, ({ row }) => noted.push(row.id));
  return { hold: new HoldGate({ notes, emit: (event) => events.push(event), attended: () => attended }), events, noted };
}

describe('HoldGate', () => {
  it('is open unless the flag is set', () => {
    const { hold } = gate(true);
    expect([hold.closed, hold.handle('show')]).toEqual([false, { kind: 'value', value: 0 }]);
    hold.set(true);
    expect([hold.closed, hold.handle('show')]).toEqual([true, { kind: 'value', value: 1 }]);
    expect([hold.handle('off'), hold.closed, hold.handle('on'), hold.closed]).toMatchObject([{}, false, {}, true]);
  });

  it('waits for a release, prompts, and says when nobody is there', () => {
    const { hold, events, noted } = gate(false);
    hold.set(true);
    let released = 0;
    hold.wait(1, () => released++);
    expect([hold.holding, noted, events]).toEqual([
      true,
      ['start.hold-waiting'],
      [{ kind: 'prompt', text: 'HOLD:Waiting for hold release:1' }],
    ]);
    hold.handle('release');
    expect([released, hold.holding, events.at(-1)]).toEqual([1, false, { kind: 'prompt', text: undefined }]);
    hold.handle('release');
    expect(released).toBe(1);
  });

  it('keeps a release until the next restart', () => {
    const { hold, noted } = gate(true);
    hold.set(true);
    hold.handle('release');
    expect(hold.closed).toBe(false);
    hold.rearm();
    expect([hold.closed, noted]).toEqual([true, []]);
  });

  it('can be given up, which ends the prompt and releases nothing', () => {
    const { hold, events } = gate(true);
    hold.set(true);
    let released = 0;
    const cancel = hold.wait(0, () => released++);
    hold.remind();
    cancel();
    expect([released, hold.holding, events.length, events.at(-1)]).toEqual([0, false, 3, { kind: 'prompt', text: undefined }]);
  });
});
