import { describe, expect, it } from 'vitest';
import { bytes, u32 } from '../../test/support/byte-builder.ts';
import { recordedNotes } from '../../test/support/notes.ts';
import { at } from '../../test/support/time.ts';
import { serverSettings } from '../../test/sim/settings.ts';
import { SeededRandom } from '../base/random.ts';
import { seconds } from '../base/units.ts';
import { udpLink } from '../protocol/data/link.ts';
import { prepareWrap } from '../protocol/wrap/prepare.ts';
import { type Admission, Doorman } from './doorman.ts';
import type { ServerSettings } from './settings.ts';

const CLIENT_ID = bytes('c1c2c3c4c5c6c7c8');
const LINK = udpLink('198.51.100.7', 40_000);
const RESET = bytes([0x38], CLIENT_ID, [0], u32(0));

function standing(change: Partial<ServerSettings> = {}): { readonly doorman: Doorman; readonly lines: string[] } {
  const settings = { ...serverSettings('none'), ...change };
  const { notes, lines } = recordedNotes();
  return { doorman: new Doorman(settings, prepareWrap(settings.control.wrap, 'server'), notes, new SeededRandom(1)), lines };
}

/** The packet that shows that the client got its answer. */
function proof(doorman: Doorman, ms = 0): Buffer {
  const answer = doorman.admit(RESET, LINK, at(ms));
  if (answer.kind !== 'reply') throw new Error(`the reset was met with ${answer.kind}`);
  return bytes([0x20], CLIENT_ID, [1], u32(0), answer.bytes.subarray(1, 9), u32(1));
}

function kinds(admissions: readonly Admission[]): string[] {
  return admissions.map(({ kind }) => kind);
}

describe('the doorman', () => {
  it('answers who knocks, and admits who heard the answer', () => {
    const { doorman } = standing();
    const packet = proof(doorman);
    expect(doorman.admit(packet, LINK, at(10))).toEqual({ kind: 'admit', localId: packet.subarray(14, 22), remoteId: CLIENT_ID });
  });

  it('answers so many in a time, says once that it answers no more, and later how many it did not', () => {
    const { doorman, lines } = standing({ connectFreqInitial: { count: 2, per: seconds(10) } });
    expect(kinds([0, 1, 2, 3, 4].map((ms) => doorman.admit(RESET, LINK, at(ms))))).toEqual([
      'reply',
      'reply',
      'limited',
      'limited',
      'limited',
    ]);
    expect(lines).toEqual([
      'Note: --connect-freq-initial 2 10 rate limit exceeded, dropping initial handshake packets for the next 10 seconds',
    ]);
    expect(doorman.admit(RESET, LINK, at(10_001)).kind).toBe('reply');
    expect(lines[1]).toBe('Dropped 3 initial handshake packets due to --connect-freq-initial 2 10');
  });

  it('gives the slot of an answer back to who proves to be there', () => {
    const { doorman } = standing({ connectFreqInitial: { count: 1, per: seconds(10) } });
    for (let count = 0; count < 5; count++) expect(doorman.admit(proof(doorman), LINK, at(0)).kind).toBe('admit');
  });

  it('admits no more than connect-freq lets it', () => {
    const { doorman } = standing({ connectFreq: { count: 1, per: seconds(5) } });
    expect(kinds([0, 1, 5000].map((ms) => doorman.admit(proof(doorman), LINK, at(ms))))).toEqual(['admit', 'too-frequent', 'admit']);
  });

  it('does not admit a session that has ended, as long as its cookie would count', () => {
    const { doorman } = standing();
    const packet = proof(doorman);
    doorman.retire(packet.subarray(14, 22), at(1000));
    expect(doorman.admit(packet, LINK, at(2000))).toEqual({ kind: 'drop', reason: 'session-id', detail: 'ended' });
    // By then the cookie itself is void.
    expect(doorman.admit(packet, LINK, at(130_000))).toMatchObject({ kind: 'drop', reason: 'session-id', detail: 'cookie' });
  });

  it('forgets ended sessions when it has seen too many', () => {
    const { doorman } = standing();
    const packet = proof(doorman);
    doorman.retire(packet.subarray(14, 22), at(0));
    for (let count = 0; count < 5000; count++) doorman.retire(bytes(u32(1), u32(count)), at(0));
    expect(doorman.admit(packet, LINK, at(1)).kind).toBe('admit');
  });

  it('over TCP admits with the first packet', () => {
    const { doorman } = standing({ transport: 'tcp' });
    expect(doorman.admit(RESET, LINK, at(0)).kind).toBe('admit');
  });
});
