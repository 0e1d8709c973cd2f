import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bed, benchServer, makeBed } from '../../bench/support/bed.ts';
import { generate } from '../../bench/support/generator.ts';
import { SERVER } from './support/daemons.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const CLIENTS = 200;

describe.skipIf(!requireInterop())(`${CLIENTS} of our own clients at once`, () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await makeBed(['generator']);
  });
  afterAll(() => bed.network.remove());

  it('are all served, listed with an address each, and gone when they vanish', async () => {
    const server = await benchServer(bed, SERVER, 'udp', ['keepalive 2 6']);
    const management = await server.management();
    const host = bed.network.host('generator');
    const { report, process } = await generate(bed, host, SERVER, { kind: 'hold', clients: CLIENTS, parallel: 8 });
    expect(report.inTime).toBe(CLIENTS);
    const listed = async (): Promise<string[]> => (await management.command('status 2')).filter((line) => line.startsWith('CLIENT_LIST,'));
    const lines = await listed();
    expect(lines).toHaveLength(CLIENTS);
    expect(new Set(lines.map((line) => line.split(',')[3])).size).toBe(CLIENTS);
    await process.stop('SIGKILL');
    await eventually('all gone', async () => (await listed()).length === 0, 40_000);
    expect((await management.command('load-stats'))[0]).toMatch(/^SUCCESS: nclients=0,/);
    management.close();
  });
});
