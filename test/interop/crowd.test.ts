import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/sources.ts';
import { PORT, TUNNEL_SERVER4 } from './support/daemons.ts';
import type { CrowdSetup } from './support/crowd-main.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const COUNT = 200;
const PROGRAM = join(ROOT, 'build/test/interop/support/crowd-main.js');

describe.skipIf(!requireInterop())(`${COUNT} of our own clients and a stock one among them`, () => {
  const lab = useLab(['crowd', 'alice']);

  it('reach one another and the stock client inside the server, are all listed, and leave with a word', { timeout: 180_000 }, async () => {
    const server = await lab.server({ lines: ['client-to-client', 'duplicate-cn'] });
    const { ca, cert, key } = await lab.identity('crowd');
    const setup: CrowdSetup = { server: { ip: lab.serverHost.ip4, port: PORT }, count: COUNT, ca, cert, key, staticKey: lab.pki.staticKey };
    const crowd = lab.network.start(lab.network.host('crowd'), 'crowd', [process.execPath, PROGRAM, JSON.stringify(setup)]);
    const alice = await lab.client('alice', { within: 60_000 });
    expect(await crowd.waitFor(/^connected /, { within: 90_000 })).toBe(`connected ${COUNT}`);
    const management = await server.management();
    const listed = async (): Promise<string[][]> =>
      (await management.command('status 2')).filter((line) => line.startsWith('CLIENT_LIST,')).map((line) => line.split(','));
    const rows = await listed();
    expect(rows).toHaveLength(COUNT + 1);
    expect(new Set(rows.map((row) => row[3])).size).toBe(COUNT + 1);
    crowd.write(`ping ${alice.tunnel4}\n`);
    expect(await crowd.waitFor(/^answered /, { within: 90_000 })).toBe(`answered ${COUNT}`);
    expect(await lab.ping(alice, rows.find((row) => row[1] === 'crowd')?.[3] ?? '')).toEqual({ sent: 5, received: 5 });
    crowd.write('leave\n');
    await crowd.waitFor('left', { within: 60_000 });
    await eventually('only the stock client is left', async () => (await listed()).length === 1, 20_000);
    expect(server.process.matching('CC-EEN exit message received by peer')).toHaveLength(COUNT);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    management.close();
  });
});
