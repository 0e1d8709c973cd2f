import { describe, expect, it } from 'vitest';
import { pushUpdate } from '../../src/engine/push-update.ts';
import type { DaemonReply } from '../../src/model/daemon-port.ts';
import type { ClientStation } from './client-station.ts';
import { expectNothingLeft } from './leaks.ts';
import { World } from './world.ts';

/** alice takes updates of these options; bob announces none. */
const TAKES = new Set(['route', 'dns']);

function pair(): { readonly world: World; readonly alice: ClientStation; readonly bob: ClientStation } {
  const world = new World({ seed: 81 });
  const alice = world.addClient('alice', { settings: () => ({ updates: TAKES }) });
  const bob = world.addClient('bob');
  alice.start();
  bob.start();
  world.until(() => alice.isConnected && bob.isConnected, 10_000);
  world.run(50);
  return { world, alice, bob };
}

/** Says it at the server, and lets it arrive. */
function push(world: World, options: string, clientId?: number): DaemonReply | undefined {
  let reply: DaemonReply | undefined;
  world.server.tell((now) => {
    reply = pushUpdate(world.server.engine, clientId, options, now);
  });
  world.run(200);
  return reply;
}

const idOf = (world: World, name: string) => [...world.server.engine.clients()].find(({ commonName }) => commonName === name);
const updatesIn = (station: { readonly lines: readonly string[] }) => station.lines.filter((line) => line.includes("'PUSH_UPDATE,"));

describe('PUSH_UPDATE', () => {
  it('reaches every client that announces it, and no other', () => {
    const { world, alice, bob } = pair();
    const before = alice.connects[0]?.options ?? [];
    const unsupported = [idOf(world, 'bob')?.slot.peerId];
    expect(push(world, 'route 10.77.0.0 255.255.0.0, ?frobnicate 1')).toEqual({ kind: 'updated', count: 1, unsupported });
    const kept = before.filter((option) => !option.startsWith('route '));
    expect(alice.updates).toEqual([[...kept, 'route 10.77.0.0 255.255.0.0']]);
    expect(push(world, '-route')).toMatchObject({ count: 1 });
    expect(alice.updates[1]).toEqual(kept);
    expect([updatesIn(alice), updatesIn(bob)].map(({ length }) => length)).toEqual([2, 0]);
    expect(alice.isConnected && bob.isConnected).toBe(true);
  });

  it('reaches one client by its id', () => {
    const { world, alice, bob } = pair();
    const [a, b] = ['alice', 'bob'].map((name) => idOf(world, name));
    expect(push(world, 'dns server 1 address 10.8.0.1', a?.clientId)).toEqual({ kind: 'updated', count: 1, unsupported: [] });
    expect(push(world, '-dns', b?.clientId)).toEqual({ kind: 'updated', count: 0, unsupported: [b?.slot.peerId] });
    expect(push(world, '-dns', 77)).toEqual({ kind: 'updated', count: 0, unsupported: [] });
    expect([alice.updates.length, updatesIn(bob).length]).toEqual([1, 0]);
  });

  it('longer than a message is done when all of it has come', () => {
    const { world, alice } = pair();
    const routes = Array.from({ length: 120 }, (_, index) => `route 10.100.${index}.0 255.255.255.0`);
    expect(push(world, routes.join(','))).toMatchObject({ count: 1 });
    expect(updatesIn(alice).length).toBeGreaterThan(3);
    expect(alice.updates).toHaveLength(1);
    expect(alice.updates[0]?.filter((option) => option.startsWith('route '))).toEqual(routes);
  });

  it('that no message can carry is sent to nobody', () => {
    const { world, alice } = pair();
    expect(push(world, `dns x,route ${'1'.repeat(300)}`)).toEqual({ kind: 'updated', count: 0, unsupported: [] });
    expect(updatesIn(alice)).toEqual([]);
  });

  it('of what the client cannot change ends its session, and bob stays', () => {
    const { world, alice, bob } = pair();
    push(world, 'dns x,cipher none');
    expect(alice.ends).toMatchObject([{ reason: 'push-failed', again: true, text: 'Offending option received from server' }]);
    expect([alice.updates, bob.isConnected]).toEqual([[], true]);
    bob.tell((now) => bob.engine?.leave('SIGTERM', now));
    world.run(300_000);
    expectNothingLeft(world);
  });

  it('is what a filter of the client leaves of it', () => {
    const world = new World({ seed: 82 });
    const filter = (options: readonly string[]) =>
      options.some((option) => option.includes('10.66.'))
        ? { refused: 'rejected by pull-filter' }
        : { options: options.filter((option) => !option.startsWith('dns')) };
    const alice = world.addClient('alice', { settings: () => ({ updates: TAKES, filter }) });
    alice.start();
    world.until(() => alice.isConnected, 10_000);
    world.run(50);
    push(world, 'route 10.77.0.0 255.255.0.0,dns x');
    expect(alice.updates[0]?.slice(-1)).toEqual(['route 10.77.0.0 255.255.0.0']);
    push(world, 'route 10.66.0.0 255.255.0.0');
    expect(alice.ends).toMatchObject([{ reason: 'push-failed', text: 'rejected by pull-filter' }]);
  });
});
