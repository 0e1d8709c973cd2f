import { describe, expect, it } from 'vitest';
import { seconds } from '../../base/units.ts';
import { at } from '../testing.ts';
import { Grouping } from './grouping.ts';
import type { AlertNotice } from './notice.ts';

const OPTIONS = { by: ['daemon'], wait: seconds(10), interval: seconds(60), repeat: seconds(3600) };

function notice(rule: string, daemon: string, state: AlertNotice['state'] = 'firing'): AlertNotice {
  return {
    rule,
    state,
    labels: new Map([
      ['alertname', rule],
      ['daemon', daemon],
    ]),
    annotations: new Map(),
    since: at(0).wall,
    ended: state === 'firing' ? undefined : at(1).wall,
    value: 1,
    fingerprint: `${rule} ${daemon}`,
  };
}

class Rig {
  readonly silenced = new Set<string>();
  readonly grouping = new Grouping(OPTIONS, ({ rule }) => this.silenced.has(rule));

  handle(second: number, ...notices: readonly AlertNotice[]): void {
    for (const one of notices) this.grouping.handle(one, at(second));
  }

  /** What is told: `daemon: state rule, ...`, with a mark when nothing changed. */
  told(second: number): string[] {
    return this.grouping
      .poll(at(second))
      .map(
        ({ labels, notices, repeated }) =>
          `${labels.get('daemon')}: ${notices.map(({ state, rule }) => `${state} ${rule}`).join(', ')}${repeated ? ' again' : ''}`,
      );
  }
}

describe('groups of alerts', () => {
  it('wait for others, and are told of together', () => {
    const rig = new Rig();
    rig.handle(0, notice('A', 'one'));
    rig.handle(5, notice('B', 'one'), notice('A', 'two'));
    expect(rig.grouping.nextDeadline()).toBe(at(10).at);
    expect(rig.told(9)).toEqual([]);
    expect(rig.told(10)).toEqual(['one: firing A, firing B']);
    expect(rig.told(15)).toEqual(['two: firing A']);
  });

  it('are told of changes no more often than every interval', () => {
    const rig = new Rig();
    rig.handle(0, notice('A', 'one'));
    rig.told(10);
    rig.handle(20, notice('B', 'one'));
    rig.handle(30, notice('A', 'one', 'resolved'));
    expect(rig.told(69)).toEqual([]);
    expect(rig.told(70)).toEqual(['one: resolved A, firing B']);
    rig.handle(200, notice('B', 'one', 'resolved'));
    expect(rig.told(200)).toEqual(['one: resolved B']);
    expect(rig.grouping.nextDeadline()).toBeUndefined();
  });

  it('are told again as long as they fire', () => {
    const rig = new Rig();
    rig.handle(0, notice('A', 'one'));
    rig.told(10);
    const again: number[] = [];
    for (let second = 11; second < 8000; second++) if (rig.told(second).length > 0) again.push(second);
    expect(again).toEqual([3610, 7210]);
  });

  it('leave out what ended before anybody was told', () => {
    const rig = new Rig();
    rig.handle(0, notice('A', 'one'));
    rig.handle(5, notice('A', 'one', 'resolved'));
    expect(rig.told(10)).toEqual([]);
    expect(rig.grouping.nextDeadline()).toBeUndefined();
  });

  it('leave out what is silenced until it is not, but say that it is over to who was told of it', () => {
    const rig = new Rig();
    rig.silenced.add('A');
    rig.handle(0, notice('A', 'one'), notice('B', 'one'));
    expect(rig.told(10)).toEqual(['one: firing B']);
    rig.silenced.clear();
    expect(rig.told(70)).toEqual(['one: firing A, firing B']);
    rig.silenced.add('A');
    rig.handle(100, notice('A', 'one', 'resolved'));
    expect(rig.told(130)).toEqual(['one: resolved A, firing B']);
  });
});
