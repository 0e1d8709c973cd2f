import { describe, expect, it } from 'vitest';
import { recordedNotes } from '../../test/support/notes.ts';
import { at } from '../../test/support/time.ts';
import { MULTI } from '../messages/multi.ts';
import { Deframer } from '../protocol/framing.ts';
import { udpLink } from '../protocol/data/link.ts';
import type { PlaneEvent, RejectReason } from '../protocol/data/plane.ts';
import { Rejections } from './rejections.ts';

const LINK = udpLink('203.0.113.9', 9999);

function watching(wrap: 'none' | 'tls-auth' | 'tls-crypt' = 'none', muteReplayWarnings = false) {
  const { notes, lines } = recordedNotes();
  return { rejections: new Rejections({ control: { wrap: { kind: wrap } }, muteReplayWarnings }, notes), lines };
}

function rejected(reason: RejectReason, count: number, detail: string): Extract<PlaneEvent, { kind: 'rejected' }> {
  return { kind: 'rejected', slot: undefined, link: LINK, reason, count, detail };
}

describe('refused control packets', () => {
  it.each([
    [
      'none',
      'unwrap',
      'session-id not found in packet',
      ['Control packet from [AF_INET]203.0.113.9:9999 dropped: session-id not found in packet'],
    ],
    ['tls-auth', 'unwrap', 'hmac', ['TLS Error: incoming packet authentication failed from [AF_INET]203.0.113.9:9999']],
    [
      'tls-crypt',
      'unwrap',
      'packet too short',
      ['tls-crypt unwrap error: packet too short', 'TLS Error: tls-crypt unwrapping failed from [AF_INET]203.0.113.9:9999'],
    ],
    ['none', 'malformed', 'control body', ['TLS Error: reading acknowledgement record from packet']],
    ['none', 'key-id', '3', ['Control packet from [AF_INET]203.0.113.9:9999 dropped: key id 3']],
    ['none', 'window', '500', ['Control packet from [AF_INET]203.0.113.9:9999 dropped: window 500']],
  ] as const)('with %s, for %s, are said in the right words', (wrap, reason, detail, said) => {
    const { rejections, lines } = watching(wrap);
    rejections.control(reason, detail, LINK, undefined, at(0));
    expect(lines).toEqual(said);
  });

  it('turned away by a limit are said once in its own words, and summed up', () => {
    const { rejections, lines } = watching();
    for (let count = 0; count < 5; count++) rejections.limited('max-clients', at(count), MULTI.maxClients, { limit: 3 });
    rejections.limited('float', at(5), MULTI.floatRefused, { address: '[AF_INET]203.0.113.9:9999' });
    rejections.handleDeadline(at(10_000));
    expect(lines).toEqual([
      'MULTI: new incoming connection would exceed maximum number of clients (3)',
      'Disallow float to an address taken by another client [AF_INET]203.0.113.9:9999',
      'Refused 4 more packets like this: limit max-clients',
    ]);
  });

  it('of a stream that cannot be cut into packets are said in the words of stock; other ends of connections are not', () => {
    const { rejections, lines } = watching();
    const broken = new Deframer(1768);
    broken.push(Buffer.from([0xff, 0xff]));
    for (const reason of ['connection-reset', broken.broken ?? '', broken.broken ?? '']) {
      rejections.stream({ kind: 'link-closed', link: LINK, reason }, undefined, at(0));
    }
    expect(lines).toEqual([
      expect.stringMatching(/^WARNING: Bad encapsulated packet length from peer \(65535\), which must be > 0 and <= 1768 -- please ensure/),
    ]);
  });

  it('are said once in ten seconds for each reason, then summed up', () => {
    const { rejections, lines } = watching();
    for (let ms = 0; ms < 9000; ms += 100) rejections.control('window', '500', LINK, undefined, at(ms));
    rejections.control('malformed', 'control body', LINK, undefined, at(9000));
    expect(lines).toHaveLength(2);
    expect(rejections.nextDeadline()).toBe(at(10_000).at);
    rejections.handleDeadline(at(10_000));
    expect(lines[2]).toBe('Refused 89 more packets like this: control window');
    expect(rejections.nextDeadline()).toBe(at(19_000).at);
    rejections.handleDeadline(at(19_000));
    expect(lines).toHaveLength(3);
    expect(rejections.nextDeadline()).toBeUndefined();
    rejections.control('window', '501', LINK, undefined, at(20_000));
    expect(lines).toHaveLength(4);
    expect([...rejections.counts]).toEqual([
      ['control window', 91],
      ['control malformed', 1],
    ]);
  });
});

describe('refused data packets', () => {
  it.each([
    ['replay', '#42', 'AEAD Decrypt error: bad packet ID (may be a replay): [ #42 ]'],
    ['unauthentic', '#42', 'AEAD Decrypt error: cipher final failed'],
    ['bad-source', '10.8.0.99', 'MULTI: bad source address from client [10.8.0.99], packet dropped'],
  ] as const)('for %s are said', (reason, detail, line) => {
    const { rejections, lines } = watching();
    rejections.data(rejected(reason, 1, detail), undefined, at(0));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(line);
  });

  it('sum up what the plane has summed up already', () => {
    const { rejections, lines } = watching();
    rejections.data(rejected('unauthentic', 7, '#1'), undefined, at(0));
    rejections.data(rejected('unauthentic', 5, '#8'), undefined, at(1000));
    rejections.handleDeadline(at(10_000));
    expect(lines[1]).toMatch(/^Refused 11 more packets like this: data unauthentic/);
  });

  it('are counted only, with mute-replay-warnings', () => {
    const { rejections, lines } = watching('none', true);
    rejections.data(rejected('replay', 3, '#1'), undefined, at(0));
    expect(lines).toEqual([]);
    expect(rejections.counts.get('data replay')).toBe(3);
  });

  it('are counted only, from addresses of a link', () => {
    const { rejections, lines } = watching();
    rejections.data(rejected('bad-source', 2, 'fe80::1'), undefined, at(0));
    rejections.data(rejected('bad-source', 1, 'fec0::1'), undefined, at(0));
    expect(lines).toEqual(['MULTI: bad source address from client [fec0::1], packet dropped']);
    expect(rejections.counts.get('data bad-source')).toBe(3);
  });

  it('of other kinds are counted and not said', () => {
    const { rejections, lines } = watching();
    rejections.data(rejected('no-route', 3, '10.8.0.200'), undefined, at(0));
    expect(lines).toEqual([]);
    expect(rejections.counts.get('data no-route')).toBe(3);
  });
});
