import { describe, expect, it } from 'vitest';
import { at } from '../../test/support/time.ts';
import { tcpLink } from '../protocol/data/link.ts';
import { IdleLinks } from './idle-links.ts';

const links = [1, 2, 3].map((number) => tcpLink(number, '203.0.113.9', 40_000 + number, 'tcp-server'));

describe('IdleLinks', () => {
  it('gives each when its time is over, once', () => {
    const idle = new IdleLinks();
    expect(idle.nextDeadline()).toBeUndefined();
    for (const [index, link] of links.entries()) idle.add(link, at(300 - 100 * index).at);
    expect(idle.nextDeadline()).toBe(at(100).at);
    expect(idle.takeDue(at(99).at)).toEqual([]);
    expect(idle.takeDue(at(200).at).toSorted((a, b) => a.key.localeCompare(b.key))).toEqual([links[1], links[2]]);
    expect(idle.takeDue(at(200).at)).toEqual([]);
    expect(idle.nextDeadline()).toBe(at(300).at);
  });

  it('forgets those that got a client or closed', () => {
    const idle = new IdleLinks();
    for (const link of links) idle.add(link, at(100).at);
    for (const link of links) idle.delete(link);
    expect(idle.nextDeadline()).toBeUndefined();
    expect(idle.takeDue(at(1000).at)).toEqual([]);
  });
});
