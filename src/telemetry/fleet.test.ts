import { describe, expect, it } from 'vitest';
import { milliseconds } from '../base/units.ts';
import { parseStatus } from '../status/parse.ts';
import type { SeenClientStep } from './facts.ts';
import { Fleet } from './fleet.ts';
import { at, client, list, Rig, wall } from './testing.ts';

function step(rig: Rig, seconds: number, what: 'connecting' | 'established' | 'renewed' | 'gone', changes: SeenClientStep): void {
  rig.tell('management', seconds, { kind: 'client', what, client: changes });
}

const ADDRESS = { text: '10.99.0.2:4000', ip: '10.99.0.2', port: 4000 };

describe('bytes', () => {
  it('are summed over clients that come, go and come again', () => {
    const rig = new Rig();
    rig.up('management', 0);
    rig.tell('management', 1, list([client(4000, { clientId: 0, bytesReceived: 100, bytesSent: 10 })]));
    rig.tell('management', 2, { kind: 'client-bytes', clients: [{ clientId: 0, received: 150, sent: 20 }] });
    rig.tell('management', 3, list([]));
    rig.tell('management', 4, list([client(4001, { clientId: 1, bytesReceived: 30, bytesSent: 3, since: { wall: wall(3) } })]));
    expect([rig.vpn.received.value, rig.vpn.sent.value]).toEqual([180, 23]);
    expect(rig.vpn.received.by).toBe('clients');
  });

  it('take the final counts of a client that goes, even from an older list afterwards', () => {
    const rig = new Rig();
    rig.up('management', 0);
    rig.up('status-file', 0);
    step(rig, 1, 'connecting', { clientId: 0, address: ADDRESS, commonName: 'alice' });
    step(rig, 1, 'established', { clientId: 0, address: ADDRESS, commonName: 'alice', since: wall(0), virtual4: '10.8.0.2' });
    step(rig, 9, 'gone', { clientId: 0, address: ADDRESS, since: wall(0), received: 5000, sent: 7000 });
    rig.tell('status-file', 10, list([client(4000, { commonName: 'alice', bytesReceived: 900, bytesSent: 800 })]));
    expect([rig.vpn.received.value, rig.vpn.sent.value, rig.vpn.clients?.value]).toEqual([5000, 7000, 0]);
  });

  it('go on when the daemon begins anew with client ids and counts from 0', () => {
    const rig = new Rig();
    rig.up('management', 0);
    rig.tell('management', 1, list([client(4000, { clientId: 0, bytesReceived: 1000 })]));
    rig.tell('management', 2, { kind: 'source-down', where: 'x', fault: 'closed', text: 'closed' });
    rig.up('management', 9);
    rig.tell('management', 10, list([client(4000, { clientId: 0, bytesReceived: 40, since: { wall: wall(8) } })]));
    expect(rig.vpn.received.value).toBe(1040);
    expect(rig.vpn.phases.connected).toBe(1);
  });

  it('do not count a client twice that floats, as a list without client ids tells it', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    rig.tell('status-file', 1, list([client(4000, { commonName: 'alice', bytesReceived: 1000 })]));
    rig.tell('status-file', 2, list([client(4999, { commonName: 'alice', bytesReceived: 1100 })]));
    expect(rig.vpn.received.value).toBe(1100);
    expect(rig.vpn.events.connects.value).toBe(0);
  });

  it('keep clients apart that share a name, an address without a port, or both', () => {
    const rig = new Rig();
    const six = { text: 'fd99::2', ip: 'fd99::2', port: undefined };
    rig.up('status-file', 0);
    for (const seconds of [1, 2]) {
      const rows = [0, 5, 9].map((since) =>
        client(1, { commonName: 'alice', realAddress: six, since: { wall: wall(since) }, bytesReceived: seconds * 100 }),
      );
      rig.tell('status-file', seconds, list(seconds === 1 ? rows : rows.reverse()));
    }
    expect(rig.vpn.received.value).toBe(600);
    expect(rig.vpn.clients?.value).toBe(3);
  });

  it('of a client daemon follow its byte count, over restarts of its process', () => {
    const rig = new Rig();
    rig.up('management', 0);
    rig.tell('management', 0, { kind: 'identity', mode: 'client', pid: 7 });
    rig.tell('management', 1, { kind: 'bytes', received: 500, sent: 50 });
    rig.tell('management', 2, { kind: 'bytes', received: 700, sent: 70 });
    rig.tell('management', 3, { kind: 'identity', pid: 8 });
    rig.tell('management', 4, { kind: 'bytes', received: 900, sent: 5 });
    expect([rig.vpn.received.value, rig.vpn.sent.value]).toEqual([1600, 75]);
  });

  it('of another contributor take over when the best has been silent, without a jump', () => {
    const rig = new Rig({ silentAfter: milliseconds(60_000) });
    rig.up('management', 0);
    rig.tell('management', 1, list([client(4000, { clientId: 0, bytesReceived: 1000 })]));
    rig.tell('management', 2, { kind: 'load', clients: 1, received: 9000, sent: 0 });
    expect(rig.vpn.received.value).toBe(1000);
    rig.tell('management', 90, { kind: 'load', clients: 1, received: 9500, sent: 0 });
    expect([rig.vpn.received.value, rig.vpn.received.by]).toEqual([1500, 'load-stats']);
    rig.tell('management', 91, list([client(4000, { clientId: 0, bytesReceived: 1490 })]));
    expect([rig.vpn.received.value, rig.vpn.received.by]).toEqual([1500, 'clients']);
  });
});

describe('clients', () => {
  it('that were there at the first look are no connects', () => {
    const rig = new Rig();
    rig.up('management', 0);
    rig.tell('management', 1, list([client(4000), client(4001)]));
    rig.tell('management', 2, list([client(4000), client(4001), client(4002, { since: { wall: wall(1) } })]));
    expect(rig.vpn.events.connects.value).toBe(1);
  });

  it('stay when a list is cut off, and a torn one is counted', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    rig.tell('status-file', 1, list([client(4000), client(4001)]));
    rig.tell('status-file', 2, list([client(4000)], { complete: false, problems: ['cut off'] }));
    expect(rig.vpn.clients?.value).toBe(2);
    expect(rig.vpn.sources.get('status-file')?.faults.get('truncated')).toBe(1);
  });

  it('that a list left out by mistake are the same when they are on the next', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    rig.tell('status-file', 1, list([client(4000, { bytesReceived: 1000 })]));
    rig.tell('status-file', 2, list([]));
    rig.tell('status-file', 3, list([client(4000, { bytesReceived: 1010 })]));
    expect(rig.vpn.received.value).toBe(1010);
    expect(rig.vpn.clients?.value).toBe(1);
  });

  it('are told by phase: without an address they are still in handshake', () => {
    const rig = new Rig();
    rig.up('management', 0);
    rig.tell(
      'management',
      1,
      list([client(1), client(2, { virtual4: undefined }), client(3, { commonName: undefined, virtual4: undefined })]),
    );
    expect(rig.vpn.phases).toEqual({ handshake: 1, authenticating: 1, connecting: 0, connected: 1, closing: 0 });
  });

  it('of a TAP server have no address, and are connected when a route leads to them', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    const row = client(1, { virtual4: undefined });
    const route = {
      destination: 'aa:bb:cc:dd:ee:ff@0',
      cached: false,
      commonName: 'c1',
      realAddress: row.realAddress,
      lastReference: { wall: wall(0) },
    };
    rig.tell('status-file', 1, list([row], { routes: [route] }));
    expect(rig.vpn.phases.connected).toBe(1);
  });

  it('are kept up to a number, and counted beyond', () => {
    const rig = new Rig({ maxClients: 3 });
    rig.up('management', 0);
    rig.tell('management', 1, list([1, 2, 3, 4, 5].map((port) => client(port))));
    expect([rig.vpn.clients?.value, rig.vpn.clientsLeftOut]).toEqual([3, 2]);
  });

  it('all go with a restart of the daemon', () => {
    const rig = new Rig();
    rig.up('management', 0);
    rig.tell('management', 1, list([client(1), client(2)]));
    rig.tell('management', 2, { kind: 'state', state: { time: wall(2), name: 'RECONNECTING', detail: 'SIGUSR1' } });
    expect(rig.vpn.clients?.value).toBe(0);
    expect(rig.vpn.events.disconnects.get('daemon-restart')).toBe(2);
  });

  it('come in a second by ten thousands', () => {
    const rig = new Rig({ series: { mode: 'user', top: 0, max: 20_000 } });
    rig.up('management', 0, true);
    rig.tell('management', 1, list([]));
    for (let id = 0; id < 10_000; id++) {
      const address = { text: `10.9.${id >> 8}.${id & 255}:1194`, ip: `10.9.${id >> 8}.${id & 255}`, port: 1194 };
      step(rig, 1 + id / 10_000, 'established', { clientId: id, address, commonName: `c${id}`, virtual4: `10.8.${id >> 8}.${id & 255}` });
    }
    expect([rig.vpn.clients?.value, rig.vpn.events.connects.value, [...rig.vpn.series].length]).toEqual([10_000, 10_000, 10_000]);
    rig.tell('management', 3, { kind: 'state', state: { time: wall(3), name: 'EXITING' } });
    expect(rig.vpn.events.disconnects.get('daemon-exit')).toBe(10_000);
  });
});

describe('sources', () => {
  it('fill in what better ones lack, and give way to them', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    rig.up('management', 0);
    rig.tell('status-file', 1, list([client(4000)], { title: 'from the file' }));
    expect(rig.vpn.title).toMatchObject({ value: 'from the file', source: 'status-file' });
    rig.tell('management', 2, { kind: 'identity', title: 'from management' });
    rig.tell('status-file', 3, list([client(4000)], { title: 'from the file' }));
    expect(rig.vpn.title).toMatchObject({ value: 'from management', source: 'management', now: at(2) });
    rig.tell('management', 4, { kind: 'source-down', where: 'x', fault: 'refused', text: 'refused' });
    rig.tell('status-file', 5, list([client(4000)], { title: 'from the file' }));
    expect(rig.vpn.title?.source).toBe('status-file');
  });

  it('that are better decide who is there; a worse list adds nobody and takes nobody away', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    rig.up('management', 0);
    rig.tell('management', 1, list([client(4000, { clientId: 0 })]));
    rig.tell('status-file', 2, list([client(5000, { bytesReceived: 99 })]));
    expect([...rig.vpn.sessions].map(({ address }) => address?.port)).toEqual([4000]);
    expect(rig.vpn.received.value).toBe(0);
  });

  it('keep a client that came by an event when a list of another source is older', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    rig.tell('status-file', 1, list([]));
    rig.up('log', 0, true);
    rig.line('log', 30, '10.99.0.2:4000 [alice] Peer Connection Initiated with [AF_INET]10.99.0.2:4000');
    rig.line('log', 30, 'alice/10.99.0.2:4000 MULTI_sva: pool returned IPv4=10.8.0.2, IPv6=(Not enabled)');
    rig.tell('status-file', 31, list([]));
    rig.tell('status-file', 91, list([client(4000, { commonName: 'alice', since: { wall: wall(30) }, bytesSent: 5 })]));
    expect([rig.vpn.events.connects.value, rig.vpn.clients?.value, rig.vpn.sent.value]).toEqual([1, 1, 5]);
  });

  it('of daemons that are not there are counted and dropped', () => {
    const fleet = new Fleet();
    fleet.handle({ daemon: 'nobody', source: 'log', now: at(0), fact: { kind: 'identity', pid: 1 } });
    expect([fleet.factsDropped, fleet.size]).toEqual([1, 0]);
  });

  it('take what the parser of status output gives', () => {
    const rig = new Rig();
    rig.up('status-file', 0);
    const text = 'OpenVPN STATISTICS\nUpdated,2026-11-22 13:00:00\nTCP/UDP read bytes,77\nTCP/UDP write bytes,5\nEND\n';
    rig.tell('status-file', 1, { kind: 'status', status: parseStatus(text) });
    expect([rig.vpn.mode?.value, rig.vpn.received.value, rig.vpn.received.by]).toEqual(['client', 77, 'statistics']);
  });
});

describe('a fleet', () => {
  it('keeps the counters of daemons that stay when it gets another list of them', () => {
    const fleet = new Fleet();
    fleet.setDaemons(['a', 'b']);
    fleet.handle({ daemon: 'b', source: 'management', now: at(0), fact: { kind: 'bytes', received: 7, sent: 8 } });
    fleet.setDaemons(['c', 'b']);
    expect([...fleet.daemons].map(({ name }) => name)).toEqual(['c', 'b']);
    expect(fleet.daemon('b')?.received.value).toBe(7);
    expect(fleet.daemon('a')).toBeUndefined();
  });

  it('takes clocks that jump without a number below zero', () => {
    const rig = new Rig();
    rig.up('management', 100);
    rig.tell('management', 100, list([]));
    step(rig, 100, 'established', { clientId: 0, since: wall(99_999) });
    expect([rig.vpn.events.connectSeconds.count, rig.vpn.events.connects.value]).toEqual([0, 1]);
  });
});

describe('watchers', () => {
  it('hear of facts that the state has taken up, until they stop', () => {
    const fleet = new Fleet();
    fleet.setDaemons(['vpn']);
    const heard: unknown[] = [];
    const stop = fleet.watch({ fact: ({ daemon, fact }) => heard.push([daemon, fact.kind, fleet.daemon(daemon)?.title?.value]) });
    const identity = { kind: 'identity', title: 'OpenVPN 2.6.14' } as const;
    fleet.handle({ daemon: 'vpn', source: 'management', now: at(1), fact: identity });
    fleet.handle({ daemon: 'stranger', source: 'management', now: at(1), fact: identity });
    stop();
    fleet.handle({ daemon: 'vpn', source: 'management', now: at(2), fact: identity });
    expect(heard).toEqual([['vpn', 'identity', 'OpenVPN 2.6.14']]);
  });
});
