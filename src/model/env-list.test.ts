import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EnvList } from './env-list.ts';

describe('EnvList', () => {
  it('gives the newest first, where setting again makes new', () => {
    const env = new EnvList([
      ['a', '1'],
      ['b', '2'],
    ]);
    env.set('c', 3).set('a', '4');
    expect(env.newestFirst()).toEqual([
      ['a', '4'],
      ['c', '3'],
      ['b', '2'],
    ]);
  });

  it('removes what is set to undefined', () => {
    const env = new EnvList([['a', '1']]).set('a', undefined).set('never', undefined);
    expect(env.newestFirst()).toEqual([]);
    expect(env.get('a')).toBeUndefined();
  });

  it('keeps an empty value', () => {
    expect(new EnvList().set('a', '').get('a')).toBe('');
  });

  it('lets no control character through, so that a value stays on its line', () => {
    expect(new EnvList().set('a', 'x\r\n>CLIENT:ENV,END\u0000\u007fä').get('a')).toBe('x__>CLIENT:ENV,END__ä');
  });

  it('is copied apart', () => {
    const first = new EnvList([['a', '1']]);
    const second = first.clone().set('b', '2').set('a', '9');
    expect(first.newestFirst()).toEqual([['a', '1']]);
    expect(second.toObject()).toEqual({ a: '9', b: '2' });
  });

  it('takes names that objects treat as their own', () => {
    const object = new EnvList([['__proto__', 'x']]).toObject();
    expect(Object.entries(object)).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
  });

  it('is a list of its own, however copies were made and changed', () => {
    const step = fc.record({
      copy: fc.boolean(),
      at: fc.nat(7),
      name: fc.constantFrom('a', 'b', 'c'),
      value: fc.constantFrom(undefined, '1', '2', ''),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const all = [{ env: new EnvList(), model: [] as [string, string][] }];
        for (const { copy, at, name, value } of steps) {
          const one = all[at % all.length];
          if (one === undefined) continue;
          if (copy) all.push({ env: one.env.clone(), model: [...one.model] });
          one.env.set(name, value);
          one.model = one.model.filter(([known]) => known !== name);
          if (value !== undefined) one.model.push([name, value]);
        }
        for (const { env, model } of all) {
          expect(env.newestFirst()).toEqual(model.toReversed());
          for (const name of ['a', 'b', 'c']) expect(env.get(name)).toBe(model.find(([known]) => known === name)?.[1]);
        }
      }),
    );
  });
});
