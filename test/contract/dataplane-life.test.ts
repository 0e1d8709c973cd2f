import { afterEach, describe, expect, it } from 'vitest';
import { milliseconds, seconds } from '../../src/base/units.ts';
import type { PlaneSettings } from '../../src/protocol/data/plane.ts';
import { inner, sealed, testKeys } from '../support/data-packets.ts';
import { HARD_RESET, PING, rejected, RIGS, SETTINGS, TestPeer } from '../support/plane-peer.ts';
import type { PlaneRig, RigMaker } from '../support/plane-rig.ts';

/** What every data plane promises about the life of a peer, its control packets, and the transports. */

describe.each(RIGS)('%s', (_name, make, tcp) => {
  let rig: PlaneRig;
  afterEach(() => rig.stop());

  async function start(more: Partial<PlaneSettings> = {}, limits?: Parameters<RigMaker>[1]): Promise<void> {
    rig = await make({ ...SETTINGS, ...more }, limits);
  }

  describe('keeping alive', () => {
    it('sends a ping whenever nothing but control packets was sent for that long', async () => {
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
      rig.advance(1999);
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

  describe.runIf(tcp)('over TCP', () => {
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
