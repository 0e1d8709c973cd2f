import { describe, expect, it } from 'vitest';
import { expectNothingLeft } from './leaks.ts';
import { WRAPS, type WrapName } from './settings.ts';
import { World } from './world.ts';

function overTcp(wrap: WrapName = 'tls-crypt'): World {
  return new World({ seed: 71, wrap, server: () => ({ transport: 'tcp' }) });
}

describe('over TCP', () => {
  it.each(Object.keys(WRAPS) as WrapName[])('clients connect, talk, renegotiate and leave with %s', (wrap) => {
    const world = overTcp(wrap);
    const [alice, bob] = world.connect('alice', 'bob');
    if (alice === undefined || bob === undefined) throw new Error('no clients');
    const there = world.send(alice, bob);
    world.run(50);
    alice.tell((now) => alice.engine?.renegotiate(now));
    world.run(1000);
    const back = world.send(bob, alice);
    world.run(50);
    expect([bob.received, alice.received]).toEqual([[there], [back]]);
    expect(alice.engine?.counters.renegotiations).toBe(1);
    for (const client of [alice, bob]) client.tell((now) => client.engine?.leave('SIGTERM', now));
    world.run(10_000);
    expectNothingLeft(world);
    expect(world.streams.open).toBe(0);
  });

  it('a connection that says nothing is closed when its time is over', () => {
    const world = overTcp();
    const silent = world.addClient('silent');
    const heard: number[] = [];
    const end = { opened: () => {}, packet: () => {}, closed: (connection: number) => void heard.push(connection) };
    world.streams.connect(end, world.server, silent.at);
    world.run(59_000);
    expect(heard).toEqual([]);
    world.run(2000);
    expect(heard).toEqual([1]);
    expect(world.server.lines).toContain('TCP connection established with [AF_INET]198.51.100.7:40000');
    expectNothingLeft(world);
  });

  it('a client whose connection breaks is gone at once, and comes back over a new one', () => {
    const world = overTcp();
    const alice = world.addClient('alice', { reconnects: true });
    alice.start();
    world.until(() => alice.isConnected, 5000);
    world.streams.cut(1);
    world.run(100);
    expect(world.server.instances).toBe(0);
    expect(world.server.lines).toContain('alice Connection reset, restarting [0]');
    expect(alice.ends).toMatchObject([{ reason: 'connection-reset', again: true }]);
    world.until(() => alice.isConnected, 5000);
    world.run(100);
    expect(world.server.connected).toEqual(['alice']);
  });

  it('a data packet that is not authentic ends the connection, as nobody can forge one in the middle', () => {
    const world = overTcp();
    const [alice] = world.connect('alice');
    if (alice === undefined) throw new Error('no client');
    world.server.packet(1, Buffer.concat([Buffer.of(0x48, 0, 0, 0, 0, 0, 0, 9), Buffer.alloc(60, 1)]));
    world.run(100);
    expect(world.server.lines.join('\n')).toContain('AEAD Decrypt error: cipher final failed');
    expect(alice.ends).toMatchObject([{ reason: 'connection-reset' }]);
  });

  it('a refused client reads why before its connection ends', () => {
    const world = overTcp();
    const alice = world.addClient('alice', { settings: () => ({ dataCiphers: ['AES-192-GCM'] }) });
    alice.start();
    world.run(1000);
    expect(alice.ends).toMatchObject([{ reason: 'auth-failure', again: false }]);
    world.run(70_000);
    expectNothingLeft(world);
    expect(world.streams.open).toBe(0);
  });
});
