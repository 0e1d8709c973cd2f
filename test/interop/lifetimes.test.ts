import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };
const SOFT_RESET = 'TLS: soft reset';

describe.skipIf(!requireInterop())('a session ends', () => {
  const lab = useLab(['alice']);

  it('by inactive, pings of the tunnel not counting', async () => {
    const server = await lab.server({ without: ['keepalive'], lines: ['keepalive 1 5', 'inactive 4'] });
    const alice = await lab.client('alice');
    const steady = lab.longPing(alice, TUNNEL_SERVER4, 0.5);
    await delay(6000);
    await steady.stop();
    expect(server.process.matching('Inactivity timeout')).toEqual([]);
    await server.process.waitFor(/alice\/\S+ Inactivity timeout \(--inactive\), exiting/, { within: 12_000 });
    await server.process.waitFor(/alice\/\S+ SIGTERM\[soft,inactive\] received, client-instance exiting/);
  });

  it('by inactive when traffic stays below the bytes that it names', async () => {
    const server = await lab.server({ lines: ['inactive 4 100000'] });
    const alice = await lab.client('alice');
    const steady = lab.longPing(alice, TUNNEL_SERVER4, 0.5);
    await server.process.waitFor(/alice\/\S+ SIGTERM\[soft,inactive\] received, client-instance exiting/, { within: 12_000 });
    await steady.stop();
  });

  it('by session-timeout, however busy it is', async () => {
    const server = await lab.server({ lines: ['session-timeout 4'] });
    const alice = await lab.client('alice');
    const steady = lab.longPing(alice, TUNNEL_SERVER4, 0.5);
    await server.process.waitFor(/alice\/\S+ Session timeout, exiting/, { within: 10_000 });
    await server.process.waitFor(/alice\/\S+ SIGTERM\[soft,session-timeout\] received, client-instance exiting/);
    await steady.stop();
  });
});

describe.skipIf(!requireInterop())('a data key', () => {
  const lab = useLab(['alice']);

  it.each([
    ['reneg-bytes', 'reneg-bytes 20000', /soft reset sec=\d+\/3\d{3} bytes=2\d{4}\/20000 pkts=\d+\/0/],
    ['reneg-pkts', 'reneg-pkts 60', /soft reset sec=\d+\/3\d{3} bytes=\d+\/-1 pkts=\d{2,3}\/60/],
  ])('is renewed by %s, and no ping is lost', async (_name, line, expected) => {
    const server = await lab.server({ lines: [line] });
    const alice = await lab.client('alice');
    const steady = lab.longPing(alice, TUNNEL_SERVER4, 0.02);
    await eventually('a second renegotiation', () => server.process.matching(SOFT_RESET).length >= 2);
    const { sent, received } = await steady.stop();
    expect(sent - received).toBeLessThanOrEqual(1);
    expect(server.process.matching(SOFT_RESET)[0]).toMatch(expected);
  });

  it('is dropped after tran-window', async () => {
    const server = await lab.server({ lines: ['tran-window 3', 'reneg-sec 8'] });
    const alice = await lab.client('alice');
    await server.process.waitFor(SOFT_RESET, { within: 12_000 });
    const began = performance.now();
    await server.process.waitFor('TLS: tls_process: killed expiring key');
    expect(performance.now() - began).toBeGreaterThan(2500);
    expect(performance.now() - began).toBeLessThan(6000);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });
});
