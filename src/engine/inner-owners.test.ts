import { describe, expect, it } from 'vitest';
import { host, subnet } from '../../test/support/data-packets.ts';
import { formatRoute, hostRoute, InnerOwners, isHost } from './inner-owners.ts';

describe('inner routes', () => {
  it.each([
    ['10.8.0.2', host('10.8.0.2'), true],
    ['fd00::2', host('fd00::2'), true],
    ['10.66.0.0/24', subnet('10.66.0.0/24'), false],
    ['fd00:77::/64', subnet('fd00:77::/64'), false],
    ['0.0.0.0/0', subnet('0.0.0.0/0'), false],
  ])('are shown as %s', (text, route, single) => {
    expect(formatRoute(route)).toBe(text);
    expect(isHost(route)).toBe(single);
  });

  it('are made of addresses', () => {
    expect(hostRoute(Buffer.of(10, 8, 0, 2))).toEqual({ family: 4, network: Buffer.of(10, 8, 0, 2), bits: 32 });
    expect(hostRoute(Buffer.alloc(16))).toMatchObject({ family: 6, bits: 128 });
  });
});

describe('their owners', () => {
  it('are the newest learners, who are told of the one before', () => {
    const owners = new InnerOwners<string>();
    expect(owners.learn(host('10.8.0.2'), 'alice')).toBeUndefined();
    expect(owners.learn(host('10.8.0.2'), 'alice')).toBeUndefined();
    expect(owners.learn(host('10.8.0.2'), 'bob')).toBe('alice');
    expect(owners.ownerOf(host('10.8.0.2'))).toBe('bob');
  });

  it('hold a host and a subnet of the same address apart', () => {
    const owners = new InnerOwners<string>();
    owners.learn(subnet('10.8.0.0/24'), 'alice');
    expect(owners.learn(host('10.8.0.0'), 'bob')).toBeUndefined();
    expect(owners.ownerOf(subnet('10.8.0.0/24'))).toBe('alice');
  });

  it('lose only what is still theirs', () => {
    const owners = new InnerOwners<string>();
    owners.learn(host('10.8.0.2'), 'alice');
    owners.learn(host('10.8.0.3'), 'alice');
    owners.learn(host('10.8.0.3'), 'bob');
    owners.forget([host('10.8.0.2'), host('10.8.0.3'), host('10.8.0.4')], 'alice');
    expect([owners.ownerOf(host('10.8.0.2')), owners.ownerOf(host('10.8.0.3'))]).toEqual([undefined, 'bob']);
  });
});
