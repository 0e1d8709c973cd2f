import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from './secret.ts';

describe('Secret', () => {
  const secret = new Secret('hunter2');

  it('gives its value to who asks for it', () => {
    expect(secret.reveal()).toBe('hunter2');
    const key = Buffer.from([1, 2, 3]);
    expect(new Secret(key).reveal()).toBe(key);
  });

  it.each([
    ['a template', () => `${secret}`],
    ['String', () => String(secret)],
    ['JSON', () => JSON.stringify({ password: secret })],
    ['inspect', () => inspect({ password: secret }, { depth: 9, showHidden: true })],
    ['an error', () => inspect(new Error(`bad ${secret}`, { cause: secret }))],
    ['its properties', () => inspect([Object.entries(secret), Object.getOwnPropertyNames(secret)])],
    ['a copy', () => inspect({ ...secret })],
  ])('does not show in %s', (_where, show) => {
    expect(show()).not.toContain('hunter2');
  });

  it('says that there was one', () => {
    expect([`${secret}`, JSON.stringify(secret), inspect(secret)]).toEqual(['[secret]', '"[secret]"', '[secret]']);
  });
});
