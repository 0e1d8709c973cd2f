import { describe, expect, it } from 'vitest';
import { expectNothingLeft } from './leaks.ts';
import { seeds, simulate } from './seeds.ts';
import { World } from './world.ts';

describe('a client whose address changes', () => {
  it('is followed by its first data packet from there, for data and control alike', () => {
    const world = new World({ seed: 51 });
    const [client] = world.connect('alice');
    if (client === undefined) throw new Error('no client');
    client.float(50_001);
    const up = world.send(client, 'server');
    world.run(20);
    const down = world.sendFromServer(client);
    world.run(20);
    expect(world.server.received).toEqual([up]);
    expect(client.received).toEqual([down]);
    expect(world.server.lines).toContain('alice peer 0 (alice) floated from [AF_INET]198.51.100.7:40000 to [AF_INET]198.51.100.7:50001');
    client.tell((now) => client.engine?.renegotiate(now));
    world.run(1000);
    expect(client.engine?.counters.renegotiations).toBe(1);
    client.tell((now) => client.engine?.leave('SIGTERM', now));
    world.run(10_000);
    expectNothingLeft(world);
  });

  it('again and again keeps its session', () => {
    const world = new World({ seed: 52 });
    const [client] = world.connect('alice');
    if (client === undefined) throw new Error('no client');
    const sent: string[] = [];
    for (let port = 50_000; port < 50_050; port++) {
      client.float(port);
      sent.push(world.send(client, 'server'));
      world.run(100);
    }
    expect(world.server.received).toEqual(sent);
    expect([...world.server.engine.clients()].map((each) => each.link.address.port)).toEqual([50_049]);
  });

  it('is not followed to the address of another client', () => {
    const world = new World({ seed: 53 });
    const [alice, bob] = world.connect('alice', 'bob');
    if (alice === undefined || bob === undefined) throw new Error('no clients');
    const port = bob.at.port;
    alice.float(port);
    world.send(alice, 'server');
    world.run(20);
    expect(world.server.lines).toContain(`alice Disallow float to an address taken by another client [AF_INET]198.51.100.7:${port}`);
    expect([...world.server.engine.clients()].map((each) => each.link.address.port)).toEqual([40_000, port]);
  });

  it('takes the place of its own stale session there', () => {
    const world = new World({ seed: 54, server: () => ({ duplicateCn: true }) });
    const [old, young] = world.connect('alice', 'alice');
    if (old === undefined || young === undefined) throw new Error('no clients');
    old.unplug();
    young.float(old.at.port);
    const body = world.send(young, 'server');
    world.run(50);
    expect(world.server.received).toEqual([body]);
    expect(world.server.instances).toBe(1);
    const down = world.sendFromServer(young);
    world.run(50);
    expect(young.received).toEqual([down]);
  });

  it('is not followed by packets that somebody replays from elsewhere', () => {
    const world = new World({ seed: 55 });
    const [client] = world.connect('alice');
    if (client === undefined) throw new Error('no client');
    const seen: Buffer[] = [];
    world.network.tap = ({ from, bytes }) => void (from.port === client.at.port && seen.push(bytes));
    world.send(client, 'server');
    world.run(100);
    for (const bytes of seen) world.server.hear(bytes, { host: '203.0.113.66', port: 666 });
    world.run(100);
    expect([...world.server.engine.clients()].map((each) => each.link.address.ip)).toEqual(['198.51.100.7']);
    expect(world.server.received).toHaveLength(1);
  });
});

describe('delivery', () => {
  it.each(seeds(4))('gives each payload at most once though packets come twice and out of order (seed %i)', (seed) => {
    simulate(seed, () => {
      const world = new World({ seed, link: { loss: 0.05, duplication: 0.3, reordering: 0.3, latency: 20, jitter: 30 } });
      const clients = ['a', 'b', 'c'].map((name) => world.addClient(name));
      for (const client of clients) client.start();
      world.until(() => world.server.connected.length === 3 && clients.every((client) => client.isConnected), 120_000);
      world.run(1000);
      const sent: string[] = [];
      world.every(7, 300, (index) => {
        const from = clients[index % 3];
        const to = clients[(index + 1) % 3];
        if (from === undefined || to === undefined) return;
        sent.push(world.send(from, to), world.send(from, 'server'), world.sendFromServer(to));
      });
      world.run(5000);
      const got = [...world.server.received, ...clients.flatMap((client) => client.received)];
      expect(new Set(got).size).toBe(got.length);
      expect(got.filter((body) => !sent.includes(body))).toEqual([]);
      // A twentieth is lost each hop; more would mean that late packets are refused.
      expect(got.length).toBeGreaterThan(sent.length * 0.85);
      const counters = [...world.server.engine.clients()].map((client) => world.server.engine.countersOf(client));
      expect(counters.every((each) => (each?.replayed ?? 0) > 0 && (each?.reordered ?? 0) > 0)).toBe(true);
    });
  });

  it('goes from client to client inside, and through the device without client-to-client', () => {
    for (const clientToClient of [true, false]) {
      const world = new World({ seed: 57, server: () => ({ clientToClient }) });
      const [alice, bob] = world.connect('alice', 'bob');
      if (alice === undefined || bob === undefined) throw new Error('no clients');
      const body = world.send(alice, bob);
      world.run(100);
      expect(bob.received).toEqual(clientToClient ? [body] : []);
      expect(world.server.received).toEqual(clientToClient ? [] : [body]);
    }
  });

  it("takes nothing from an inner address that is not the client's", () => {
    const world = new World({ seed: 58 });
    const [alice, bob] = world.connect('alice', 'bob');
    if (alice === undefined || bob === undefined) throw new Error('no clients');
    Object.defineProperty(alice, 'address', { value: bob.address });
    world.send(alice, 'server');
    world.run(100);
    expect(world.server.received).toEqual([]);
    expect(world.server.lines.join('\n')).toContain(`MULTI: bad source address from client [${bob.address}], packet dropped`);
  });

  it('waits for the connect script', () => {
    const world = new World({ seed: 59, server: ({ hooks }) => ({ hooks: { ...hooks, clientConnect: true } }) });
    world.server.answer = () => ({ answer: { ok: true }, after: 7000 });
    const client = world.addClient('alice');
    client.start();
    world.run(6000);
    expect(world.server.openPeers).toBe(0);
    world.run(2000);
    expect(client.isConnected).toBe(true);
    expect(client.lines.filter((line) => line.includes("'PUSH_REQUEST'")).length).toBe(2);
  });
});
