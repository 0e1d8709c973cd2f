import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OUR_COMMAND, type Program, type Server } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { Prometheus } from './support/prometheus.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** One monitor over ten stock daemons and ten of ours at once, each with a client, and a Prometheus that is asked for their figures. */

const EACH = 10;
const FIRST_PORT = 1300;
/** Everything is slower with so many beside it. */
const LONG = 60_000;
const TOKEN = 'token-for-prometheus';

interface Watched {
  readonly name: string;
  readonly port: number;
  readonly server: Server;
}

describe.skipIf(!requireInterop())('the monitor over a fleet', () => {
  const lab = useLab(['alice']);

  async function startDaemon(program: Program, number: number): Promise<Watched> {
    const index = program === 'stock' ? number : EACH + number;
    const port = FIRST_PORT + index;
    const server = await lab.server({
      program,
      without: ['port', 'server', 'server-ipv6', 'status-version', 'keepalive', ...(program === 'ours' ? ['dev'] : [])],
      lines: [
        `port ${port}`,
        `server 10.9.${index}.0 255.255.255.0`,
        `status-version ${1 + (number % 3)}`,
        'keepalive 1 20',
        ...(program === 'ours' ? ['dev null'] : []),
      ],
    });
    return { name: `${program}${number}`, port, server };
  }

  /** Half of them by the management interface, half by the status file. */
  function yamlOf(daemons: readonly Watched[]): string {
    const lines = daemons.map(({ name, server }, index) =>
      Math.floor(index / 2) % 2 === 0
        ? `  - { name: ${name}, management: { address: ${server.managementPath}, poll: 1s, bytecount: 1s } }`
        : `  - { name: ${name}, status-file: ${server.statusPath} }`,
    );
    return `daemons:\n${lines.join('\n')}\nhttp: { bearer: { token: ${TOKEN} } }\n`;
  }

  it('shows the figures of each of them', async () => {
    const daemons: Watched[] = [];
    // Two at a time: all at once, each would take as long as all together.
    for (let number = 0; number < EACH; number++) {
      daemons.push(...(await Promise.all([startDaemon('stock', number), startDaemon('ours', number)])));
    }
    const config = join(lab.network.folder, 'fleet.yaml');
    writeFileSync(config, yamlOf(daemons));
    const monitor = lab.network.start(lab.serverHost, 'monitor', [...OUR_COMMAND, 'monitor', config]);
    await monitor.waitFor('metrics and health at http://127.0.0.1:9176/metrics');
    const prometheus = await Prometheus.start(lab.network, lab.serverHost, '127.0.0.1:9176', TOKEN);
    const each = (value: number): Record<string, number> => Object.fromEntries(daemons.map(({ name }) => [name, value]));
    await prometheus.comes('all up, none with a client', 'tunnelscope_up - tunnelscope_connected_clients', each(1));

    const clientLines = ['dev null', 'ifconfig-noexec', 'route-noexec'];
    const options = { without: ['dev', 'persist-tun'], lines: clientLines, within: LONG };
    await Promise.all(daemons.map(({ port }) => lab.client('alice', { port, ...options })));
    await prometheus.comes('a client at each', 'tunnelscope_connected_clients', each(1));
    await prometheus.comes('connects', 'tunnelscope_connects_total', each(1));
    // Each client sends a ping every second; what stock tells of a client, it tells when its pings have moved something.
    await eventually(
      'bytes of each that grow',
      async () => {
        const found = await prometheus.query('min by (daemon) (increase(tunnelscope_received_bytes_total[20s]))');
        return daemons.every(({ name }) => (found.get(name) ?? 0) > 0);
      },
      LONG,
    );
    expect(await prometheus.query('sum(tunnelscope_up) == 20')).toEqual(new Map([['undefined', 2 * EACH]]));
    expect((await prometheus.query('tunnelscope_daemons', 'job')).get('openvpn')).toBe(2 * EACH);

    // Two that end at once do not disturb the others.
    const [stock0, ours0] = daemons;
    await Promise.all([stock0?.server.process.stop(), ours0?.server.process.stop()]);
    await prometheus.comes('two down', 'tunnelscope_up', { ...each(1), stock0: 0, ours0: 0 });
    expect(await monitor.stop()).toEqual({ code: 0, signal: null });
  }, 120_000);
});
