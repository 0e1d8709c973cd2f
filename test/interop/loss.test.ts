import { describe, expect, it } from 'vitest';
import { TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';

const UNKIND = { drop: 0.1, duplicate: 0.05, reorder: 0.05 };

describe.skipIf(!requireInterop())('a relay that drops 10%, doubles 5% and reorders 5%', () => {
  const lab = useLab(['relay', 'alice']);

  it.each([1, 2, 3])('does not keep a client from connecting (seed %i)', async (seed) => {
    await lab.server();
    const relay = await lab.relay(UNKIND, seed);
    const alice = await lab.client('alice', { remote: relay.host.ip4, within: 60_000 });
    relay.setFaults({});
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    expect((await relay.counts()).dropped).toBeGreaterThan(0);
  });

  it('delivers each packet at most once', async () => {
    await lab.server();
    const relay = await lab.relay();
    const alice = await lab.client('alice', { remote: relay.host.ip4 });
    relay.setFaults(UNKIND);
    const output = await lab.network
      .run(alice.host, ['ping', '-n', '-c', '200', '-i', '0.01', '-W', '1', TUNNEL_SERVER4])
      .catch((error: { stdout: string }) => error.stdout);
    relay.setFaults({});
    const { dropped, duplicated, reordered } = await relay.counts();
    expect(Math.min(dropped, duplicated, reordered)).toBeGreaterThan(0);
    expect(output).not.toContain('DUP!');
    expect(Number(/(\d+) received/.exec(output)?.[1])).toBeGreaterThan(120);
  });

  it.each([
    [[], 1],
    [['mute-replay-warnings'], 0],
  ])('doubles packets, and with %j the log says so, or not at all (%i)', async (lines, least) => {
    const server = await lab.server({ lines });
    const relay = await lab.relay();
    const alice = await lab.client('alice', { remote: relay.host.ip4 });
    relay.setFaults({ duplicate: 1 });
    const mark = server.process.mark();
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    expect((await relay.counts()).duplicated).toBeGreaterThanOrEqual(5);
    // Whatever is said of the client before it has gone, has been said.
    await alice.process.stop();
    await server.process.stop();
    const said = server.process.lines.slice(mark).filter((line) => line.includes('bad packet ID (may be a replay)')).length;
    expect(least === 0 ? said === 0 : said >= least).toBe(true);
  });

  it('does not stop renegotiation', async () => {
    const server = await lab.server({ lines: ['reneg-sec 5', 'verb 4'] });
    const relay = await lab.relay();
    const alice = await lab.client('alice', { remote: relay.host.ip4 });
    relay.setFaults(UNKIND);
    await server.process.waitFor('Control Channel: TLSv1.3', { from: server.process.mark(), within: 30_000 });
    await server.process.waitFor('Control Channel: TLSv1.3', { from: server.process.mark(), within: 30_000 });
    relay.setFaults({});
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    expect(server.process.matching('Peer Connection Initiated')).toHaveLength(1);
  });
});
