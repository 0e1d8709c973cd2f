import { describe, expect, it } from 'vitest';
import { clientInstance } from '../../test/support/client-instances.ts';
import { udpLink } from '../protocol/data/link.ts';
import { Roster } from './roster.ts';

describe('a roster', () => {
  it('finds a client by all that it is known by, and by nothing once it is gone', () => {
    const roster = new Roster(10);
    const client = clientInstance({ peerId: 3, clientId: 8 });
    roster.add(client);
    roster.addTls(77, client);
    const found = (): unknown[] => [
      roster.has(client),
      roster.size,
      [...roster.all()],
      roster.onLink(client.link),
      roster.ofTls(77),
      roster.ofClientId(8),
      roster.ofSlot(client.slot),
    ];
    expect(found()).toEqual([true, 1, [client], [client], client, client, client]);
    roster.dropTls(77);
    roster.remove(client);
    expect(found()).toEqual([false, 0, [], [], undefined, undefined, undefined]);
  });

  it('gives the smallest free peer id, each time as a new use of it', () => {
    const roster = new Roster(3);
    const [first, second] = [clientInstance({ peerId: 0 }), clientInstance({ peerId: 1 })];
    expect(roster.freeSlot()).toEqual({ peerId: 0, generation: 1 });
    roster.add(first);
    roster.add(second);
    expect(roster.freeSlot()).toEqual({ peerId: 2, generation: 1 });
    roster.remove(first);
    expect(roster.freeSlot()).toEqual({ peerId: 0, generation: 2 });
  });

  it('fills what became free, from the smallest on, before it goes on', () => {
    const roster = new Roster(10);
    const clients = [0, 1, 2, 3].map((peerId) => clientInstance({ peerId }));
    for (const client of clients) roster.add(client);
    for (const peerId of [2, 1]) roster.remove(clients[peerId] ?? clientInstance());
    for (const peerId of [1, 2, 4]) {
      expect(roster.freeSlot()?.peerId).toBe(peerId);
      roster.add(clientInstance({ peerId, generation: 2, clientId: 10 + peerId }));
    }
  });

  it('finds those whose name is shown', () => {
    const roster = new Roster(5);
    const [alice, again, silent] = [0, 1, 2].map((peerId) => clientInstance({ peerId }));
    for (const client of [alice, again, silent]) if (client !== undefined) roster.add(client);
    for (const client of [alice, again]) if (client !== undefined) client.shownName = 'alice';
    expect(roster.named('alice')).toEqual([alice, again]);
    expect(roster.named('bob')).toEqual([]);
  });

  it('has as many places as it was told', () => {
    const roster = new Roster(2);
    roster.add(clientInstance({ peerId: 0 }));
    roster.add(clientInstance({ peerId: 1 }));
    expect(roster.freeSlot()).toBeUndefined();
  });

  it('does not take a newer user of a peer id for an older one', () => {
    const roster = new Roster(2);
    const old = clientInstance({ peerId: 0, generation: 1 });
    roster.add(old);
    roster.remove(old);
    const young = clientInstance({ peerId: 0, generation: 2, clientId: 5 });
    roster.add(young);
    expect(roster.ofSlot(old.slot)).toBeUndefined();
    expect(roster.ofSlot(young.slot)).toBe(young);
  });

  it('lets several be at one address, and each move away', () => {
    const roster = new Roster(5);
    const [a, b] = [clientInstance({ peerId: 0, port: 5 }), clientInstance({ peerId: 1, port: 5 })];
    roster.add(a);
    roster.add(b);
    const there = a.link;
    expect(roster.onLink(there)).toEqual([a, b]);
    const elsewhere = udpLink('203.0.113.1', 6);
    roster.move(a, elsewhere);
    expect(a.link).toBe(elsewhere);
    expect([roster.onLink(there), roster.onLink(elsewhere)]).toEqual([[b], [a]]);
    roster.remove(a);
    expect(roster.onLink(elsewhere)).toEqual([]);
  });
});
