import { describe, expect, it } from 'vitest';
import { TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** A dual-stack server prints IPv4 addresses as its socket sees them. */
const FLOATED = /peer 0 \(alice\) floated from (?:\[AF_INET6?\])?(?:::ffff:)?10\.99\.0\.2:\d+ to \[AF_INET6?\](?:::ffff:)?10\.99\.0\.2:\d+/;

describe.skipIf(!requireInterop())('a client whose address changes', () => {
  const lab = useLab(['relay', 'alice']);

  it('stays connected when its port does', async () => {
    const server = await lab.server();
    const relay = await lab.relay();
    const alice = await lab.client('alice', { remote: relay.host.ip4 });
    for (let times = 1; times <= 3; times++) {
      await relay.float();
      expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
      await eventually(`float ${times}`, () => server.process.matching(FLOATED).length === times);
    }
    expect(server.process.matching('Peer Connection Initiated')).toHaveLength(1);
  });

  it('stays connected when its IP address does, and the server reaches it there', async () => {
    const server = await lab.server();
    const relay = await lab.relay();
    const alice = await lab.client('alice', { remote: relay.host.ip4 });
    await lab.network.addAddresses(relay.host, ['10.99.0.200/24']);
    await relay.float('10.99.0.200');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    expect(await lab.ping(server, alice.tunnel4)).toEqual({ sent: 5, received: 5 });
    await server.process.waitFor(/floated from .* to \[AF_INET6?\](?:::ffff:)?10\.99\.0\.200:\d+/);
    const management = await server.management();
    expect((await management.command('status 2')).find((line) => line.startsWith('CLIENT_LIST,alice,'))).toContain(',10.99.0.200:');
    management.close();
  });
});
