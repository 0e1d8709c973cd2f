import { describe, expect, it } from 'vitest';
import { statusJson } from './json.ts';
import { ALICE, BOB, recordedServer } from './testing.ts';

describe('statusJson', () => {
  it('is one line that holds every client in order, with what no other form has', () => {
    const text = statusJson(recordedServer(0, [{ ...BOB, commonName: 'b,o\n"b' }, ALICE]));
    expect(text).not.toContain('\n');
    const read = JSON.parse(text);
    expect(read).toMatchObject({ version: 1, kind: 'server', time: 0, dcoEnabled: false });
    expect(read.clients.map((client: { commonName: string }) => client.commonName)).toEqual(['alice', 'b,o\n"b']);
    expect(read.clients[0]).toMatchObject({
      clientId: ALICE.clientId,
      phase: ALICE.phase,
      address: `${ALICE.address.ip}:${ALICE.address.port}`,
    });
    expect(Object.keys(read.clients[0].quality)).toContain('lost');
  });

  it('shows a client’s counters', () => {
    const client = { kind: 'client', title: 't', time: 5, tunRead: 1, tunWrite: 2, linkRead: 3, linkWrite: 4, authRead: 5 } as const;
    expect(JSON.parse(statusJson({ ...client, time: 5 as never }))).toEqual({ version: 1, ...client });
  });
});
