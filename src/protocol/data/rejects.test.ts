import { describe, expect, it } from 'vitest';
import type { Instant } from '../../base/units.ts';
import { RejectLog } from './rejects.ts';

const at = (milliseconds: number): Instant => milliseconds as Instant;
const named = (detail: string) => () => ({ detail, link: undefined });

describe('the log of rejects', () => {
  it('tells the first at once, then one sum a second with the first of it', () => {
    const log = new RejectLog();
    expect(log.add('replay', at(0), named('#4'))).toEqual({ reason: 'replay', count: 1, detail: '#4', link: undefined });
    expect(log.nextDeadline()).toBeUndefined();
    for (let i = 5; i < 105; i++) expect(log.add('replay', at(i), named(`#${i}`))).toBeUndefined();
    expect(log.nextDeadline()).toBe(at(1000));
    expect(log.take(at(999))).toEqual([]);
    expect(log.take(at(1000))).toEqual([{ reason: 'replay', count: 100, detail: '#5', link: undefined }]);
    expect(log.nextDeadline()).toBeUndefined();
    expect(log.add('replay', at(1500), named('#200'))).toBeUndefined();
    expect(log.nextDeadline()).toBe(at(2000));
    expect(log.take(at(2000))).toMatchObject([{ count: 1, detail: '#200' }]);
    expect(log.add('replay', at(3000), named('#300'))).toMatchObject({ count: 1, detail: '#300' });
  });

  it('keeps reasons apart', () => {
    const log = new RejectLog();
    log.add('replay', at(0), named('a'));
    expect(log.add('unauthentic', at(1), named('b'))).toMatchObject({ reason: 'unauthentic' });
    log.add('unauthentic', at(2), named('c'));
    log.add('replay', at(3), named('d'));
    expect(log.nextDeadline()).toBe(at(1000));
    expect(log.take(at(1000))).toMatchObject([{ reason: 'replay', detail: 'd' }]);
    expect(log.take(undefined)).toMatchObject([{ reason: 'unauthentic', detail: 'c' }]);
  });

  it('describes only the packets that it tells of', () => {
    const log = new RejectLog();
    let described = 0;
    const describe = (): { detail: string; link: undefined } => {
      described++;
      return { detail: '', link: undefined };
    };
    for (let i = 0; i < 1000; i++) log.add('flood', at(0), describe);
    expect(described).toBe(2);
  });
});
