import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Instant, Now, WallTime } from '../base/units.ts';
import { FLAG } from '../messages/kinds.ts';
import type { Note } from '../messages/notes.ts';
import { OURS } from '../messages/ours.ts';
import { row, type Row } from '../messages/row.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import { cutToBytes, recordOf } from './record.ts';

const NOW: Now = { at: 5 as Instant, wall: 1_795_352_443_000 as WallTime };
const ALICE: PeerRef = {
  session: 1,
  clientId: 0,
  address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 36427 },
  commonName: 'alice',
};
const TLS_LINE = row('test.tls', 'D_TLS_ERRORS', 'TLS Error: {text:rest}');

function note(message: Row, args: Record<string, string | number>, peer?: PeerRef): Note {
  return { kind: 'note', row: message, args, peer };
}

describe('recordOf', () => {
  it.each<[string, PeerRef | undefined, string]>([
    ['nobody', undefined, 'TLS Error: x'],
    ['a peer before authentication', { ...ALICE, commonName: undefined }, '10.99.0.2:36427 TLS Error: x'],
    ['a named client', ALICE, 'alice/10.99.0.2:36427 TLS Error: x'],
    [
      'a native IPv6 peer, without port as 2.6 prints it',
      { ...ALICE, address: { transport: 'udp', family: 6, ip: 'fd99::2', port: 4 } },
      'alice/fd99::2 TLS Error: x',
    ],
    ['a hostile name', { ...ALICE, commonName: 'a\nb\x1b[2J' }, 'a_b_[2J/10.99.0.2:36427 TLS Error: x'],
  ])('prefixes %s', (_who, peer, text) => {
    expect(recordOf(note(TLS_LINE, { text: 'x' }, peer), NOW).text).toBe(text);
  });

  it('leaves the prefix out where the flag forbids it', () => {
    const bare: Row = { ...TLS_LINE, word: TLS_LINE.word | FLAG.noPrefix };
    expect(recordOf(note(bare, { text: 'x' }, ALICE), NOW).text).toBe('TLS Error: x');
  });

  it('keeps one line one line', () => {
    expect(recordOf(note(TLS_LINE, { text: 'a\r\nb\x1b' }), NOW).text).toBe('TLS Error: a__b_');
  });

  it('carries id, event, peer and values', () => {
    const record = recordOf(note(OURS.reloadFailed, { reason: 'why' }, ALICE), NOW);
    expect(record).toMatchObject({ id: 'ours.reload-failed', event: 'reload-failed', peer: ALICE, fields: { reason: 'why' }, now: NOW });
  });

  it('cuts the text at 10239 bytes', () => {
    expect(recordOf(note(TLS_LINE, { text: 'é'.repeat(10_000) }), NOW).text).toBe(`TLS Error: ${'é'.repeat((10_239 - 11) / 2)}`);
  });
});

describe('cutToBytes', () => {
  it('keeps as many whole characters as fit', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.nat(80), (text, limit) => {
        const cut = cutToBytes(text, limit);
        expect(text.startsWith(cut)).toBe(true);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(limit);
        const next = text.codePointAt(cut.length);
        const longer = next === undefined ? limit + 1 : Buffer.byteLength(cut + String.fromCodePoint(next));
        expect(longer).toBeGreaterThan(limit);
      }),
      { numRuns: 500 },
    );
  });
});
