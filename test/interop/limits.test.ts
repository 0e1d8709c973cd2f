import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { READY, TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { iperf, segmentSize } from './support/traffic.ts';

const ALL = { sent: 5, received: 5 };

describe.skipIf(!requireInterop())('limits', () => {
  const lab = useLab(['alice', 'bob', 'carol']);

  it('max-clients keeps the next one out until one leaves', async () => {
    const server = await lab.server({ lines: ['max-clients 1'] });
    const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
    const bob = await lab.client('bob', { wait: false });
    await server.process.waitFor(/MULTI: new incoming connection would exceed maximum number of clients \(1\)/);
    expect(bob.process.matching(READY)).toEqual([]);
    await alice.process.stop();
    await bob.process.waitFor(READY, { within: 40_000 });
  });

  it('duplicate-cn lets the same name in twice', async () => {
    await lab.server({ lines: ['duplicate-cn'] });
    const first = await lab.client('alice');
    const second = await lab.client('alice', { host: 'bob' });
    expect(first.tunnel4).not.toBe(second.tunnel4);
    expect(await lab.ping(first, TUNNEL_SERVER4)).toEqual(ALL);
    expect(await lab.ping(second, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('connect-freq puts the second of two quick connections off', async () => {
    await lab.server({ lines: ['connect-freq 1 6'] });
    await lab.client('alice');
    const bob = await lab.client('bob', { wait: false });
    await delay(2500);
    expect(bob.process.matching(READY)).toEqual([]);
    await bob.process.waitFor(READY, { within: 30_000 });
  });

  it.each([
    ['the default', [], 1400],
    ['mssfix 1300', ['mssfix 1300'], 1236],
    ['mssfix 1300 mtu', ['mssfix 1300 mtu'], 1208],
    ['mssfix 1300 fixed', ['mssfix 1300 fixed'], 1260],
  ])('%s bounds the segments of TCP inside the tunnel', async (_what, lines, expected) => {
    const server = await lab.server({ lines });
    const alice = await lab.client('alice', { lines: ['mssfix 0'] });
    // Time stamps take 12 bytes of what the segment size allows.
    expect(await segmentSize(lab.network, server.host, alice.host, TUNNEL_SERVER4)).toBe(expected - 12);
    expect(await segmentSize(lab.network, alice.host, server.host, alice.tunnel4)).toBe(expected - 12);
  });

  it('iperf3 crosses both ways, with one stream and four', async () => {
    const server = await lab.server();
    const alice = await lab.client('alice');
    for (const streams of [1, 4]) {
      for (const reverse of [false, true]) {
        expect(await iperf(lab.network, server.host, alice.host, TUNNEL_SERVER4, { streams, reverse, seconds: 1 })).toBeGreaterThan(1e7);
      }
    }
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('keeps a data channel over TCP in order under load', async () => {
    const server = await lab.server({ proto: 'tcp-server' });
    const alice = await lab.client('alice', { proto: 'tcp-client' });
    expect(await iperf(lab.network, server.host, alice.host, TUNNEL_SERVER4, { seconds: 1 })).toBeGreaterThan(1e7);
    expect(await iperf(lab.network, server.host, alice.host, TUNNEL_SERVER4, { seconds: 1, reverse: true })).toBeGreaterThan(1e7);
    expect(server.process.matching('Peer Connection Initiated')).toHaveLength(1);
  });
});
