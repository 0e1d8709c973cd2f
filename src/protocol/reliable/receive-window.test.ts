import { describe, expect, it } from 'vitest';
import { OP } from '../opcodes.ts';
import { ReceiveWindow } from './receive-window.ts';

/** A message that carries its own id, for telling which came out. */
function message(id: number): { opcode: typeof OP.control; payload: Buffer } {
  return { opcode: OP.control, payload: Buffer.from([id]) };
}

/** Steps: `3` accepts id 3 and must be new, `3r` a repeat, `3o` outside; `>` takes one, `>3` must give 3, `>-` nothing. */
function run(window: ReceiveWindow, script: string): string {
  return script
    .split(' ')
    .map((step) => {
      if (step.startsWith('>')) return `>${window.take()?.payload[0] ?? '-'}`;
      const id = Number.parseInt(step, 10);
      return `${id}${{ new: '', repeat: 'r', outside: 'o' }[window.accept(id, message(id))]}`;
    })
    .join(' ');
}

describe('ReceiveWindow', () => {
  it.each([
    ['gives messages in order', '0 >0 1 2 >1 >2 >-'],
    ['holds back what came early', '1 2 >- 0 >0 >1 >2 >-'],
    ['knows repeats, waiting or given', '0 0r >0 0r 1 >1 0r 1r >-'],
    ['keeps twelve ids from the next expected on', '11 12o 0 12o >0 12 13o >-'],
    ['has no room again until messages are taken', '0 1 12o 13o >0 >1 12 13 14o'],
    ['is not led astray by the greatest id', '4294967295o 0 >0'],
  ])('%s', (_, script) => {
    expect(run(new ReceiveWindow(), script)).toBe(script);
  });

  it('starts behind the reset where that was answered without state', () => {
    const script = '0r 1 >1 13 14o';
    expect(run(new ReceiveWindow(1), script)).toBe(script);
  });
});
