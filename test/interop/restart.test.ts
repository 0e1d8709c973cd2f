import { writeFileSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READY, SERVER, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };

describe.skipIf(!requireInterop())('signals and restarts', () => {
  const lab = useLab(['alice', 'bob']);

  it.each(['SIGTERM', 'SIGINT'] as const)('%s ends the server, tells the clients, and they come back to the next one', async (signal) => {
    const first = await lab.server({ lines: ['explicit-exit-notify 1', `writepid ${lab.network.folder}/pid`] });
    expect(textIfThere(`${lab.network.folder}/pid`).trim()).toBe(String(first.process.pid));
    const alice = await lab.client('alice');
    const mark = alice.process.mark();
    expect(await first.process.stop(signal)).toEqual({ code: 0, signal: null });
    await alice.process.waitFor('server-pushed-connection-reset', { from: mark });
    expect(first.process.matching(`${signal}[`)).not.toEqual([]);
    await lab.server();
    await alice.process.waitFor(READY, { from: mark });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('SIGUSR1 restarts it and keeps the device', async () => {
    const server = await lab.server({ lines: ['explicit-exit-notify 1', 'dev tun7'] });
    const alice = await lab.client('alice', { lines: ['ping-restart 3', 'ping 1'] });
    const index = await lab.network.run(server.host, ['cat', '/sys/class/net/tun7/ifindex']);
    const [serverMark, clientMark] = [server.process.mark(), alice.process.mark()];
    server.process.signal('SIGUSR1');
    await server.process.waitFor('SIGUSR1[', { from: serverMark });
    await server.process.waitFor(READY, { from: serverMark });
    await alice.process.waitFor(READY, { from: clientMark, within: 30_000 });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(await lab.network.run(server.host, ['cat', '/sys/class/net/tun7/ifindex'])).toBe(index);
  });

  it('SIGUSR2 prints the status to the log', async () => {
    const server = await lab.server();
    await lab.client('alice');
    const mark = server.process.mark();
    server.process.signal('SIGUSR2');
    await server.process.waitFor(/(?:^| )TITLE,/, { from: mark });
    await server.process.waitFor(/(?:^| )CLIENT_LIST,alice,10\.99\.0\.2:\d+,10\.8\.0\.2,/, { from: mark });
    await server.process.waitFor(/(?:^| )END$/, { from: mark });
  });

  it('SIGHUP reads the configuration again', async () => {
    const server = await lab.server();
    await lab.client('alice');
    writeFileSync(server.configPath, readFileSync(server.configPath, 'utf8').replace('server 10.8.0.0', 'server 10.9.0.0'));
    const mark = server.process.mark();
    server.process.signal('SIGHUP');
    await server.process.waitFor(READY, { from: mark });
    const bob = await lab.client('bob');
    expect(bob.tunnel4).toBe('10.9.0.2');
    expect(await lab.ping(bob, '10.9.0.1')).toEqual(ALL);
  });

  it.skipIf(SERVER === 'stock')('SIGHUP with a configuration that fails leaves the running one in force', async () => {
    const server = await lab.server();
    const alice = await lab.client('alice');
    writeFileSync(server.configPath, `${readFileSync(server.configPath, 'utf8')}bogus-option 1\n`);
    const mark = server.process.mark();
    server.process.signal('SIGHUP');
    await server.process.waitFor(/Options error: .*bogus-option.*server\d+\.conf:\d+|server\d+\.conf:\d+.*bogus-option/, { from: mark });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(server.process.matching('Peer Connection Initiated')).toHaveLength(1);
  });

  it('a client that leaves with explicit-exit-notify is gone within seconds', async () => {
    const server = await lab.server();
    const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
    const management = await server.management();
    const listed = async (): Promise<boolean> =>
      (await management.command('status 2')).some((line) => line.startsWith('CLIENT_LIST,alice'));
    expect(await listed()).toBe(true);
    await alice.process.stop();
    await eventually('alice is gone', async () => !(await listed()), 8000);
    // The end is put off by 5 s, so that the goodbye is acknowledged however often it comes (facts: wire 11).
    expect(server.process.matching(/alice\/.*SIGTERM\[soft,delayed-exit\] received, client-instance exiting/)).toHaveLength(1);
    management.close();
  });

  it('a client that vanishes is dropped when its pings are missed', async () => {
    const server = await lab.server({ without: ['keepalive'], lines: ['keepalive 1 3'] });
    const alice = await lab.client('alice');
    await alice.process.stop('SIGKILL');
    await server.process.waitFor(/alice\/.*Inactivity timeout \(--ping-restart\), restarting/, { within: 15_000 });
    await server.process.waitFor(/alice\/.*SIGUSR1\[soft,ping-restart\] received, client-instance restarting/);
  });

  it('a client that comes back under the same name replaces its older self', async () => {
    const server = await lab.server();
    const first = await lab.client('alice');
    await first.process.stop('SIGKILL');
    const again = await lab.client('alice');
    await server.process.waitFor(
      "MULTI: new connection by client 'alice' will cause previous active sessions by this client to be dropped",
    );
    expect(await lab.ping(again, TUNNEL_SERVER4)).toEqual(ALL);
  });
});
