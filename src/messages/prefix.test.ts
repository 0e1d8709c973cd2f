import { describe, expect, it } from 'vitest';
import { prefixesOf } from './prefix.ts';

describe('prefixesOf', () => {
  it.each([
    ['10.99.0.2:36427 x', undefined, '10.99.0.2:36427', '10.99.0.2', 36_427],
    ['client1/10.99.0.2:36427 x', 'client1', '10.99.0.2:36427', '10.99.0.2', 36_427],
    ['fd99::2 x', undefined, 'fd99::2', 'fd99::2', undefined],
    ['alice/fd99::2 x', 'alice', 'fd99::2', 'fd99::2', undefined],
    ['fe80::1%eth0 x', undefined, 'fe80::1%eth0', 'fe80::1%eth0', undefined],
    ['udp4:10.99.0.2:57366 x', undefined, 'udp4:10.99.0.2:57366', '10.99.0.2', 57_366],
    ['a b/tcp4-server:10.99.0.2:45358 x', 'a b', 'tcp4-server:10.99.0.2:45358', '10.99.0.2', 45_358],
    ['udp6:[fd99::2]:36295 x', undefined, 'udp6:[fd99::2]:36295', 'fd99::2', 36_295],
    ['udp6:10.99.0.2:57026 x', undefined, 'udp6:10.99.0.2:57026', '10.99.0.2', 57_026],
    ['alice/udp4:10.99.0.2:1 rx-peer-id=3 x', 'alice', 'udp4:10.99.0.2:1', '10.99.0.2', 1],
    ['Sales: north/ Al/10.99.0.2:1 x', 'Sales: north/ Al', '10.99.0.2:1', '10.99.0.2', 1],
  ])('reads %s', (text, commonName, address, ip, port) => {
    expect([...prefixesOf(text)]).toEqual([{ peer: { commonName, address, ip, port }, text: 'x' }]);
  });

  it.each([
    'Initialization Sequence Completed',
    'MULTI: Learn: 10.8.0.2 -> alice/10.99.0.2:37930',
    'peer 0 (alice) floated from 10.99.0.2:1 to 10.99.0.3:1',
    'face: not an address',
    '999.1.1.1:5 x',
    'udp4:hello:5 x',
    '/10.99.0.2:1 x',
    '10.99.0.2:1',
    ' 10.99.0.2:1 x',
    '',
  ])('sees none in %j', (text) => {
    expect([...prefixesOf(text)]).toEqual([]);
  });

  it('gives every reading, earliest first, when a name is made to look like a prefix', () => {
    const readings = [...prefixesOf('a/10.0.0.1:1 b/10.0.0.2:2 x')];
    expect(readings.map(({ peer, text }) => [peer.commonName, peer.ip, text])).toEqual([
      ['a', '10.0.0.1', 'b/10.0.0.2:2 x'],
      ['a/10.0.0.1:1 b', '10.0.0.2', 'x'],
    ]);
  });

  it('looks no further than a prefix can reach', () => {
    expect([...prefixesOf(`${'a'.repeat(300)}/10.0.0.1:1 x`)]).toEqual([]);
  });
});
