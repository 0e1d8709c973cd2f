import { describe, expect, it } from 'vitest';
import { failureFrom, failureOf, formatFailure } from './errno.ts';

describe('failures of system calls', () => {
  it.each([
    [98, 'EADDRINUSE', 'Address already in use (errno=98)'],
    [1, 'EPERM', 'Operation not permitted (errno=1)'],
    [2, 'ENOENT', 'No such file or directory (errno=2)'],
    [16, 'EBUSY', 'Device or resource busy (errno=16)'],
    [9999, '', 'Unknown error 9999 (errno=9999)'],
  ])('%i is %s', (errno, code, text) => {
    expect(failureOf(errno).code).toBe(code);
    expect(formatFailure(failureOf(errno))).toBe(text);
  });

  it.each([
    [Object.assign(new Error('bind EADDRINUSE'), { errno: -98, code: 'EADDRINUSE' }), 'Address already in use (errno=98)'],
    [Object.assign(new Error('x'), { code: 'EACCES' }), 'Permission denied'],
    [new Error('something else'), 'something else'],
    ['text', 'text'],
  ])('%s is read', (thrown, text) => {
    expect(formatFailure(failureFrom(thrown))).toBe(text);
  });
});
