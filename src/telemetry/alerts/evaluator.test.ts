import { describe, expect, it } from 'vitest';
import { at } from '../testing.ts';
import { Evaluator } from './evaluator.ts';
import type { RuleSettings } from './rule.ts';
import { RULES } from './table.ts';

const SETTINGS = { rules: RULES, settings: { site: {}, daemons: new Map() }, runbookUrl: 'https://example.test/' };

function withChanges(site: RuleSettings['site']): typeof SETTINGS {
  return { ...SETTINGS, settings: { site, daemons: new Map() } };
}

/** Takes a sample of `tunnelscope_up` and evaluates; gives `state rule` of what changed. */
function round(evaluator: Evaluator, seconds: number, up: number | undefined): string[] {
  evaluator.store.begin(at(seconds).at);
  if (up !== undefined) evaluator.store.sample('tunnelscope_up', ['daemon'], ['vpn'], up);
  evaluator.store.end();
  return evaluator.evaluate(at(seconds)).map(({ rule, state }) => `${state} ${rule}`);
}

describe('an evaluator', () => {
  it('keeps an alert pending for as long as its rule says, then fires, then says that it is over', () => {
    const evaluator = new Evaluator(SETTINGS);
    expect(round(evaluator, 0, 0)).toEqual([]);
    expect([...evaluator.alerts].map(({ state, since }) => [state, since])).toEqual([['pending', undefined]]);
    expect(round(evaluator, 45, 0)).toEqual([]);
    expect(round(evaluator, 60, 0)).toEqual(['firing OpenVPNDown']);
    expect(round(evaluator, 75, 0)).toEqual([]);
    expect(round(evaluator, 90, 1)).toEqual(['resolved OpenVPNDown']);
    expect([...evaluator.alerts]).toEqual([]);
  });

  it('says nothing of what was pending only', () => {
    const evaluator = new Evaluator(SETTINGS);
    expect([round(evaluator, 0, 0), round(evaluator, 30, 1), round(evaluator, 60, 0), round(evaluator, 110, 0)]).toEqual([[], [], [], []]);
  });

  it('ends what is about a daemon that is gone', () => {
    const evaluator = new Evaluator(SETTINGS);
    round(evaluator, 0, 0);
    round(evaluator, 60, 0);
    expect(round(evaluator, 75, undefined)).toEqual(['resolved OpenVPNDown']);
  });

  it('tells labels, texts and times', () => {
    const evaluator = new Evaluator(SETTINGS);
    round(evaluator, 0, 0);
    evaluator.store.begin(at(60).at);
    evaluator.store.sample('tunnelscope_up', ['daemon'], ['vpn'], 0);
    evaluator.store.end();
    const [notice] = evaluator.evaluate(at(60));
    expect(Object.fromEntries(notice?.labels ?? [])).toEqual({
      alertname: 'OpenVPNDown',
      category: 'connection',
      daemon: 'vpn',
      severity: 'critical',
    });
    expect(notice?.annotations.get('summary')).toBe('vpn is down');
    expect(notice?.annotations.get('runbook_url')).toBe('https://example.test/#openvpndown');
    expect([notice?.since, notice?.ended, notice?.value]).toEqual([at(60).wall, undefined, 0]);
    expect(notice?.fingerprint).toMatch(/^[0-9a-f]{16}$/);
  });

  it('goes on with alerts under another configuration, and ends what that does not find', () => {
    const evaluator = new Evaluator(SETTINGS);
    round(evaluator, 0, 0);
    round(evaluator, 60, 0);
    evaluator.configure(withChanges({ OpenVPNDown: { hold: 3600 } }), at(61));
    expect(round(evaluator, 75, 0)).toEqual([]);
    expect([...evaluator.alerts].map(({ state }) => state)).toEqual(['firing']);
    evaluator.configure(withChanges({ OpenVPNDown: { off: true } }), at(80));
    expect(round(evaluator, 90, 0)).toEqual([]);
    expect(round(evaluator, 400, 0)).toEqual(['resolved OpenVPNDown']);
  });

  it('goes on where a former run ended, without telling again', () => {
    const before = new Evaluator(SETTINGS);
    round(before, 0, 0);
    round(before, 60, 0);
    const kept: unknown = JSON.parse(JSON.stringify(before.snapshot()));
    const after = new Evaluator(SETTINGS);
    after.restore(kept as ReturnType<Evaluator['snapshot']>, at(100));
    expect(after.firing().map(({ rule, since }) => [rule, since])).toEqual([['OpenVPNDown', at(60).wall]]);
    // Nothing is known yet: that is no end.
    expect(round(after, 115, undefined)).toEqual([]);
    expect(round(after, 130, 0)).toEqual([]);
    expect(round(after, 145, 1)).toEqual(['resolved OpenVPNDown']);
  });

  it('restores the time that something was pending for', () => {
    const before = new Evaluator(SETTINGS);
    round(before, 0, 0);
    const after = new Evaluator(SETTINGS);
    after.restore(before.snapshot(), at(30));
    expect(round(after, 45, 0)).toEqual([]);
    expect(round(after, 60, 0)).toEqual(['firing OpenVPNDown']);
  });

  it('ends restored alerts that are never found again', () => {
    const before = new Evaluator(SETTINGS);
    round(before, 0, 0);
    round(before, 60, 0);
    const after = new Evaluator(SETTINGS);
    after.restore(before.snapshot(), at(100));
    expect([round(after, 115, 1), round(after, 399, 1), round(after, 400, 1)]).toEqual([[], [], ['resolved OpenVPNDown']]);
  });
});

describe('samples', () => {
  it('are no more series than may be', () => {
    const { store } = new Evaluator(SETTINGS);
    for (let second = 0; second < 3; second++) {
      store.begin(second * 1000);
      for (let index = 0; index < 250_000; index++) store.sample('tunnelscope_up', ['daemon'], [`d${index}`], 1);
      store.end();
    }
    expect(store.size).toBe(200_000);
    expect(store.leftOut).toBe(150_000);
  });
});
