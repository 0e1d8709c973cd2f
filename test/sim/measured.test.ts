import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import { serverStatus, serverStatusRows } from '../../src/engine/status-view.ts';
import type { ClientRecord, LinkQuality } from '../../src/model/status-report.ts';
import { OP, opcodeOf } from '../../src/protocol/opcodes.ts';
import { seeds, simulate } from './seeds.ts';
import { World } from './world.ts';

/** What the server says of its one client now. */
function record(world: World): ClientRecord & { readonly quality: LinkQuality } {
  const [client] = serverStatus(world.server.engine, world.server.forwarder, 'test', world.now).clients;
  if (client?.quality === undefined) throw new Error('no client');
  return { ...client, quality: client.quality };
}

/** The report twice: as a whole, and row by row. */
function reports(world: World): { readonly whole: unknown; readonly rows: unknown } {
  const { engine, forwarder } = world.server;
  const { clients, routes, ...rows } = serverStatusRows(engine, forwarder, 'test', world.now);
  const whole = serverStatus(engine, forwarder, 'test', world.now);
  const withQuality = [...clients].map((row, index) => ({ ...row, quality: whole.clients[index]?.quality }));
  return { whole, rows: { ...rows, clients: withQuality, routes: [...routes] } };
}

/** Does something to data packets on their way to the server, and counts what it did. */
class Meddler {
  lost = 0;
  duplicated = 0;
  overtaken = 0;
  readonly #world: World;
  readonly #random: SeededRandom;
  #held: (() => void) | undefined;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new SeededRandom(seed);
    world.network.filter = ({ from, bytes }) => from.host !== world.server.at.host && this.#takes(bytes, from);
  }

  /** Lets everything through from now on, and what is held back. */
  stop(): void {
    this.#world.network.filter = undefined;
    this.#held?.();
  }

  #takes(bytes: Buffer, from: { readonly host: string; readonly port: number }): boolean {
    if (opcodeOf(bytes[0] ?? 0) !== OP.dataV2) return false;
    const deliver = (): void => this.#world.later(5, () => this.#world.server.hear(Buffer.from(bytes), from));
    const chance = this.#random.unit();
    const before = this.#held;
    this.#held = undefined;
    if (chance < 0.1) this.lost++;
    else if (chance < 0.2) {
      this.duplicated++;
      deliver();
      deliver();
    } else if (chance < 0.3 && before === undefined) {
      this.#held = deliver;
    } else deliver();
    // Held back for one that is lost, it is overtaken by none.
    if (before !== undefined && chance >= 0.1) this.overtaken++;
    before?.();
    return true;
  }
}

describe('what is measured of a client', () => {
  it.each(seeds(3))('in its data channel is what the network did: lost, overtaken, twice (seed %i)', (seed) =>
    simulate(seed, () => {
      const world = new World({ seed });
      const [client] = world.connect('alice');
      if (client === undefined) throw new Error('no client');
      const meddler = new Meddler(world, seed);
      world.every(10, 1000, () => world.send(client, 'server'));
      world.run(10_100);
      meddler.stop();
      // What comes after shows which ids never came.
      world.every(10, 200, () => world.send(client, 'server'));
      world.run(30_000);
      const { quality } = record(world);
      expect(meddler.lost).toBeGreaterThan(50);
      expect({ lost: quality.lost, replayed: quality.replayed, reordered: quality.reordered, unauthentic: quality.unauthentic }).toEqual({
        lost: meddler.lost,
        replayed: meddler.duplicated,
        reordered: meddler.overtaken,
        unauthentic: 0,
      });
      expect(world.server.received).toHaveLength(1200 - meddler.lost);
    }),
  );

  it('is the same row by row', () => {
    const world = new World({ seed: 63 });
    const people = world.connect('alice', 'bob', 'carol');
    for (const [index, person] of people.entries()) {
      world.run(1000);
      world.send(person, 'server');
      if (index > 0) world.sendFromServer(person);
    }
    world.run(5000);
    const { whole, rows } = reports(world);
    expect(rows).toEqual(whole);
    expect(whole).toMatchObject({ clients: [{ clientId: 0 }, { clientId: 1 }, { clientId: 2 }] });
    const used = (whole as { routes: { lastReference: number }[] }).routes.map(({ lastReference }) => lastReference);
    expect(new Set(used).size).toBeGreaterThan(1);
  });

  it('in its control channel is its round trip, and what had to be repeated', () => {
    const world = new World({ seed: 61, link: { latency: 40 } });
    const [client] = world.connect('alice');
    if (client === undefined) throw new Error('no client');
    expect(record(world).quality.roundTripMs).toBeGreaterThanOrEqual(80);
    expect(record(world).quality.roundTripMs).toBeLessThan(90);
    expect(record(world).quality.retransmits).toBe(0);
    let dropped = 0;
    world.network.filter = ({ from, bytes }) => {
      const isOurs = from.host === world.server.at.host && opcodeOf(bytes[0] ?? 0) === OP.control && dropped < 2;
      if (isOurs) dropped++;
      return isOurs;
    };
    client.tell((now) => client.engine?.renegotiate(now));
    world.run(30_000);
    expect(dropped).toBe(2);
    expect(record(world).quality).toMatchObject({ renegotiations: 1, retransmits: 2 });
  });

  it('on its way in are the times of its steps, and later when it was heard last', () => {
    const world = new World({
      seed: 62,
      link: { latency: 50 },
      server: () => ({ keepalive: { ping: undefined, pingRestart: undefined }, pushes: [] }),
    });
    const [client] = world.connect('alice');
    if (client === undefined) throw new Error('no client');
    const { phaseMs } = record(world).quality;
    const { tls = 0, keyExchange = 0, auth = 0, connected = 0 } = phaseMs;
    // TLS takes a round trip from the packet that began it, the key message comes along or right after.
    expect(tls).toBeGreaterThanOrEqual(100);
    expect(keyExchange).toBeGreaterThanOrEqual(tls);
    expect(auth).toBeGreaterThanOrEqual(keyExchange);
    expect(connected).toBeGreaterThanOrEqual(auth);
    expect(connected).toBeLessThan(500);
    world.run(20_000);
    world.send(client, 'server');
    world.run(50);
    const heardAt = world.now.wall;
    world.run(7000);
    expect(record(world).quality.lastHeard).toBe(heardAt);
  });
});
