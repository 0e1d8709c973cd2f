import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READY, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };

describe.skipIf(!requireInterop())('client files', () => {
  const lab = useLab(['alice', 'bob']);
  let made = 0;
  /** A client-config-dir with these files. */
  const folder = (files: Readonly<Record<string, string>>): string => {
    const path = `${lab.network.folder}/ccd${++made}`;
    mkdirSync(path);
    for (const [name, text] of Object.entries(files)) writeFileSync(`${path}/${name}`, text);
    return path;
  };

  it('give a client its address and its pushes, and take others away', async () => {
    const alice = 'ifconfig-push 10.8.0.50 255.255.255.0\npush "route 10.50.0.0 255.255.0.0"\npush-remove "route 10.40"\n';
    await lab.server({
      lines: [`client-config-dir ${folder({ alice })}`, 'push "route 10.40.0.0 255.255.0.0"', 'push "route 10.41.0.0 255.255.0.0"'],
    });
    const client = await lab.client('alice');
    expect(client.tunnel4).toBe('10.8.0.50');
    const routes = await lab.network.run(client.host, ['ip', 'route']);
    expect(routes).toContain('10.50.0.0/16');
    expect(routes).toContain('10.41.0.0/16');
    expect(routes).not.toContain('10.40.0.0/16');
    expect(await lab.ping(client, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('include others', async () => {
    const common = folder({ common: 'push "route 10.52.0.0 255.255.0.0"\n' });
    await lab.server({
      lines: [`client-config-dir ${folder({ alice: `config ${common}/common\npush "route 10.53.0.0 255.255.0.0"\n` })}`],
    });
    const client = await lab.client('alice');
    const routes = await lab.network.run(client.host, ['ip', 'route']);
    expect(routes).toContain('10.52.0.0/16');
    expect(routes).toContain('10.53.0.0/16');
  });

  it('of the name DEFAULT serve those without one', async () => {
    await lab.server({ lines: [`client-config-dir ${folder({ DEFAULT: 'push "route 10.51.0.0 255.255.0.0"\n' })}`] });
    const client = await lab.client('alice');
    expect(await lab.network.run(client.host, ['ip', 'route'])).toContain('10.51.0.0/16');
  });

  it('are demanded with ccd-exclusive', async () => {
    const server = await lab.server({ lines: [`client-config-dir ${folder({ bob: '' })}`, 'ccd-exclusive'] });
    const alice = await lab.client('alice', { wait: false });
    await server.process.waitFor("TLS Auth Error: --client-config-dir authentication failed for common name 'alice'");
    await alice.process.waitFor(/AUTH: Received control message: AUTH_FAILED/);
    expect(await lab.ping(await lab.client('bob'), TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('can disable a client', async () => {
    const server = await lab.server({ lines: [`client-config-dir ${folder({ alice: 'disable\n' })}`] });
    const alice = await lab.client('alice', { wait: false });
    await server.process.waitFor("MULTI: client has been rejected due to 'disable' directive");
    expect(alice.process.matching(READY)).toEqual([]);
  });

  it('can put a network behind a client', async () => {
    const alice = 'iroute 10.66.0.0 255.255.255.0\niroute-ipv6 fd66::/64\n';
    const server = await lab.server({
      lines: [`client-config-dir ${folder({ alice })}`, 'route 10.66.0.0 255.255.255.0', 'route-ipv6 fd66::/64'],
    });
    const client = await lab.client('alice');
    await lab.network.run(client.host, ['ip', 'address', 'add', '10.66.0.7/32', 'dev', 'lo']);
    await lab.network.run(client.host, ['ip', 'address', 'add', 'fd66::7/128', 'dev', 'lo']);
    expect(await lab.ping(server, '10.66.0.7')).toEqual(ALL);
    expect(await lab.ping(server, 'fd66::7')).toEqual(ALL);
    const management = await server.management();
    const routes = (await management.command('status 2')).filter((line) => line.startsWith('ROUTING_TABLE,'));
    expect(routes.some((line) => line.startsWith('ROUTING_TABLE,10.66.0.0/24,alice,'))).toBe(true);
    expect(routes.some((line) => line.startsWith('ROUTING_TABLE,10.66.0.7C,alice,'))).toBe(true);
    management.close();
  });

  it('are read again at each connection', async () => {
    const path = folder({ alice: 'ifconfig-push 10.8.0.60 255.255.255.0\n' });
    await lab.server({ lines: [`client-config-dir ${path}`] });
    const client = await lab.client('alice');
    expect(client.tunnel4).toBe('10.8.0.60');
    writeFileSync(`${path}/alice`, 'ifconfig-push 10.8.0.61 255.255.255.0\n');
    const mark = client.process.mark();
    client.process.signal('SIGUSR1');
    await client.process.waitFor(READY, { from: mark });
    expect(client.tunnel4).toBe('10.8.0.61');
  });
});

describe.skipIf(!requireInterop())('the address pool', () => {
  const lab = useLab(['alice', 'bob']);

  it('remembers who had which address, over a restart', async () => {
    const file = `${lab.network.folder}/pool.txt`;
    const lines = [`ifconfig-pool-persist ${file} 1`];
    const first = await lab.server({ lines });
    const bob = await lab.client('bob');
    const alice = await lab.client('alice');
    const [bob4, alice4] = [bob.tunnel4, alice.tunnel4];
    await eventually('the pool file', () => textIfThere(file).includes(`alice,${alice4},`));
    await Promise.all([bob.process.stop('SIGKILL'), alice.process.stop('SIGKILL'), first.process.stop()]);
    await lab.server({ lines });
    // In the other order: without memory they would change places.
    expect((await lab.client('alice')).tunnel4).toBe(alice4);
    expect((await lab.client('bob')).tunnel4).toBe(bob4);
  });
});
