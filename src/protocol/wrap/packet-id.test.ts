import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { at } from '../../../test/support/time.ts';
import { PacketIdCounter, PacketIdWindow } from './packet-id.ts';

describe('PacketIdCounter', () => {
  it('starts at 1 and keeps the time of the first packet', () => {
    const counter = new PacketIdCounter();
    expect(counter.next(at(0))).toEqual({ counter: 1, time: 0x6500_0000 });
    expect(counter.next(at(90_000))).toEqual({ counter: 2, time: 0x6500_0000 });
  });

  it('goes on after what was sent before', () => {
    expect(new PacketIdCounter(1).next(at(0)).counter).toBe(2);
  });

  it('starts over with a later time when it has run out, though the clock stands', () => {
    const counter = new PacketIdCounter(0xffff_fffe);
    expect(counter.next(at(0))).toEqual({ counter: 0xffff_ffff, time: 0x6500_0000 });
    expect(counter.next(at(0))).toEqual({ counter: 1, time: 0x6500_0001 });
  });
});

describe('PacketIdWindow', () => {
  /** Each step is an id as time/counter, accepted (+) or refused (-). */
  const CASES: readonly (readonly [string, string])[] = [
    ['in order', '5/1+ 5/2+ 5/3+'],
    ['a repeat', '5/1+ 5/1- 5/2+ 5/1-'],
    ['late but not seen', '5/10+ 5/9+ 5/3+ 5/9-'],
    ['63 behind is inside, 64 is not', '5/100+ 5/37+ 5/36- 5/37-'],
    ['a jump past the window forgets nothing it must know', '5/1+ 5/200+ 5/1- 5/137+ 5/136- 5/200-'],
    ['a jump of exactly the window', '5/1+ 5/65+ 5/1- 5/2+'],
    ['zero is no id', '5/0- 5/1+'],
    ['a later time starts over', '5/7+ 6/1+ 6/1- 6/2+'],
    ['an earlier time never', '6/1+ 5/2- 5/100-'],
    ['the greatest counter', '5/4294967295+ 5/4294967295- 5/4294967294+'],
  ];

  it.each(CASES)('%s', (_, script) => {
    const window = new PacketIdWindow();
    const outcome = script.split(' ').map((step) => {
      const [time, counter] = step.slice(0, -1).split('/').map(Number);
      return `${time}/${counter}${window.accept({ time: time ?? 0, counter: counter ?? 0 }) ? '+' : '-'}`;
    });
    expect(outcome.join(' ')).toBe(script);
  });

  it('accepts no id twice, in whatever order ids come', () => {
    const id = fc.record({ time: fc.integer({ min: 1, max: 3 }), counter: fc.integer({ min: 0, max: 150 }) });
    fc.assert(
      fc.property(fc.array(id, { maxLength: 200 }), (ids) => {
        const window = new PacketIdWindow();
        const accepted = ids.filter((each) => window.accept(each)).map((each) => `${each.time}/${each.counter}`);
        expect(new Set(accepted).size).toBe(accepted.length);
      }),
    );
  });

  it('accepts every id once when none comes more than 63 late', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { minLength: 1, maxLength: 100 }), (delays) => {
        const ids = delays.map((delay, index) => ({ counter: index + 1, arrives: index + delay })).sort((a, b) => a.arrives - b.arrives);
        const window = new PacketIdWindow();
        for (const { counter } of ids) expect(window.accept({ time: 9, counter })).toBe(true);
      }),
    );
  });
});
