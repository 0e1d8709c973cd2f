import { afterEach, describe, expect, it } from 'vitest';
import { SystemClock } from '../../src/host/clock.ts';
import { type ClientEvent, ManagementClient } from '../../src/service/management-client.ts';
import { parseStatus } from '../../src/status/parse.ts';
import { type Program, READY, TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { OwnClient } from './support/own-client.ts';
import { requireInterop } from './support/require.ts';

/** One suite for our management client, at a stock server and at ours. */
describe.skipIf(!requireInterop()).each(['stock', 'ours'] satisfies Program[])('our management client at a %s server', (program) => {
  const lab = useLab(['alice', 'bob']);
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

  it('decides about a login, and answers what it is asked', async () => {
    const server = await lab.server({ program, lines: ['management-client-auth', 'management-hold'], wait: false });
    await server.process.waitFor('Need hold release');
    const open = new ManagementClient({ where: { kind: 'unix', path: server.managementPath }, clock: new SystemClock() });
    manager = open;
    await open.open();
    const next = async (wanted: (event: ClientEvent) => boolean): Promise<ClientEvent> => {
      for await (const event of open.events) if (wanted(event)) return event;
      throw new Error('the events ended');
    };
    expect(await next(({ kind }) => kind === 'hold')).toMatchObject({ seconds: 0 });
    expect(await open.hold('release')).toBe(true);
    await server.process.waitFor(READY);
    const login = lab.file('al ice\np"w\\d\n', 0o600);
    const alice = await lab.client('alice', { wait: false, lines: [`auth-user-pass ${login}`] });
    const asked = await next((event) => event.kind === 'client' && event.what === 'CONNECT');
    expect(asked).toMatchObject({ clientId: 0, keyId: 1 });
    expect(asked.kind === 'client' && new Map(asked.env).get('password')).toBe('p"w\\d');
    await expect(open.clientAuth(0, 7)).rejects.toMatchObject({ message: 'client-auth command failed', lost: false });
    await expect(open.clientAuth(0, 1, ['push x\nEND\nsignal SIGTERM'])).rejects.toThrow('control characters');
    await open.clientPendingAuth(0, 1, 'CR_TEXT:R:colour?', 20);
    await open.clientAuth(0, 1, ['push "route 192.168.77.0 255.255.255.0"']);
    await alice.process.waitFor(READY);
    expect(alice.process.matching(/PUSH_REPLY.*route 192\.168\.77\.0/)).toHaveLength(1);
    expect(await next(({ kind }) => kind === 'client-address' || kind === 'client')).toMatchObject({
      kind: 'client-address',
      primary: true,
    });
    await open.clientKill(0, 'HALT,bye "now"');
    await alice.process.waitFor('Halt command was pushed by server (\'bye "now"\')');
  }, 60_000);

  it('pushes new options to those that take them, where the server can', async () => {
    const server = await lab.server({ program });
    const open = new ManagementClient({ where: { kind: 'unix', path: server.managementPath }, clock: new SystemClock() });
    manager = open;
    await open.open();
    if (program === 'stock') {
      await expect(open.pushUpdate('-dns')).rejects.toMatchObject({ lost: false });
      return;
    }
    const alice = await OwnClient.start(lab, 'alice', { updates: ['route'] });
    await alice.connected();
    const bob = await lab.client('bob');
    expect((await open.pushUpdate('route 10.77.0.0 255.255.0.0, ?dns x')).slice(-2)).toEqual([
      'SUCCESS: 1 client(s) updated',
      'SUCCESS: push-update command succeeded',
    ]);
    await alice.process.waitFor(/^updated .*,route 10\.77\.0\.0 255\.255\.0\.0$/);
    await expect(open.pushUpdate('-route', 1)).rejects.toMatchObject({ message: 'push-update command failed' });
    expect((await open.pushUpdate('-route', 0)).at(-1)).toBe('SUCCESS: push-update command succeeded');
    const from = alice.process.mark();
    await open.pushUpdate('route 10.78.0.0 255.255.0.0', 0);
    await alice.process.waitFor(/^updated .*,route 10\.78\.0\.0 255\.255\.0\.0$/, { from });
    expect(bob.process.matching('PUSH_UPDATE')).toEqual([]);
    expect(await alice.ping(TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
  }, 60_000);
});
