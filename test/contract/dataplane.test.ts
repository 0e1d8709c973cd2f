import { afterEach, describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../../src/base/units.ts';
import type { InnerRoute, PeerSlot, PlaneCommand, PlaneEvent, PlaneSettings } from '../../src/protocol/data/plane.ts';
import {
  dataKeys,
  host,
  inner,
  mssOption,
  opened,
  type RawKeys,
  sealed,
  subnet,
  tcpChecksumIsRight,
  tcpPacket,
  testKeys,
} from '../support/data-packets.ts';
import { forwarderRig, type PlaneRig, portableRig, type RigMaker } from '../support/plane-rig.ts';

/**
 * What every data plane promises, whichever adapter drives it (facts: wire 15 to 20). Packets of the peers are built
 * and opened by test/support/data-packets.ts, which shares no code with the planes.
 */

const PING = Buffer.from('2a187bf3641eb4cb07ed2d0a981fc748', 'hex');
const EXIT = Buffer.from('287f346bd4ef7a812d56b8d3afc5459c06', 'hex');
const OCC_REQUEST = Buffer.from('287f346bd4ef7a812d56b8d3afc5459c00', 'hex');
const HARD_RESET = Buffer.from('3811223344556677880000000000', 'hex');

const SETTINGS: PlaneSettings = {
  role: 'server',
  transport: 'udp',
  clientToClient: false,
  tunMtu: 1500,
  mssFix: undefined,
  replayWindow: { size: 64, seconds: 15 },
  ownAddresses: [host('10.8.0.1'), host('fd00:8::1')],
};

const RIGS: readonly (readonly [string, RigMaker])[] = [
  ['the forwarder', forwarderRig],
  ['the portable adapter', portableRig],
];

/** What a peer is opened with, where it differs. */
interface PeerWishes {
  readonly slot?: PeerSlot;
  readonly keys?: RawKeys;
  readonly format?: 'v1' | 'v2';
  readonly routes?: readonly InnerRoute[];
  readonly open?: boolean;
}

/** A client of a plane: its end of the keys, counting its own packet ids. */
class TestPeer {
  readonly rig: PlaneRig;
  readonly at: string;
  readonly slot: PeerSlot;
  readonly keys: RawKeys;
  readonly #format: 'v1' | 'v2';
  #lastId = 0;

  private constructor(rig: PlaneRig, at: string, wishes: PeerWishes) {
    this.rig = rig;
    this.at = at;
    this.slot = wishes.slot ?? { peerId: 5, generation: 1 };
    this.keys = wishes.keys ?? testKeys(this.slot.peerId);
    this.#format = wishes.format ?? 'v2';
  }

  static async open(rig: PlaneRig, at: string, wishes: PeerWishes = {}): Promise<TestPeer> {
    const peer = new TestPeer(rig, at, wishes);
    const { slot } = peer;
    rig.command({ kind: 'open-peer', slot, link: await rig.link(at), format: peer.#format });
    rig.command({ kind: 'set-keys', slot, keyId: 0, keys: dataKeys(peer.keys, 'server') });
    rig.command({ kind: 'send-with', slot, keyId: 0 });
    rig.command({
      kind: 'set-inner-routes',
      slot,
      routes: wishes.routes ?? [host(`10.8.0.${slot.peerId}`), host(`fd00:8::${slot.peerId}`)],
    });
    rig.command({ kind: 'set-open', slot, open: wishes.open ?? true });
    await rig.events();
    return peer;
  }

  /** The next packet, or the one with that id, as this peer would send it. */
  packet(payload: Buffer, id = ++this.#lastId, keyId = 0, keys = this.keys): Buffer {
    this.#lastId = Math.max(this.#lastId, id);
    return sealed(keys.client, this.#format === 'v2' ? this.slot.peerId : undefined, keyId, id, payload);
  }

  send(payload: Buffer, from = this.at): Promise<void> {
    return this.rig.receive(from, this.packet(payload));
  }

  /** What came for this peer at one place, opened. */
  async received(where = this.at, keys = this.keys): Promise<ReturnType<typeof opened>[]> {
    return (await this.rig.sentTo(where)).map((packet) => opened(keys.server, packet));
  }

  command(command: DistributiveOmit<Extract<PlaneCommand, { slot: PeerSlot }>, 'slot'>): void {
    this.rig.command({ ...command, slot: this.slot });
  }

  counters(): ReturnType<PlaneRig['view']['counters']> {
    return this.rig.view.counters(this.slot);
  }
}

type DistributiveOmit<T, K extends string> = T extends unknown ? Omit<T, K> : never;

function rejected(events: readonly PlaneEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'rejected' ? [`${event.reason} ${event.count} ${event.detail}`] : []));
}

describe.each(RIGS)('%s', (_name, make) => {
  let rig: PlaneRig;
  afterEach(() => rig.stop());

  async function start(more: Partial<PlaneSettings> = {}, limits?: Parameters<RigMaker>[1]): Promise<void> {
    rig = await make({ ...SETTINGS, ...more }, limits);
  }

  describe('with one peer', () => {
    it('carries inner packets both ways and counts them', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      await alice.send(inner('10.8.0.5', '10.8.0.1', 'up'));
      await alice.send(inner('fd00:8::5', 'fd00:8::1', 'up six'));
      expect(rig.delivered()).toEqual([inner('10.8.0.5', '10.8.0.1', 'up'), inner('fd00:8::5', 'fd00:8::1', 'up six')]);
      rig.fromTun(inner('10.8.0.1', '10.8.0.5', 'down'));
      rig.fromTun(inner('fd00:8::1', 'fd00:8::5', 'down six'));
      expect(await alice.received()).toEqual([
        { format: 'v2', peerId: 5, keyId: 0, packetId: 1, payload: inner('10.8.0.1', '10.8.0.5', 'down') },
        { format: 'v2', peerId: 5, keyId: 0, packetId: 2, payload: inner('fd00:8::1', 'fd00:8::5', 'down six') },
      ]);
      expect(alice.counters()).toMatchObject({
        packetsReceived: 2,
        bytesReceived: 24 * 2 + 30 + 54,
        packetsSent: 2,
        bytesSent: 24 * 2 + 32 + 56,
      });
      expect(rig.view.tunnel()).toEqual({ packetsRead: 2, bytesRead: 32 + 56, packetsWritten: 2, bytesWritten: 30 + 54 });
      expect(await rig.events()).toEqual([]);
    });

    it('speaks DATA_V1 with a peer that has no peer-id, found by its address', async () => {
      await start();
      const old = await TestPeer.open(rig, 'a', { format: 'v1' });
      await old.send(inner('10.8.0.5', '10.8.0.1'));
      expect(rig.delivered()).toHaveLength(1);
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(await old.received()).toMatchObject([{ format: 'v1', packetId: 1 }]);
      await rig.receive('b', old.packet(inner('10.8.0.5', '10.8.0.1')));
      expect(rig.delivered()).toEqual([]);
      expect(rejected(await rig.events())).toEqual(['unknown-peer 1 no peer-id']);
    });

    it('finds a peer by address when the peer-id says "none"', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const none = (id: number): Buffer => sealed(alice.keys.client, 0xffffff, 0, id, inner('10.8.0.5', '10.8.0.1'));
      await rig.receive('a', none(1));
      expect(rig.delivered()).toHaveLength(1);
      await rig.receive('b', none(2));
      expect(rig.delivered()).toEqual([]);
      expect(rejected(await rig.events())).toEqual(['unknown-peer 1 peer-id 16777215']);
    });

    it('drops inner packets until the peer is open, and reads pings and exits all the same', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a', { open: false });
      rig.advance(500);
      await alice.send(inner('10.8.0.5', '10.8.0.1'));
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      await alice.send(PING);
      await alice.send(EXIT);
      expect(rig.delivered()).toEqual([]);
      expect(await alice.received()).toEqual([]);
      expect(alice.counters()).toMatchObject({ packetsReceived: 3, packetsSent: 0, lastHeard: 1500 });
      rig.advance(1000);
      const events = await rig.events();
      expect(rejected(events)).toEqual(['not-open 1 10.8.0.5', 'not-open 1 ']);
      expect(events).toContainEqual({ kind: 'exit-seen', slot: alice.slot });
      alice.command({ kind: 'set-open', open: true });
      await alice.send(inner('10.8.0.5', '10.8.0.1'));
      expect(rig.delivered()).toHaveLength(1);
    });

    it('answers no special payload, and sends the exit message once', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      await alice.send(PING);
      await alice.send(OCC_REQUEST);
      expect(await rig.events()).toEqual([]);
      alice.command({ kind: 'send-exit' });
      expect(await alice.received()).toMatchObject([{ payload: EXIT }]);
    });

    it('drops what is neither an IP packet nor special', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      await alice.send(Buffer.concat([Buffer.of(0xfa), inner('10.8.0.5', '10.8.0.1')]));
      await alice.send(inner('10.8.0.5', '10.8.0.1').subarray(0, 12));
      rig.fromTun(Buffer.from('junk'));
      rig.advance(1000);
      expect(rig.delivered()).toEqual([]);
      expect(await alice.received()).toEqual([]);
      expect(rejected(await rig.events()).toSorted()).toEqual([
        'malformed 1 not an IP packet',
        'malformed 1 not an IP packet',
        'malformed 1 not an IP packet from the TUN device',
      ]);
    });

    it('tells of every packet when traced', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const seen: string[] = [];
      rig.traceWith((direction, bytes, slot) => seen.push(`${direction} ${bytes.length} ${slot?.peerId}`));
      await alice.send(inner('10.8.0.5', '10.8.0.1', ''));
      rig.fromTun(inner('10.8.0.1', '10.8.0.5', ''));
      await rig.receive('b', HARD_RESET);
      expect(seen).toEqual(['R 52 5', 'w 28 5', 'r 28 5', 'W 52 5', 'R 14 undefined']);
      rig.traceWith(undefined);
      await alice.send(PING);
      expect(seen).toHaveLength(5);
    });
  });

  describe('against forgery and disorder', () => {
    it('delivers each packet once, and counts lost, reordered and replayed ones', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const numbered = (id: number): Buffer => alice.packet(inner('10.8.0.5', '10.8.0.1', `#${id}`), id);
      for (const id of [1, 2, 5, 4, 4, 1]) await rig.receive('a', numbered(id));
      expect(rig.delivered().map((packet) => packet.subarray(28).toString())).toEqual(['#1', '#2', '#5', '#4']);
      await rig.receive('a', numbered(200));
      expect(alice.counters()).toMatchObject({ reordered: 1, replayed: 2, lost: 1 + 131, packetsReceived: 5 });
      await rig.receive('a', numbered(136));
      rig.advance(1000);
      expect(rejected(await rig.events())).toEqual(['replay 1 #4', 'replay 2 #1']);
    });

    it('drops forged and cut packets, from the peer and from elsewhere, and floats to none of them', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const good = alice.packet(inner('10.8.0.5', '10.8.0.1'));
      const forged = Buffer.from(good);
      forged[30] = (forged[30] ?? 0) ^ 1;
      await rig.receive('b', forged);
      await rig.receive('a', forged);
      await rig.receive('a', good.subarray(0, 24));
      await rig.receive('a', Buffer.concat([good, Buffer.alloc(2048)]));
      expect(rig.delivered()).toEqual([]);
      expect(alice.counters()).toMatchObject({ unauthentic: 2, packetsReceived: 0, replayed: 0 });
      await rig.receive('a', good);
      expect(rig.delivered()).toHaveLength(1);
      rig.advance(1000);
      const events = await rig.events();
      expect(rejected(events)).toEqual(['unauthentic 1 #1', 'malformed 1 24 bytes', 'unauthentic 1 #1', 'malformed 1 2105 bytes']);
      expect(events.every((event) => event.kind === 'rejected')).toBe(true);
    });

    it('names the peer-id that nobody has', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      await rig.receive('b', sealed(alice.keys.client, 6, 0, 1, PING));
      expect(await rig.events()).toEqual([
        { kind: 'rejected', slot: undefined, link: await rig.link('b'), reason: 'unknown-peer', count: 1, detail: 'peer-id 6' },
      ]);
    });

    it('tells of rejected packets at most once a second, with their number', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const packet = alice.packet(PING);
      for (let i = 0; i < 12; i++) await rig.receive('a', packet);
      expect(rejected(await rig.events())).toEqual(['replay 1 #1']);
      rig.advance(999);
      expect(rejected(await rig.events())).toEqual([]);
      rig.advance(1);
      expect(rejected(await rig.events())).toEqual(['replay 10 #1']);
      rig.advance(5000);
      expect(await rig.events()).toEqual([]);
      await rig.receive('a', packet);
      expect(rejected(await rig.events())).toEqual(['replay 1 #1']);
    });
  });

  describe('when a peer floats', () => {
    it('delivers the packet and asks; moves only when told', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      await alice.send(inner('10.8.0.5', '10.8.0.1'), 'b');
      expect(rig.delivered()).toHaveLength(1);
      expect(await rig.events()).toEqual([{ kind: 'float-asked', slot: alice.slot, link: await rig.link('b') }]);
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(await alice.received('a')).toHaveLength(1);
      alice.command({ kind: 'set-address', link: await rig.link('b') });
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(await alice.received('b')).toMatchObject([{ packetId: 2 }]);
      expect(await rig.sentTo('a')).toEqual([]);
      await alice.send(PING, 'b');
      expect(await rig.events()).toEqual([]);
    });

    it('asks again a second later, or for a third address at once', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const asked = async (): Promise<number> => (await rig.events()).filter((event) => event.kind === 'float-asked').length;
      for (let i = 0; i < 5; i++) await alice.send(PING, 'b');
      expect(await asked()).toBe(1);
      await alice.send(PING, 'c');
      expect(await asked()).toBe(1);
      rig.advance(1000);
      await alice.send(PING, 'c');
      expect(await asked()).toBe(1);
    });

    it('does not ask for a replayed packet', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const packet = alice.packet(PING);
      await rig.receive('a', packet);
      await rig.receive('b', packet);
      expect((await rig.events()).map(({ kind }) => kind)).toEqual(['rejected']);
    });

    it('finds it by address at the new place, and nobody at the old one', async () => {
      await start();
      const old = await TestPeer.open(rig, 'a', { format: 'v1' });
      old.command({ kind: 'set-address', link: await rig.link('b') });
      await old.send(PING, 'b');
      await old.send(PING, 'a');
      expect(old.counters()).toMatchObject({ packetsReceived: 1 });
    });
  });

  describe('with routes inside the tunnel', () => {
    const alicesRoutes = [host('10.8.0.2'), host('fd00:8::2'), subnet('10.66.0.0/24'), subnet('fd00:77::/64')];

    it.each([
      ['10.8.0.2', true],
      ['10.66.0.77', true],
      ['fd00:77::9', true],
      ['10.8.0.3', false],
      ['10.67.0.1', false],
      ['fd00:78::9', false],
      ['fe80::1', false],
      ['::', false],
    ])('lets %s through as a source: %s', async (source, allowed) => {
      await start();
      const alice = await TestPeer.open(rig, 'a', { slot: { peerId: 2, generation: 1 }, routes: alicesRoutes });
      await TestPeer.open(rig, 'b', { slot: { peerId: 3, generation: 1 } });
      await alice.send(inner(source, source.includes(':') ? 'fd00:8::1' : '10.8.0.1'));
      expect(rig.delivered()).toHaveLength(allowed ? 1 : 0);
      expect(rejected(await rig.events())).toEqual(allowed ? [] : [`bad-source 1 ${source}`]);
      expect(alice.counters()).toMatchObject({ badSource: allowed ? 0 : 1, packetsReceived: 1 });
    });

    it('lets no link-local source through, though it were routed', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a', { routes: [subnet('::/0')] });
      await alice.send(inner('fe80::1', 'fd00:8::1'));
      await alice.send(inner('fec0::1', 'fd00:8::1'));
      expect(rig.delivered()).toHaveLength(1);
    });

    it.each(['10.8.0.9', '192.0.2.1', 'fd00:8::9', '255.255.255.255'])('has no way from the device to %s', async (destination) => {
      await start();
      const alice = await TestPeer.open(rig, 'a', { routes: alicesRoutes });
      rig.fromTun(inner(destination.includes(':') ? 'fd00:8::1' : '10.8.0.1', destination));
      expect(await alice.received()).toEqual([]);
      expect(rejected(await rig.events())).toEqual([`no-route 1 ${destination}`]);
    });

    it('sends broadcasts to nobody, though everything were routed to a peer', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a', { routes: [subnet('0.0.0.0/0'), subnet('::/0')] });
      rig.fromTun(inner('10.8.0.1', '255.255.255.255'));
      rig.fromTun(inner('10.8.0.1', '192.0.2.1'));
      expect(await alice.received()).toMatchObject([{ packetId: 1, payload: inner('10.8.0.1', '192.0.2.1') }]);
    });

    it('shows routes with their last use, cached hosts for a minute', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a', { routes: alicesRoutes });
      const shown = (): string[] =>
        [...rig.view.routes()].map(
          ({ slot, route, cached, lastReference }) =>
            `${slot.peerId} ${route.network.toString('hex')}/${route.bits}${cached ? 'C' : ''} ${lastReference}`,
        );
      rig.advance(1000);
      rig.fromTun(inner('10.8.0.1', '10.66.0.5'));
      await alice.send(inner('10.8.0.2', '10.8.0.1'));
      expect(await alice.received()).toHaveLength(1);
      expect(shown()).toEqual([
        '5 0a080002/32 1000',
        '5 0a420005/32C 2000',
        '5 0a420000/24 2000',
        `5 fd0000080000${'0'.repeat(19)}2/128 1000`,
        `5 fd000077${'0'.repeat(24)}/64 1000`,
      ]);
      rig.advance(59_999);
      expect(shown()).toHaveLength(5);
      rig.advance(1);
      expect(shown()).toHaveLength(4);
    });

    it.each([true, false])('passes packets between clients inside only with client-to-client: %s', async (clientToClient) => {
      await start({ clientToClient });
      const alice = await TestPeer.open(rig, 'a', { slot: { peerId: 2, generation: 1 } });
      const bob = await TestPeer.open(rig, 'b', { slot: { peerId: 3, generation: 1 } });
      const payloads = [inner('10.8.0.2', '10.8.0.3', 'hi bob'), inner('fd00:8::2', 'fd00:8::3', 'hi six')];
      for (const payload of payloads) await alice.send(payload);
      expect((await bob.received()).map(({ payload }) => payload)).toEqual(clientToClient ? payloads : []);
      expect(rig.delivered()).toEqual(clientToClient ? [] : payloads);
    });

    it('keeps what is for the server itself, and for nobody, from other clients', async () => {
      await start({ clientToClient: true });
      const alice = await TestPeer.open(rig, 'a', { slot: { peerId: 2, generation: 1 } });
      const gateway = await TestPeer.open(rig, 'b', {
        slot: { peerId: 3, generation: 1 },
        routes: [host('10.8.0.3'), subnet('10.8.0.0/16'), subnet('fd00:8::/64')],
      });
      const toServer = [inner('10.8.0.2', '10.8.0.1'), inner('fd00:8::2', 'fd00:8::1'), inner('10.8.0.2', '192.0.2.1')];
      for (const packet of toServer) await alice.send(packet);
      expect(rig.delivered()).toEqual(toServer);
      await alice.send(inner('10.8.0.2', '10.8.77.1'));
      expect(await gateway.received()).toMatchObject([{ payload: inner('10.8.0.2', '10.8.77.1') }]);
    });

    it.each([
      ['224.0.0.251', '10.8.0.'],
      ['239.1.2.3', '10.8.0.'],
      ['ff0e::77', 'fd00:8::'],
    ])('passes multicast to %s on to all other clients with client-to-client, and to the TUN device', async (group, network) => {
      await start({ clientToClient: true });
      const [alice, ...others] = await Promise.all(
        [2, 3, 4].map((peerId) => TestPeer.open(rig, `at ${peerId}`, { slot: { peerId, generation: 1 } })),
      );
      const shy = await TestPeer.open(rig, 'shy', { slot: { peerId: 5, generation: 1 }, open: false });
      const packet = inner(`${network}2`, group, 'to all of you');
      await alice?.send(packet);
      for (const other of others) expect(await other.received()).toMatchObject([{ payload: packet }]);
      expect([await alice?.received(), await shy.received()]).toEqual([[], []]);
      expect(rig.delivered()).toEqual([packet]);
    });

    it('sends multicast of the server to all clients, and keeps that of clients from each other without client-to-client', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a', { slot: { peerId: 2, generation: 1 } });
      const bob = await TestPeer.open(rig, 'b', { slot: { peerId: 3, generation: 1 } });
      const [fromServer, fromAlice] = [inner('10.8.0.1', '224.0.0.1'), inner('10.8.0.2', '224.0.0.1')];
      rig.fromTun(fromServer);
      await alice.send(fromAlice);
      for (const client of [alice, bob]) expect(await client.received()).toMatchObject([{ payload: fromServer }]);
      expect(rig.delivered()).toEqual([fromAlice]);
    });

    it('drops what is for a client that is not open', async () => {
      await start({ clientToClient: true });
      const alice = await TestPeer.open(rig, 'a', { slot: { peerId: 2, generation: 1 } });
      const bob = await TestPeer.open(rig, 'b', { slot: { peerId: 3, generation: 1 }, open: false });
      await alice.send(inner('10.8.0.2', '10.8.0.3'));
      expect(await bob.received()).toEqual([]);
      expect(await rig.events()).toMatchObject([{ kind: 'rejected', slot: bob.slot, reason: 'not-open' }]);
    });

    it('moves routes to who is given them last', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a', { slot: { peerId: 2, generation: 1 } });
      const bob = await TestPeer.open(rig, 'b', { slot: { peerId: 3, generation: 1 } });
      bob.command({ kind: 'set-inner-routes', routes: [host('10.8.0.2')] });
      rig.fromTun(inner('10.8.0.1', '10.8.0.2'));
      rig.fromTun(inner('10.8.0.1', '10.8.0.3'));
      expect(await alice.received()).toEqual([]);
      expect(await bob.received()).toHaveLength(1);
    });
  });

  describe('with several keys', () => {
    it('receives with each and sends with the one it is told', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const next = testKeys(99, 'CHACHA20-POLY1305');
      alice.command({ kind: 'set-keys', keyId: 1, keys: dataKeys(next, 'server') });
      await rig.receive('a', alice.packet(inner('10.8.0.5', '10.8.0.1', 'new'), 1, 1, next));
      await rig.receive('a', alice.packet(inner('10.8.0.5', '10.8.0.1', 'old'), 1, 0));
      expect(rig.delivered().map((packet) => packet.subarray(28).toString())).toEqual(['new', 'old']);
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(await alice.received()).toMatchObject([{ keyId: 0, packetId: 1 }]);
      alice.command({ kind: 'send-with', keyId: 1 });
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(await alice.received('a', next)).toMatchObject([{ keyId: 1, packetId: 1 }]);
      alice.command({ kind: 'drop-key', keyId: 0 });
      await rig.receive('a', alice.packet(inner('10.8.0.5', '10.8.0.1', 'late'), 2, 0));
      expect(rig.delivered()).toEqual([]);
      expect(rejected(await rig.events())).toEqual(['no-key 1 key id 0']);
    });

    it('sends nothing without a key, and keeps the tallies of dropped ones', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      for (const id of [1, 3, 2, 2]) await rig.receive('a', alice.packet(PING, id));
      alice.command({ kind: 'drop-key', keyId: 0 });
      alice.command({ kind: 'set-ping', every: seconds(1), lostAfter: undefined });
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      rig.advance(10_000);
      expect(await alice.received()).toEqual([]);
      expect(alice.counters()).toMatchObject({ reordered: 1, replayed: 1, packetsSent: 0 });
      expect(rejected(await rig.events())).toEqual(['replay 1 #2', 'no-key 1 to send with']);
    });

    it('tells once that a key is near its end', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      await rig.receive('a', alice.packet(PING, 0xfeffffff));
      expect(await rig.events()).toEqual([]);
      await rig.receive('a', alice.packet(PING, 0xff000000));
      await rig.receive('a', alice.packet(PING, 0xff000001));
      expect(await rig.events()).toEqual([{ kind: 'key-near-end', slot: alice.slot, keyId: 0 }]);
    });
  });

  describe('keeping alive', () => {
    it('sends a ping whenever nothing was sent for that long', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      alice.command({ kind: 'set-ping', every: seconds(10), lostAfter: undefined });
      rig.advance(9999);
      expect(await alice.received()).toEqual([]);
      rig.advance(1);
      expect(await alice.received()).toMatchObject([{ payload: PING }]);
      rig.advance(8000);
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      rig.advance(8000);
      rig.command({ kind: 'send-control', link: await rig.link('a'), bytes: HARD_RESET, slot: alice.slot });
      expect(await rig.sentTo('a')).toHaveLength(2);
      rig.advance(9999);
      expect(await alice.received()).toEqual([]);
      rig.advance(1);
      rig.advance(20_000);
      expect(await alice.received()).toMatchObject([{ payload: PING }, { payload: PING }, { payload: PING }]);
      alice.command({ kind: 'set-ping', every: undefined, lostAfter: undefined });
      rig.advance(60_000);
      expect(await alice.received()).toEqual([]);
    });

    it('tells once that a peer is silent, until it is heard again', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const lost = async (): Promise<number> => (await rig.events()).filter((event) => event.kind === 'ping-lost').length;
      rig.advance(100_000);
      alice.command({ kind: 'set-ping', every: undefined, lostAfter: seconds(60) });
      rig.advance(59_000);
      await alice.send(PING);
      rig.advance(59_000);
      alice.command({ kind: 'control-heard' });
      await rig.receive('a', Buffer.alloc(40, 0x48));
      rig.advance(59_999);
      expect(await lost()).toBe(0);
      rig.advance(1);
      expect(await lost()).toBe(1);
      rig.advance(500_000);
      expect(await lost()).toBe(0);
      await alice.send(PING);
      rig.advance(60_000);
      expect(await lost()).toBe(1);
    });

    it('keeps the timers of many peers apart', async () => {
      await start();
      const peers: TestPeer[] = [];
      for (let i = 1; i <= 5; i++) {
        const peer = await TestPeer.open(rig, `host ${i}`, { slot: { peerId: i, generation: 1 } });
        peer.command({ kind: 'set-ping', every: milliseconds(i * 1000), lostAfter: undefined });
        peers.push(peer);
      }
      rig.advance(6000);
      const counts: number[] = [];
      for (const peer of peers) counts.push((await peer.received()).length);
      expect(counts).toEqual([6, 3, 2, 1, 1]);
    });
  });

  describe('with mssfix', () => {
    it('clamps SYN packets both ways, and between clients', async () => {
      await start({ mssFix: { size: 1492, counts: 'mtu' }, clientToClient: true });
      const alice = await TestPeer.open(rig, 'a', { slot: { peerId: 2, generation: 1 } });
      const bob = await TestPeer.open(rig, 'b', { slot: { peerId: 3, generation: 1 } });
      await alice.send(tcpPacket('10.8.0.2', '10.8.0.1', mssOption(1460)));
      const [up] = rig.delivered();
      expect(up).toEqual(tcpPacket('10.8.0.2', '10.8.0.1', mssOption(1400)));
      expect(up !== undefined && tcpChecksumIsRight(up, '10.8.0.2', '10.8.0.1')).toBe(true);
      rig.fromTun(tcpPacket('fd00:8::1', 'fd00:8::2', mssOption(1440), 0x12));
      expect(await alice.received()).toMatchObject([{ payload: tcpPacket('fd00:8::1', 'fd00:8::2', mssOption(1380), 0x12) }]);
      await alice.send(tcpPacket('10.8.0.2', '10.8.0.3', mssOption(9000)));
      expect(await bob.received()).toMatchObject([{ payload: tcpPacket('10.8.0.2', '10.8.0.3', mssOption(1400)) }]);
    });
  });

  describe('when a peer closes', () => {
    it('gives the final counters, and what is in flight reaches nobody', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      await alice.send(inner('10.8.0.5', '10.8.0.1'));
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      const inFlight = alice.packet(inner('10.8.0.5', '10.8.0.1'));
      const before = alice.counters();
      alice.command({ kind: 'close-peer' });
      expect(await rig.events()).toEqual([{ kind: 'closed', slot: alice.slot, counters: before }]);
      expect(before).toMatchObject({ packetsReceived: 1, packetsSent: 1 });
      expect(alice.counters()).toBeUndefined();
      expect([...rig.view.routes()]).toEqual([]);
      await rig.receive('a', inFlight);
      expect(await alice.received()).toHaveLength(1);
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(rig.delivered()).toHaveLength(1);
      expect(await alice.received()).toEqual([]);
      expect(rejected(await rig.events())).toEqual(['unknown-peer 1 peer-id 5', 'no-route 1 10.8.0.5']);
      alice.command({ kind: 'close-peer' });
      expect(await rig.events()).toEqual([]);
    });

    it('tells what it held back first', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const packet = alice.packet(PING);
      for (let i = 0; i < 4; i++) await rig.receive('a', packet);
      alice.command({ kind: 'close-peer' });
      expect(await rig.events()).toMatchObject([
        { kind: 'rejected', count: 1 },
        { kind: 'rejected', count: 2 },
        { kind: 'closed', counters: { replayed: 3 } },
      ]);
    });

    it('counts what was on its way as lost', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      for (const id of [1, 4]) await rig.receive('a', alice.packet(PING, id));
      expect(alice.counters()).toMatchObject({ lost: 0 });
      alice.command({ kind: 'close-peer' });
      expect(await rig.events()).toMatchObject([{ kind: 'closed', counters: { lost: 2 } }]);
    });

    it('gives its id to another without a trace of the first', async () => {
      await start();
      const first = await TestPeer.open(rig, 'a');
      first.command({ kind: 'set-ping', every: seconds(1), lostAfter: seconds(5) });
      const inFlight = first.packet(inner('10.8.0.5', '10.8.0.1'));
      first.command({ kind: 'close-peer' });
      const second = await TestPeer.open(rig, 'b', { slot: { peerId: 5, generation: 2 }, keys: testKeys(77) });
      await rig.receive('a', inFlight);
      expect(rig.delivered()).toEqual([]);
      expect(second.counters()).toMatchObject({ packetsReceived: 0, unauthentic: 1 });
      // Commands that were on their way to the first.
      first.command({ kind: 'set-open', open: false });
      first.command({ kind: 'drop-key', keyId: 0 });
      first.command({ kind: 'set-address', link: await rig.link('c') });
      first.command({ kind: 'close-peer' });
      expect(first.counters()).toBeUndefined();
      rig.advance(60_000);
      expect((await rig.events()).map(({ kind }) => kind)).toEqual(['rejected']);
      await second.send(inner('10.8.0.5', '10.8.0.1'));
      expect(rig.delivered()).toHaveLength(1);
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(await second.received()).toMatchObject([{ packetId: 1 }]);
      expect(await rig.sentTo('a')).toEqual([]);
    });

    it('leaves its address to an older session there', async () => {
      await start();
      const old = await TestPeer.open(rig, 'a', { slot: { peerId: 2, generation: 1 }, format: 'v1' });
      const renewed = await TestPeer.open(rig, 'a', { slot: { peerId: 3, generation: 1 }, format: 'v1' });
      await renewed.send(PING);
      expect(renewed.counters()).toMatchObject({ packetsReceived: 1 });
      renewed.command({ kind: 'close-peer' });
      await old.send(PING);
      expect(old.counters()).toMatchObject({ packetsReceived: 1 });
    });
  });

  describe('with the control channel', () => {
    it('passes control packets through unopened, both ways', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      await rig.receive('b', HARD_RESET);
      await rig.receive('a', HARD_RESET);
      expect(await rig.events()).toEqual([
        { kind: 'control', link: await rig.link('b'), bytes: HARD_RESET },
        { kind: 'control', link: await rig.link('a'), bytes: HARD_RESET },
      ]);
      rig.command({ kind: 'send-control', link: await rig.link('b'), bytes: HARD_RESET, slot: undefined });
      expect(await rig.sentTo('b')).toEqual([HARD_RESET]);
      expect(alice.counters()).toMatchObject({ packetsReceived: 0, bytesReceived: 0, packetsSent: 0, bytesSent: 0 });
    });

    it.each([
      ['an unknown opcode', Buffer.concat([Buffer.of(31 << 3), Buffer.alloc(40)])],
      ['a dead opcode', Buffer.concat([Buffer.of(1 << 3), Buffer.alloc(40)])],
      ['a packet too short', HARD_RESET.subarray(0, 13)],
      ['a packet too long', Buffer.concat([HARD_RESET, Buffer.alloc(2048)])],
      ['a data packet without a whole header', Buffer.of(9 << 3, 0)],
    ])('stops %s', async (_what, bytes) => {
      await start();
      await rig.receive('b', bytes);
      expect((await rig.events()).map((event) => (event.kind === 'rejected' ? event.reason : event.kind))).toEqual(['malformed']);
    });

    it('stops a flood of strangers, and leaves room for peers', async () => {
      await start({}, { perSource: 100, strangers: 20 });
      await TestPeer.open(rig, 'a');
      for (let i = 0; i < 30; i++) await rig.receive(`stranger ${i % 3}`, HARD_RESET);
      await rig.receive('a', HARD_RESET);
      const events = await rig.events();
      expect(events.filter(({ kind }) => kind === 'control')).toHaveLength(21);
      expect(rejected(events)).toEqual(['flood 1 control packets']);
      rig.advance(1000);
      expect(rejected(await rig.events())).toEqual(['flood 9 control packets']);
      await rig.receive('stranger 0', HARD_RESET);
      expect((await rig.events()).map(({ kind }) => kind)).toEqual(['control']);
    });
  });

  describe('over TCP', () => {
    it('knows a peer by its connection alone', async () => {
      await start({ transport: 'tcp' });
      const alice = await TestPeer.open(rig, 'a');
      await rig.receive('a', sealed(alice.keys.client, 77, 0, 1, inner('10.8.0.5', '10.8.0.1')));
      expect(rig.delivered()).toHaveLength(1);
      await rig.receive('b', alice.packet(PING, 2));
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(await alice.received()).toMatchObject([{ packetId: 1 }]);
      const events = (await rig.events()).filter(({ kind }) => kind !== 'link-opened');
      expect(rejected(events)).toEqual(['unknown-peer 1 ']);
      expect(events).toHaveLength(1);
    });

    it.each(['forged', 'replayed', 'cut'])('ends the connection at a %s packet', async (how) => {
      await start({ transport: 'tcp' });
      const alice = await TestPeer.open(rig, 'a');
      const packet = alice.packet(PING);
      await rig.receive('a', packet);
      const bad = Buffer.from(how === 'cut' ? packet.subarray(0, 20) : packet);
      if (how === 'forged') bad[bad.length - 1] = (bad[bad.length - 1] ?? 0) ^ 1;
      const reason = { forged: 'unauthentic', replayed: 'replay', cut: 'malformed' }[how];
      await rig.receive('a', bad);
      expect((await rig.events()).map((event) => ('reason' in event ? `${event.kind} ${event.reason}` : event.kind))).toEqual([
        `rejected ${reason}`,
        `link-closed ${reason}`,
      ]);
    });

    it('passes control packets and closes connections', async () => {
      await start({ transport: 'tcp' });
      const link = await rig.link('a');
      await rig.receive('a', HARD_RESET);
      rig.command({ kind: 'send-control', link, bytes: HARD_RESET, slot: undefined });
      rig.command({ kind: 'close-link', link });
      expect(await rig.sentTo('a')).toEqual([HARD_RESET]);
      expect(await rig.events()).toEqual([
        { kind: 'link-opened', link },
        { kind: 'control', link, bytes: HARD_RESET },
        { kind: 'link-closed', link, reason: 'closed by us' },
      ]);
    });
  });

  describe('as a client', () => {
    it('sends everything to its server, and hears it alone', async () => {
      await start({ role: 'client', ownAddresses: [] });
      const server = await TestPeer.open(rig, 'server', { routes: [] });
      rig.fromTun(inner('10.8.0.5', '192.0.2.1'));
      rig.fromTun(inner('fe80::5', 'ff02::1'));
      expect(await server.received()).toMatchObject([
        { payload: inner('10.8.0.5', '192.0.2.1') },
        { payload: inner('fe80::5', 'ff02::1') },
      ]);
      // Whatever peer-id the server writes.
      await rig.receive('server', sealed(server.keys.client, 1234, 0, 1, inner('192.0.2.1', '10.8.0.5')));
      expect(rig.delivered()).toHaveLength(1);
      await rig.receive('elsewhere', sealed(server.keys.client, 5, 0, 2, inner('192.0.2.1', '10.8.0.5')));
      expect(rig.delivered()).toEqual([]);
      expect(rejected(await rig.events())).toEqual(['unknown-peer 1 peer-id 5']);
    });

    it('drops packets off the device while it has no server', async () => {
      await start({ role: 'client' });
      rig.fromTun(inner('10.8.0.5', '192.0.2.1'));
      expect(rejected(await rig.events())).toEqual(['no-route 1 192.0.2.1']);
    });
  });
});
