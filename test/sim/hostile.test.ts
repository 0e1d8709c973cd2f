import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import type { ClientStation } from './client-station.ts';
import { expectNothingLeft } from './leaks.ts';
import type { Sighting } from './network.ts';
import { seeds, simulate } from './seeds.ts';
import { WRAPS, type WrapName } from './settings.ts';
import { World } from './world.ts';

const ALL_WRAPS = Object.keys(WRAPS) as WrapName[];

const STRANGER = { host: '203.0.113.9', port: 9999 };

/** A session from first packet to farewell, with a renegotiation and data in between, as it was on the wire. */
function recorded(seed: number, wrap: WrapName): Sighting[] {
  const world = new World({ seed, wrap });
  const sightings: Sighting[] = [];
  world.network.tap = (sighting) => void sightings.push(sighting);
  const [client] = world.connect('alice');
  if (client === undefined) throw new Error('no client');
  world.send(client, 'server');
  client.tell((now) => client.engine?.renegotiate(now));
  world.run(500);
  world.sendFromServer(client);
  client.tell((now) => client.engine?.leave('SIGTERM', now));
  world.run(10_000);
  return sightings;
}

/** One of the ways in which a packet comes to harm. */
function mutated(bytes: Buffer, random: SeededRandom): Buffer {
  const pick = (below: number): number => Math.floor(random.unit() * below);
  const copy = Buffer.from(bytes);
  switch (pick(5)) {
    case 0:
      return copy.subarray(0, pick(copy.length));
    case 1:
      copy[pick(copy.length)] = pick(256);
      return copy;
    case 2: {
      const at = pick(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << pick(8));
      return copy;
    }
    case 3:
      return Buffer.concat([copy, random.bytes(pick(40))]);
    default:
      return random.bytes(pick(1600));
  }
}

/** A world that has a client, and hears what is thrown at it; the client must not notice. */
function besieged(wrap: WrapName, seed: number): { readonly world: World; readonly alice: ClientStation } {
  const world = new World({ seed, wrap });
  const [alice] = world.connect('alice');
  if (alice === undefined) throw new Error('no client');
  return { world, alice };
}

describe('hostile packets', () => {
  it.each(ALL_WRAPS.flatMap((wrap) => seeds(2).map((seed) => [wrap, seed] as const)))(
    'mutated from a session with %s never throw, and leave no trace (seed %i)',
    (wrap, seed) => {
      simulate(seed, () => {
        const packets = recorded(seed, wrap);
        const { world, alice } = besieged(wrap, seed);
        const random = new SeededRandom(seed);
        for (let round = 0; round < 20; round++) {
          for (const { from, bytes } of packets) {
            const toServer = from.host !== world.server.at.host;
            const harmed = mutated(bytes, random);
            if (toServer) world.server.hear(harmed, random.unit() < 0.5 ? STRANGER : alice.at);
            else alice.hear(harmed, random.unit() < 0.5 ? STRANGER : world.server.at);
          }
          world.run(1000);
        }
        const body = world.send(alice, 'server');
        world.run(100);
        expect(world.server.received).toContain(body);
        expect(alice.ends).toEqual([]);
        // What seemed to begin ends by the hand-window.
        world.run(61_000);
        expect(world.server.connected).toEqual(['alice']);
        expect(world.server.instances).toBe(1);
        expect(world.server.tls.open).toBe(
          world.server.instances + [...world.server.engine.clients()].filter((c) => c.session.currentKey.keyId > 0).length,
        );
      });
    },
  );

  it.each(ALL_WRAPS)('replayed whole from a session with %s make no client', (wrap) => {
    const world = new World({ seed: 61, wrap });
    const heard: Sighting[] = [];
    world.network.tap = (sighting) => void heard.push(sighting);
    const [client] = world.connect('alice');
    if (client === undefined) throw new Error('no client');
    client.tell((now) => client.engine?.leave('SIGTERM', now));
    world.run(10_000);
    expect(world.server.instances).toBe(0);
    const packets = heard.splice(0).filter(({ from }) => from.host !== world.server.at.host);
    for (const { from, bytes } of packets) world.server.hear(bytes, from);
    for (const { bytes } of packets) world.server.hear(bytes, STRANGER);
    expect(world.server.instances).toBe(0);
    world.run(1000);
    expectNothingLeft(world);
  });

  it('are said once and counted, not said each', () => {
    const { world } = besieged('tls-crypt', 62);
    const before = world.server.lines.length;
    for (let count = 0; count < 1000; count++) world.server.hear(Buffer.concat([Buffer.of(0x38), Buffer.alloc(60, count)]), STRANGER);
    expect(world.server.lines.length - before).toBeLessThanOrEqual(3);
    world.run(11_000);
    expect(world.server.lines.slice(before).join('\n')).toMatch(
      /tls-crypt unwrapping failed from \[AF_INET\]203\.0\.113\.9:9999[^]*Refused \d+ more/,
    );
  });

  it('from a stranger do not keep a silent client alive', () => {
    const { world, alice } = besieged('none', 63);
    alice.unplug();
    world.every(1000, 140, () => world.server.hear(Buffer.concat([Buffer.of(0x28), Buffer.alloc(20, 7)]), alice.at));
    world.run(131_000);
    expect(world.server.connected).toEqual([]);
  });
});

describe('a flood of first packets from spoofed addresses', () => {
  /** A hard reset as tls-crypt wraps it, or in clear. */
  function resets(wrap: WrapName, count: number): Buffer[] {
    const sightings: Buffer[] = [];
    const world = new World({ seed: 64, wrap });
    world.network.tap = ({ bytes }) => void sightings.push(bytes);
    for (let each = 0; each < count; each++) world.addClient(`client-${each}`).start();
    return sightings;
  }

  it.each(['none', 'tls-crypt'] as const)('of 10,000 with %s allocates no client and is answered at the allowed rate', (wrap) => {
    const templates = resets(wrap, 20);
    const { world, alice } = besieged(wrap, 65);
    let answers = 0;
    world.network.tap = ({ to }) => void (to.host === STRANGER.host && answers++);
    const before = world.server.lines.length;
    for (let each = 0; each < 10_000; each++) {
      const reset = templates[each % templates.length] ?? Buffer.alloc(0);
      world.server.hear(reset, { host: STRANGER.host, port: 1024 + each });
      if (each % 1000 === 999) world.run(100);
    }
    expect(world.server.instances).toBe(1);
    expect(answers).toBeLessThanOrEqual(100);
    expect(answers).toBeGreaterThan(50);
    const said = world.server.lines.slice(before);
    expect(said.length).toBeLessThan(10);
    expect(said.join('\n')).toContain('Note: --connect-freq-initial 100 10 rate limit exceeded');
    const body = world.send(alice, 'server');
    world.run(100);
    expect(world.server.received).toEqual([body]);
    world.run(10_000);
    const [bob] = world.connect('bob');
    expect(bob?.isConnected).toBe(true);
  });

  it('cannot answer cookies that it never saw', () => {
    const world = new World({ seed: 66, wrap: 'none' });
    for (let each = 0; each < 1000; each++) {
      // P_CONTROL_V1, own id, one ack of 0 with a guessed cookie, message 1.
      const cookie = createHmac('sha256', 'guess').update(String(each)).digest().subarray(0, 8);
      const packet = Buffer.concat([
        Buffer.of(0x20),
        Buffer.alloc(8, 0x41),
        Buffer.of(1, 0, 0, 0, 0),
        cookie,
        Buffer.of(0, 0, 0, 1),
        Buffer.alloc(50),
      ]);
      world.server.hear(packet, { host: STRANGER.host, port: 2000 + each });
    }
    expect(world.server.instances).toBe(0);
    world.run(20_000);
    expectNothingLeft(world);
  });

  it('does not use up what honest clients complete: connect-freq-initial gives slots back', () => {
    const world = new World({ seed: 67, server: () => ({ connectFreqInitial: { count: 5, per: 10_000 as never } }) });
    const names = Array.from({ length: 20 }, (_, index) => `client-${index}`);
    for (const name of names) {
      const client = world.addClient(name);
      client.start();
      world.run(100);
      expect(client.isConnected).toBe(true);
    }
  });

  it('is held off by connect-freq where clients do answer', () => {
    const world = new World({ seed: 68, server: () => ({ connectFreq: { count: 2, per: 5000 as never } }) });
    const clients = ['a', 'b', 'c'].map((name) => world.addClient(name));
    for (const client of clients) client.start();
    world.run(1000);
    expect(clients.filter((client) => client.isConnected)).toHaveLength(2);
    expect(world.server.lines.join('\n')).toContain('would exceed new connection frequency limit as controlled by --connect-freq');
    world.run(60_000);
    expect(clients.every((client) => client.isConnected)).toBe(true);
  });
});
