import { describe, expect, it } from 'vitest';
import type { PeerRef } from '../model/peer-ref.ts';
import { MULTI } from './multi.ts';
import { type Note, Notes } from './notes.ts';
import { START } from './start.ts';
import { TLS } from './tls.ts';

const PEER: PeerRef = {
  session: 1,
  clientId: 0,
  address: { transport: 'udp', family: 4, ip: '10.99.0.2', port: 1194 },
  commonName: 'alice',
};

function notesAt(verb: number): { readonly notes: Notes; readonly taken: Note[] } {
  const taken: Note[] = [];
  return { notes: new Notes(verb, (note) => taken.push(note)), taken };
}

describe('Notes', () => {
  it('hands on row, values and peer', () => {
    const { notes, taken } = notesAt(3);
    const args = { route: '10.8.0.2', client: 'alice/10.99.0.2:1194' };
    notes.add(MULTI.learn, args, PEER);
    expect(taken).toEqual([{ kind: 'note', row: MULTI.learn, args, peer: PEER }]);
  });

  it('shows what is not above verb', () => {
    const { notes, taken } = notesAt(1);
    notes.add(START.initComplete, {});
    notes.add(TLS.promotedToTrusted, {});
    notes.add(START.certificateExpired, {});
    expect(taken.map(({ row }) => row.id)).toEqual(['start.init-complete', 'start.certificate-expired']);
    expect([notes.wants(START.initComplete), notes.wants(TLS.promotedToTrusted)]).toEqual([true, false]);
  });

  it('follows a change of verb at once', () => {
    const { notes, taken } = notesAt(1);
    notes.verb = 3;
    notes.add(TLS.promotedToTrusted, {});
    notes.verb = 0;
    notes.add(START.initComplete, {});
    expect(taken.map(({ row }) => row.id)).toEqual(['tls.promoted-to-trusted']);
  });
});
