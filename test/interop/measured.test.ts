import { describe, expect, it } from 'vitest';
import { SERVER, TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';

describe.skipIf(!requireInterop() || SERVER === 'stock')('what is measured of a stock client', () => {
  const lab = useLab(['relay', 'alice']);

  it('is what the relay between did to its data packets', async () => {
    const server = await lab.server({ without: ['keepalive', 'server-ipv6'] });
    const relay = await lab.relay({}, 5);
    const alice = await lab.client('alice', { remote: relay.host.ip4, lines: ['explicit-exit-notify 1'] });
    relay.setFaults({ drop: 0.1, duplicate: 0.05 });
    await lab.network.run(alice.host, ['ping', '-n', '-q', '-c', '300', '-i', '0.01', '-W', '1', TUNNEL_SERVER4]).catch(() => undefined);
    relay.setFaults({});
    // Ids that never came are known to be lost when later ones did.
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    const { upData } = await relay.counts();
    expect(Math.min(upData.dropped, upData.duplicated)).toBeGreaterThan(3);
    await alice.process.stop();
    const summary = await server.process.waitFor(/Session \d+ of 'alice' .* ended/, { within: 10_000 });
    const [, packets, lost] = /received \d+ bytes in (\d+) packets, .*, (\d+) lost/.exec(summary) ?? [];
    expect({ packets: Number(packets), lost: Number(lost) }).toEqual({ packets: upData.passed, lost: upData.dropped });
  });
});
