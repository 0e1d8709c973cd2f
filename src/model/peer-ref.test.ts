import { describe, expect, it } from 'vitest';
import { addressFrom } from './address.ts';
import { type PeerRef, peerPrefix } from './peer-ref.ts';

function peer(ip: string, commonName: string | undefined): PeerRef {
  return { session: 1, clientId: 0, address: addressFrom('udp', ip, 36_427), commonName };
}

describe('peerPrefix', () => {
  it.each([
    ['10.99.0.2', undefined, '10.99.0.2:36427'],
    ['10.99.0.2', 'client1', 'client1/10.99.0.2:36427'],
    ['fd99::2', 'alice', 'alice/fd99::2'],
    ['::ffff:10.99.0.2', 'alice', 'alice/10.99.0.2:36427'],
    ['10.99.0.2', 'a b/c: d', 'a b/c: d/10.99.0.2:36427'],
  ])('of %s and %s is %s', (ip, commonName, prefix) => {
    expect(peerPrefix(peer(ip, commonName))).toBe(prefix);
  });

  it('is cut at 255 characters', () => {
    expect(peerPrefix(peer('10.99.0.2', 'x'.repeat(300)))).toBe('x'.repeat(255));
  });
});
