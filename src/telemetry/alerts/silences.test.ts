import { describe, expect, it } from 'vitest';
import { wall } from '../testing.ts';
import { Silences, type SilenceMatcher, type SilenceRequest } from './silences.ts';

const LABELS = new Map([
  ['alertname', 'OpenVPNDown'],
  ['daemon', 'branch-1'],
]);

function matcher(name: string, value: string, changes: Partial<SilenceMatcher> = {}): SilenceMatcher {
  return { name, value, isRegex: false, isEqual: true, ...changes };
}

function request(changes: Partial<SilenceRequest> = {}): SilenceRequest {
  return { matchers: [matcher('daemon', 'branch-1')], starts: wall(0), ends: wall(600), by: 'ops', comment: '', ...changes };
}

describe('silences', () => {
  it.each([
    ['an equal label', [matcher('daemon', 'branch-1')], true],
    ['another label', [matcher('daemon', 'branch')], false],
    ['a pattern of the whole value', [matcher('daemon', 'branch-.', { isRegex: true })], true],
    ['a pattern of a part', [matcher('daemon', 'branch', { isRegex: true })], false],
    ['what must not be', [matcher('daemon', 'branch-1', { isEqual: false })], false],
    ['a pattern that must not be', [matcher('daemon', 'x.*', { isRegex: true, isEqual: false })], true],
    ['a label that is not there', [matcher('user', '')], true],
    ['all of several', [matcher('daemon', 'branch-1'), matcher('alertname', 'Other')], false],
  ])('go by %s', (_what, matchers, expected) => {
    const silences = new Silences();
    expect(silences.add(request({ matchers }), wall(0)).ok).toBe(true);
    expect(silences.by(LABELS, wall(1)).length > 0).toBe(expected);
  });

  it('begin and end in their time, or when they are removed', () => {
    const silences = new Silences();
    const taken = silences.add(request({ starts: wall(100) }), wall(0));
    const id = taken.ok ? taken.value.id : '';
    expect([99, 100, 599, 600].map((second) => silences.by(LABELS, wall(second)).length)).toEqual([0, 1, 1, 0]);
    expect([silences.remove(id), silences.remove(id)]).toEqual([true, false]);
    expect(silences.by(LABELS, wall(200))).toEqual([]);
  });

  it.each([
    ['none to match', { matchers: [] }],
    ['an end before the start', { ends: wall(-1) }],
    ['no label', { matchers: [matcher('no label', '')] }],
    ['a broken pattern', { matchers: [matcher('daemon', '(', { isRegex: true })] }],
    ['a pattern that takes for ever', { matchers: [matcher('daemon', '(a+)+b', { isRegex: true })] }],
    ['a pattern that takes long', { matchers: [matcher('daemon', 'a*a*a*b', { isRegex: true })] }],
    ['a long value', { matchers: [matcher('daemon', 'x'.repeat(300))] }],
    ['a long name', { by: 'x'.repeat(300) }],
  ])('refuse %s', (_what, changes) => {
    expect(new Silences().add(request(changes), wall(0)).ok).toBe(false);
  });

  it('are no more than a thousand', () => {
    const silences = new Silences();
    for (let index = 0; index < 1000; index++) silences.add(request(), wall(0));
    expect(silences.add(request(), wall(0))).toEqual({ ok: false, error: expect.stringContaining('1000') });
    expect(new Set(silences.all.map(({ id }) => id)).size).toBe(1000);
  });

  it('are restored, those that ended left out', () => {
    const before = new Silences();
    before.add(request(), wall(0));
    before.add(request({ ends: wall(50) }), wall(0));
    const after = new Silences();
    after.restore(before.all, wall(60));
    expect(after.all).toEqual([before.all[0]]);
    expect(after.by(LABELS, wall(61))).toHaveLength(1);
  });
});
