import { afterEach, describe, expect, it } from 'vitest';
import type { PlaneSettings } from '../../src/protocol/data/plane.ts';
import { host, inner, mssOption, subnet, tcpChecksumIsRight, tcpPacket } from '../support/data-packets.ts';
import { rejected, RIGS, SETTINGS, TestPeer } from '../support/plane-peer.ts';
import type { PlaneRig, RigMaker } from '../support/plane-rig.ts';

/** What every data plane promises about where packets go: routes inside the tunnel, and the sizes it asks for. */

describe.each(RIGS)('%s', (_name, make) => {
  let rig: PlaneRig;
  afterEach(() => rig.stop());

  async function start(more: Partial<PlaneSettings> = {}, limits?: Parameters<RigMaker>[1]): Promise<void> {
    rig = await make({ ...SETTINGS, ...more }, limits);
  }

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
});
