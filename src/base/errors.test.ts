import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, reasonOf, TunnelscopeError, unreachable } from './errors.ts';

describe('TunnelscopeError', () => {
  it('keeps code, text, cause and whose doing it is', () => {
    const cause = new Error('EADDRINUSE');
    const error = new TunnelscopeError('LISTEN', 'cannot listen on port 1194', { cause });
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.code, error.message, error.guilty]).toEqual([
      'TunnelscopeError',
      'LISTEN',
      'cannot listen on port 1194',
      'system',
    ]);
    expect(error.cause).toBe(cause);
  });

  it('has no cause when none is given', () => {
    expect('cause' in new TunnelscopeError('CLI', 'x')).toBe(false);
  });
});

describe('the table', () => {
  it.each(Object.entries(ERRORS))('%s has a name for programs and a meaning for people', (code, { meaning }) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9_]+$/);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
    expect(new TunnelscopeError(code as ErrorCode, '').code).toBe(code);
  });
});

describe('reasonOf', () => {
  it.each([
    [new Error('broken'), 'broken'],
    [new TunnelscopeError('TUN', 'no device'), 'no device'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [{ toString: (): string => 'odd' }, 'odd'],
  ])('of %s is %s', (thrown, reason) => {
    expect(reasonOf(thrown)).toBe(reason);
  });
});

describe('unreachable', () => {
  it('names the value that should not be', () => {
    expect(() => unreachable('sideways' as never)).toThrow('unexpected value "sideways"');
  });
});
