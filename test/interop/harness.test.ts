import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, type StockClient, startClient, startServer, TUNNEL_SERVER4, TUNNEL_SERVER6 } from './support/daemons.ts';
import { Network } from './support/network.ts';
import { TestPki } from './support/pki.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';
import { iperf, LongPing, ping } from './support/traffic.ts';

const possible = requireInterop();

/** The harness proved on stock against stock: what fails here is the harness, and no other file's failure means anything. */
describe.skipIf(!possible)('the harness, stock against stock', () => {
  let network: Network;
  let pki: TestPki;
  let server: Server;
  let alice: StockClient;

  beforeAll(async () => {
    network = await Network.create(['server', 'alice']);
    pki = await TestPki.create(`${network.folder}/pki`);
    server = await startServer(network, network.host('server'), pki, { program: 'stock' });
    alice = await startClient(network, network.host('alice'), network.host('server'), pki, await pki.client('alice'));
  });

  afterAll(() => network.remove());

  it('pings through the tunnel on both protocols', async () => {
    expect(await ping(network, alice.host, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    expect(await ping(network, alice.host, TUNNEL_SERVER6)).toEqual({ sent: 5, received: 5 });
    expect(await ping(network, server.host, alice.tunnel4)).toEqual({ sent: 5, received: 5 });
    expect(await ping(network, server.host, alice.tunnel6)).toEqual({ sent: 5, received: 5 });
  });

  it('counts the answers that do not come', async () => {
    expect(await ping(network, alice.host, '10.8.0.77', 3)).toEqual({ sent: 3, received: 0 });
  });

  it('keeps a ping going until it is stopped', async () => {
    const steady = new LongPing(network, alice.host, TUNNEL_SERVER4);
    await ping(network, alice.host, TUNNEL_SERVER4);
    const { sent, received } = await steady.stop();
    expect(received).toBeGreaterThan(3);
    expect(sent - received).toBeLessThanOrEqual(1);
  });

  it('measures throughput', async () => {
    expect(await iperf(network, server.host, alice.host, TUNNEL_SERVER4, { seconds: 1 })).toBeGreaterThan(1e6);
  });

  it('speaks to the management interface', async () => {
    const management = await server.management();
    expect(await management.command('pid')).toEqual([`SUCCESS: pid=${server.process.pid}`]);
    expect((await management.command('status 2')).some((line) => line.startsWith('CLIENT_LIST,alice,'))).toBe(true);
    management.close();
  });

  it('sees the status file', async () => {
    await eventually(
      'alice in the status file',
      () => existsSync(server.statusPath) && readFileSync(server.statusPath, 'utf8').includes('alice'),
    );
  });

  it('fails with the tail of the log when a line does not come', async () => {
    await expect(alice.process.waitFor('no such line', { within: 50 })).rejects.toThrow(
      /not said in time[\s\S]*Initialization Sequence Completed/,
    );
  });

  it('ends what it started', async () => {
    expect(await alice.process.stop()).toEqual({ code: 0, signal: null });
    expect(alice.process.alive).toBe(false);
    await expect(alice.process.waitFor('no such line')).rejects.toThrow('the process ended');
  });
});

describe.skipIf(!possible)('the network', () => {
  it('leaves nothing behind', async () => {
    const network = await Network.create(['one']);
    const host = network.host('one');
    const sleeper = network.start(host, 'sleep', ['sleep', '1000']);
    expect(await network.run(host, ['ip', '-4', '-br', 'address', 'show', 'eth0'])).toContain('10.99.0.1/24');
    await network.remove();
    expect(sleeper.alive).toBe(false);
    expect(existsSync(`/run/netns/${host.namespace}`)).toBe(false);
    expect(existsSync(network.folder)).toBe(false);
  });
});
