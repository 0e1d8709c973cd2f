import { afterEach, describe, expect, it } from 'vitest';
import { seconds } from '../../src/base/units.ts';
import type { PlaneSettings } from '../../src/protocol/data/plane.ts';
import { dataKeys, inner, sealed, testKeys } from '../support/data-packets.ts';
import { EXIT, HARD_RESET, OCC_REQUEST, PING, rejected, RIGS, SETTINGS, TestPeer } from '../support/plane-peer.ts';
import type { PlaneRig, RigMaker } from '../support/plane-rig.ts';

/**
 * What every data plane promises, whichever adapter drives it (facts: wire 15 to 20). Packets of the peers are built
 * and opened by test/support/data-packets.ts, which shares no code with the planes.
 */

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

    it('floats in the middle of a change of keys, with packets of both on their way', async () => {
      await start();
      const alice = await TestPeer.open(rig, 'a');
      const next = testKeys(98);
      const text = (): string[] => rig.delivered().map((packet) => packet.subarray(28).toString());
      alice.command({ kind: 'set-keys', keyId: 1, keys: dataKeys(next, 'server') });
      await rig.receive('b', alice.packet(inner('10.8.0.5', '10.8.0.1', 'new key, new place'), 1, 1, next));
      await rig.receive('a', alice.packet(inner('10.8.0.5', '10.8.0.1', 'old key, old place'), 1, 0));
      await rig.receive('b', alice.packet(inner('10.8.0.5', '10.8.0.1', 'old key, new place'), 2, 0));
      expect(text()).toEqual(['new key, new place', 'old key, old place', 'old key, new place']);
      expect((await rig.events()).map(({ kind }) => kind)).toEqual(['float-asked']);
      alice.command({ kind: 'send-with', keyId: 1 });
      alice.command({ kind: 'set-address', link: await rig.link('b') });
      rig.fromTun(inner('10.8.0.1', '10.8.0.5'));
      expect(await alice.received('b', next)).toMatchObject([{ keyId: 1, packetId: 1 }]);
      alice.command({ kind: 'drop-key', keyId: 0 });
      await rig.receive('b', alice.packet(inner('10.8.0.5', '10.8.0.1', 'again'), 2, 1, next));
      expect(text()).toEqual(['again']);
      expect(alice.counters()).toMatchObject({ packetsReceived: 4, packetsSent: 1, lost: 0, replayed: 0 });
      expect(await rig.sentTo('a')).toEqual([]);
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
});
