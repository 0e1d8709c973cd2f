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
});
