import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DataPlaneRecord } from '../../src/model/status-report.ts';
import type { Host } from './support/network.ts';
import { READY, type Server, SERVER, TUNNEL_SERVER4, TUNNEL_SERVER6 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const BYTES = 8_000_000;
const PORT = '5001';
const ALL = { sent: 5, received: 5 };

/** Every adapter, with and without what makes it faster. */
const PLANES = [
  'portable',
  'batched',
  'batched no-vnet-hdr no-native-crypto',
  'batched no-gso no-gro',
  'batched no-gso no-gro no-vnet-hdr no-native-crypto',
] as const;

function digestOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

async function recordOf(server: Server): Promise<DataPlaneRecord> {
  const management = await server.management();
  const [line = '{}'] = await management.command('status json');
  management.close();
  return (JSON.parse(line) as { dataPlane: DataPlaneRecord }).dataPlane;
}

describe.runIf(requireInterop() && SERVER === 'ours')('a data plane', () => {
  const lab = useLab(['alice', 'bob']);

  /** Sends a file over TCP inside the tunnel, and gives what arrived. */
  async function carried(file: string, from: Host, to: Host, address: string): Promise<string> {
    const path = lab.file('');
    const listener = lab.network.start(to, 'nc -l', ['sh', '-c', `exec nc -l ${address} ${PORT} > ${path}`]);
    await eventually('somebody listens', async () => (await lab.network.run(to, ['ss', '-Hltn', 'sport', '=', `:${PORT}`])) !== '');
    await lab.network.run(from, ['sh', '-c', `nc -N ${address} ${PORT} < ${file}`]);
    await listener.ended;
    expect(statSync(path).size).toBe(BYTES);
    return digestOf(path);
  }

  it.each(PLANES)('%s: carries every byte both ways, to and between clients, and says what runs', async (plane) => {
    const file = lab.file('');
    writeFileSync(file, randomBytes(BYTES));
    const digest = digestOf(file);
    const server = await lab.server({ lines: [`data-plane ${plane}`, 'client-to-client'] });
    const alice = await lab.client('alice');
    const bob = await lab.client('bob');
    expect(await carried(file, alice.host, lab.serverHost, TUNNEL_SERVER4)).toBe(digest);
    expect(await carried(file, lab.serverHost, alice.host, alice.tunnel4)).toBe(digest);
    expect(await carried(file, alice.host, lab.serverHost, TUNNEL_SERVER6)).toBe(digest);
    expect(await carried(file, bob.host, alice.host, alice.tunnel4)).toBe(digest);
    const { adapter, steps, instead } = await recordOf(server);
    const [wanted, ...without] = plane.split(' ');
    expect({ adapter, instead }).toEqual({ adapter: wanted, instead: undefined });
    for (const word of without) expect(steps).not.toContain(word.replace('no-', ''));
    if (plane === 'batched') expect(steps).toEqual(['native-crypto', 'gso', 'gro', 'vnet-hdr']);
    expect(await server.process.stop()).toEqual({ code: 0, signal: null });
  });

  it.each(['portable', 'batched'])('%s: shows packets when the log is told to while it runs', async (plane) => {
    const server = await lab.server({ lines: [`data-plane ${plane}`, 'verb 3'], without: ['verb'] });
    const alice = await lab.client('alice');
    const management = await server.management();
    expect(server.process.matching('UDPv4 READ')).toEqual([]);
    await management.command('verb 6');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    for (const words of ['UDPv4 READ [', 'UDPv4 WRITE [', 'TUN READ [', 'TUN WRITE [']) await server.process.waitFor(words);
    await management.command('verb 3');
    management.close();
  });

  it('ends the daemon when the device goes away', async () => {
    const server = await lab.server({ lines: ['data-plane batched'] });
    await lab.network.run(lab.serverHost, ['ip', 'link', 'delete', 'tun0']);
    expect(await server.process.ended).toEqual({ code: 1, signal: null });
    expect(server.process.matching('Exiting due to fatal error')).toHaveLength(1);
  });

  it('changes the adapter at a reload, on the device that stands', async () => {
    const server = await lab.server({ lines: ['data-plane batched', 'explicit-exit-notify 1'] });
    const alice = await lab.client('alice');
    const text = readFileSync(server.configPath, 'utf8');
    for (const plane of ['portable', 'batched no-vnet-hdr', 'batched']) {
      writeFileSync(server.configPath, text.replace('data-plane batched', `data-plane ${plane}`));
      const [mark, clientMark] = [server.process.mark(), alice.process.mark()];
      server.process.signal('SIGHUP');
      await server.process.waitFor(READY, { from: mark });
      await alice.process.waitFor(READY, { from: clientMark });
      expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
      expect((await recordOf(server)).adapter).toBe(plane.split(' ')[0]);
    }
  });
});
