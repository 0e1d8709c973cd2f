import { describe, expect, it } from 'vitest';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { ping } from './support/traffic.ts';

describe.skipIf(!requireInterop())('multicast', () => {
  const lab = useLab(['alice', 'bob']);
  const GROUPS = ['239.1.2.3', 'ff0e::77'] as const;

  /** Sends three echo requests to a group, and counts those that come out of each other end's tunnel. */
  async function heard(from: 'server' | 'alice', group: string): Promise<Record<string, number>> {
    const { network } = lab;
    const others = ['server', 'alice', 'bob'].filter((name) => name !== from);
    const filter = group.includes(':') ? 'icmp6 and ip6[40] == 128' : 'icmp[0] == 8';
    const dumps = others.map((name) =>
      network.start(network.host(name), `tcpdump ${name}`, ['tcpdump', '-lni', 'tun0', '--immediate-mode', filter]),
    );
    await Promise.all(dumps.map((dump) => dump.waitFor('listening on')));
    await ping(network, network.host(from), group, 3, ['-I', 'tun0', ...(group.includes(':') ? [] : ['-b', '-t', '5'])]);
    await Promise.all(dumps.map((dump) => dump.stop('SIGINT')));
    return Object.fromEntries(others.map((name, index) => [name, dumps[index]?.matching(`> ${group}: `).length ?? 0]));
  }

  it.each([
    ['and reaches the others with client-to-client', ['client-to-client'], { server: 3, bob: 3 }],
    ['and stays with the server without', [], { server: 3, bob: 0 }],
  ])('of a client comes to the server, %s', async (_what, lines, expected) => {
    await lab.server({ lines });
    await lab.client('alice');
    await lab.client('bob');
    for (const group of GROUPS) expect(await heard('alice', group)).toEqual(expected);
  });

  it('of the server reaches every client', async () => {
    await lab.server();
    await lab.client('alice');
    await lab.client('bob');
    for (const group of GROUPS) expect(await heard('server', group)).toEqual({ alice: 3, bob: 3 });
  });
});
