import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/host/clock.ts';
import { ManagementClient } from '../../src/service/management-client.ts';
import { parseStatus } from '../../src/status/parse.ts';
import type { Program } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';

/** One suite for our management client, at a stock server and at ours. */
describe.skipIf(!requireInterop()).each(['stock', 'ours'] satisfies Program[])('our management client at a %s server', (program) => {
  const lab = useLab(['alice']);
  let manager: ManagementClient | undefined;

  afterEach(() => manager?.close());

  it('asks, subscribes and sees a client come and go', async () => {
    const server = await lab.server({ program });
    const open = new ManagementClient({ where: { kind: 'unix', path: server.managementPath }, clock: new SystemClock() });
    manager = open;
    await open.open();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const event of open.events) {
        if (event.kind === 'client') seen.push(`${event.what} ${new Map(event.env).get('common_name')}`);
        if (event.kind === 'client-bytecount') seen.push('bytes');
      }
    })();
    expect((await open.version()).management).toBe(5);
    await open.subscribe('log');
    await open.subscribe('state');
    await open.bytecount(1);
    const alice = await lab.client('alice');
    expect(await open.nclients()).toBe(1);
    const [status, stats, verb, hold, states] = await Promise.all([
      open.status(3),
      open.loadStats(),
      open.verb(),
      open.hold(),
      open.history('state'),
    ]);
    const parsed = parseStatus(`${status.join('\n')}\nEND\n`);
    expect(parsed.form).not.toBe('unknown');
    expect(status.join('\n')).toContain(`\t${alice.tunnel4}\t`);
    expect([stats.clients, verb, hold]).toEqual([1, 4, false]);
    expect(states.at(-1)).toMatch(/,CONNECTED,SUCCESS,10\.8\.0\.1,/);
    await expect(open.kill('nobody')).rejects.toMatchObject({ message: "common name 'nobody' not found", lost: false });
    await expect(open.kill('a "b\\ c')).rejects.toMatchObject({ message: `common name 'a "b\\ c' not found` });
    expect(await open.kill('alice')).toBe("common name 'alice' found, 1 client(s) killed");
    await server.process.waitFor('client-instance exiting');
    expect(seen).toContain('ESTABLISHED alice');
    open.close();
    await watching;
  }, 60_000);
});
