import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READY, SERVER, TUNNEL_SERVER4, TUNNEL_SERVER6 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };

describe.skipIf(!requireInterop())('what a client is given', () => {
  const lab = useLab(['alice', 'bob']);
  let made = 0;
  const folder = (files: Readonly<Record<string, string>>): string => {
    const path = `${lab.network.folder}/given${++made}`;
    mkdirSync(path);
    for (const [name, text] of Object.entries(files)) writeFileSync(`${path}/${name}`, text);
    return path;
  };

  it('can be addresses of its own in both families, outside the pool', async () => {
    const alice = 'ifconfig-push 10.8.0.240 255.255.255.0\nifconfig-ipv6-push fd00:8::aaaa/64 fd00:8::1\n';
    const server = await lab.server({ lines: [`client-config-dir ${folder({ alice })}`] });
    const client = await lab.client('alice');
    expect([client.tunnel4, client.tunnel6]).toEqual(['10.8.0.240', 'fd00:8::aaaa']);
    expect(await lab.ping(server, 'fd00:8::aaaa')).toEqual(ALL);
    expect(await lab.ping(client, TUNNEL_SERVER6)).toEqual(ALL);
  });

  it('is nothing of the configured pushes with push-reset, but what its own file pushes', async () => {
    const alice = 'push-reset\npush "route-gateway 10.8.0.1"\npush "topology subnet"\npush "route 10.61.0.0 255.255.0.0"\n';
    await lab.server({ lines: ['push "route 10.60.0.0 255.255.0.0"', `client-config-dir ${folder({ alice })}`] });
    const client = await lab.client('alice');
    const routes = await lab.network.run(client.host, ['ip', 'route']);
    expect(routes).toContain('10.61.0.0/16');
    expect(routes).not.toContain('10.60.0.0/16');
    expect(client.process.matching(/PUSH: Received control message/)[0]).not.toContain('ping');
    expect(await lab.ping(client, TUNNEL_SERVER4)).toEqual(ALL);
    const bob = await lab.client('bob');
    expect(await lab.network.run(bob.host, ['ip', 'route'])).toContain('10.60.0.0/16');
  });

  it('are as many subnets as max-routes-per-client allows, its own addresses counting', async () => {
    const alice = Array.from({ length: 6 }, (_, i) => `iroute 10.70.${i}.0 255.255.255.0\n`).join('');
    const server = await lab.server({
      lines: ['max-routes-per-client 4', `client-config-dir ${folder({ alice })}`, 'route 10.70.0.0 255.255.0.0'],
    });
    const client = await lab.client('alice');
    await server.process.waitFor(/MULTI ROUTE: route quota \(4\) exceeded for alice\/\S+ \(see --max-routes-per-client option\)/);
    // Stock begins with the last line; two places are left beside the client's own addresses.
    const learned = (await (await server.management()).command('status 2'))
      .filter((line) => line.startsWith('ROUTING_TABLE,'))
      .map((line) => line.split(',')[1]);
    expect(learned.toSorted()).toEqual(['10.70.4.0/24', '10.70.5.0/24', '10.8.0.2', 'fd00:8::1000']);
    expect(server.process.matching('MULTI: Learn FAILED: 10.70.')).toHaveLength(4);
    await lab.network.run(client.host, ['ip', 'address', 'add', '10.70.5.1/32', 'dev', 'lo']);
    await lab.network.run(client.host, ['ip', 'address', 'add', '10.70.0.1/32', 'dev', 'lo']);
    expect(await lab.ping(server, '10.70.5.1')).toEqual(ALL);
    expect(await lab.ping(server, '10.70.0.1', 2)).toEqual({ sent: 2, received: 0 });
  });

  it('goes over to who comes with the same address, and learn-address hears of the change', async () => {
    const path = `${lab.network.folder}/moved`;
    const file = 'iroute 10.71.0.0 255.255.255.0\n';
    await lab.server({
      lines: [
        'script-security 2',
        `learn-address ${lab.script(`echo "$1 $2 $3" >> ${path}`)}`,
        `client-config-dir ${folder({ alice: file, bob: file })}`,
      ],
    });
    await lab.client('alice');
    await lab.client('bob');
    await eventually('the change', () => textIfThere(path).includes('update 10.71.0.0/24 bob'));
    expect(textIfThere(path)).toContain('add 10.71.0.0/24 alice');
  });

  it('comes from a server that is put together without server, keepalive and a direction in tls-auth', async () => {
    const { staticKey } = lab.pki;
    const server = await lab.server({
      wrap: 'none',
      without: ['server', 'server-ipv6', 'keepalive'],
      lines: [
        `local ${lab.serverHost.ip4}`,
        'ifconfig 10.8.0.1 255.255.255.0',
        'ifconfig-pool 10.8.0.40 10.8.0.41',
        'push "route-gateway 10.8.0.1"',
        'push "topology subnet"',
        'ping 1',
        'ping-restart 10',
        'tun-mtu 1400',
        `tls-auth ${staticKey}`,
        'key-direction 0',
      ],
    });
    await server.process.waitFor(`UDPv4 link local (bound): [AF_INET]${lab.serverHost.ip4}:1194`);
    const alice = await lab.client('alice', { wrap: 'none', lines: [`tls-auth ${staticKey}`, 'key-direction 1', 'ping 1'] });
    expect(alice.tunnel4).toBe('10.8.0.40');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    for (const host of [server.host, alice.host])
      expect(await lab.network.run(host, ['ip', 'link', 'show', 'dev', 'tun0'])).toContain('mtu 1400');
    alice.process.signal('SIGSTOP');
    await server.process.waitFor('[alice] Inactivity timeout (--ping-restart), restarting');
    alice.process.signal('SIGCONT');
  });

  it('are the sizes of buffers, at both ends', async () => {
    const server = await lab.server({ lines: ['sndbuf 393216', 'rcvbuf 393216', 'push "sndbuf 393216"', 'push "rcvbuf 393216"'] });
    const client = await lab.client('alice');
    await client.process.waitFor(/Socket Buffers: R=\[\d+->\d+\] S=\[\d+->\d+\]/);
    // The kernel doubles what it is asked for.
    expect(await lab.network.run(server.host, ['ss', '-uanm'])).toContain('rb786432,t0,tb786432');
    expect(await lab.ping(client, TUNNEL_SERVER4)).toEqual(ALL);
  });
});

describe.skipIf(!requireInterop())('a token', () => {
  const lab = useLab(['alice']);
  const asked = (): string => `${lab.network.folder}/asked${Math.random()}`;

  // Stock's tokens are renewed by whole seconds, and at this pace run out at times.
  it.skipIf(SERVER === 'stock')('is renewed with each key, and serves for logging in when the password would no longer do', async () => {
    const count = asked();
    const script = lab.script(`echo "$username" >> ${count}; [ "$password" = secret ]`);
    const server = await lab.server({
      lines: ['script-security 3', `auth-user-pass-verify ${script} via-env`, 'auth-gen-token', 'reneg-sec 4', 'hand-window 2'],
    });
    const alice = await lab.client('alice', { lines: [`auth-user-pass ${lab.file('alice\nsecret\n', 0o600)}`, 'verb 4'] });
    const renewed = (): number => server.process.matching("auth-token authentication succeeded for username 'alice'").length;
    await eventually('three logins by token', () => renewed() >= 3, 30_000);
    expect(textIfThere(count)).toBe('alice\n');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(server.process.lines.join('\n')).not.toMatch(/SESS_ID_AT_\S/);
  });

  it('ends with its lifetime: the client is sent back to its password', async () => {
    const count = asked();
    const script = lab.script(`echo "$username" >> ${count}; [ "$password" = secret ]`);
    const server = await lab.server({
      lines: ['script-security 3', `auth-user-pass-verify ${script} via-env`, 'auth-gen-token 6', 'reneg-sec 4', 'hand-window 2'],
    });
    const alice = await lab.client('alice', { lines: [`auth-user-pass ${lab.file('alice\nsecret\n', 0o600)}`] });
    await server.process.waitFor('--auth-gen-token: auth-token from client expired', { within: 30_000 });
    const mark = alice.process.mark();
    await alice.process.waitFor(/AUTH: Received control message: AUTH_FAILED/);
    await alice.process.waitFor(READY, { from: mark });
    expect(textIfThere(count)).toBe('alice\nalice\n');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });
});

describe.skipIf(!requireInterop())('the end of a server', () => {
  const lab = useLab(['alice']);

  it('tells clients to go to their next server with explicit-exit-notify 2', async () => {
    const server = await lab.server({ lines: ['explicit-exit-notify 2'] });
    const alice = await lab.client('alice');
    const mark = alice.process.mark();
    const began = performance.now();
    await server.process.stop('SIGTERM');
    expect(performance.now() - began).toBeLessThan(6000);
    await alice.process.waitFor("Connection reset command was pushed by server ('[N]')", { from: mark });
  });

  it('says nothing to clients over TCP, which see the connection end', async () => {
    const server = await lab.server({ proto: 'tcp-server' });
    const alice = await lab.client('alice', { proto: 'tcp-client' });
    const mark = alice.process.mark();
    await server.process.stop('SIGTERM');
    await alice.process.waitFor(/Connection reset, restarting|Connection reset command was pushed/, { from: mark });
  });
});

describe.skipIf(!requireInterop())('first packets', () => {
  const lab = useLab(['relay', 'alice']);

  it('beyond connect-freq-initial go unanswered until the time is over, which is said once', async () => {
    const server = await lab.server({ without: ['connect-freq-initial'], lines: ['connect-freq-initial 3 6'] });
    // Nothing but first packets gets through to the server: what it answers is lost.
    const relay = await lab.relay({ dropDown: 1 });
    const alice = await lab.client('alice', { remote: relay.host.ip4, lines: ['connect-timeout 2', 'tls-timeout 1'], wait: false });
    const limit = 'Note: --connect-freq-initial 3 6 rate limit exceeded, dropping initial handshake packets for the next';
    await server.process.waitFor(limit);
    relay.setFaults({});
    await alice.process.waitFor(READY, { within: 30_000 });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('of the server that are lost come again after tls-timeout', async () => {
    await lab.server({ lines: ['tls-timeout 1'] });
    // Its first answer, without which there is no handshake, is not among the lost.
    const relay = await lab.relay({ passDown: 1 });
    const alice = await lab.client('alice', { remote: relay.host.ip4, lines: ['tls-timeout 60', 'hand-window 60'], wait: false });
    await eventually('a lost packet of the server', async () => (await relay.counts()).dropped > 0);
    relay.setFaults({});
    // The client repeats nothing: what comes, comes of the server.
    await alice.process.waitFor(READY, { within: 10_000 });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('leave a handshake that comes to nothing to be forgotten after hand-window', async () => {
    const server = await lab.server({ lines: ['hand-window 4'] });
    // Enough to show that the client is where it says.
    const relay = await lab.relay({ passUp: 2 });
    const alice = await lab.client('alice', { remote: relay.host.ip4, wait: false });
    await server.process.waitFor(/create_instance called/);
    await alice.process.stop('SIGKILL');
    const text = 'TLS Error: TLS key negotiation failed to occur within 4 seconds (check your network connectivity)';
    await server.process.waitFor(text, { within: 10_000 });
    await server.process.waitFor('SIGUSR1[soft,tls-error] received, client-instance restarting');
  });
});
