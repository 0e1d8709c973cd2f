import { describe, expect, it } from 'vitest';
import { TUNNEL_SERVER4, TUNNEL_SERVER6, type Wrap } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';

const ALL = { sent: 5, received: 5 };

describe.skipIf(!requireInterop())('a stock client connects', () => {
  const lab = useLab(['alice']);

  it.each([
    ['UDP on IPv4', 'udp4', 'udp4', 'ip4'],
    ['UDP on IPv6', 'udp6', 'udp6', 'ip6'],
    ['UDP on IPv4 to a dual-stack server', 'udp6', 'udp4', 'ip4'],
    ['UDP to a server that names no family', 'udp', 'udp', 'ip4'],
    ['TCP on IPv4', 'tcp4-server', 'tcp4-client', 'ip4'],
    ['TCP on IPv6', 'tcp6-server', 'tcp6-client', 'ip6'],
    ['TCP on IPv4 to a dual-stack server', 'tcp6-server', 'tcp4-client', 'ip4'],
  ] as const)('over %s', async (_what, serverProto, clientProto, family) => {
    const server = await lab.server({ proto: serverProto });
    const alice = await lab.client('alice', { proto: clientProto, remote: lab.serverHost[family] });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(await lab.ping(alice, TUNNEL_SERVER6)).toEqual(ALL);
    expect(await lab.ping(server, alice.tunnel4)).toEqual(ALL);
    expect(await lab.ping(server, alice.tunnel6)).toEqual(ALL);
    expect(server.process.matching('Peer Connection Initiated')).toHaveLength(1);
  });

  it.each(['tls-crypt', 'tls-auth', 'none'] satisfies Wrap[])('with control channel protection %s', async (wrap) => {
    await lab.server({ wrap });
    const alice = await lab.client('alice', { wrap });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it.each(['SHA1', 'SHA256', 'SHA512'])('with tls-auth and %s', async (auth) => {
    await lab.server({ wrap: 'tls-auth', lines: [`auth ${auth}`] });
    const alice = await lab.client('alice', { wrap: 'tls-auth', lines: [`auth ${auth}`] });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('with tls-auth that names no direction', async () => {
    const line = `tls-auth ${lab.pki.staticKey}`;
    await lab.server({ wrap: 'none', lines: [line] });
    const alice = await lab.client('alice', { wrap: 'none', lines: [line] });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it.each(['AES-128-GCM', 'AES-192-GCM', 'AES-256-GCM', 'CHACHA20-POLY1305'])('with data cipher %s', async (cipher) => {
    await lab.server({ lines: ['data-ciphers AES-256-GCM:AES-192-GCM:AES-128-GCM:CHACHA20-POLY1305'] });
    const alice = await lab.client('alice', { lines: [`data-ciphers ${cipher}`] });
    await alice.process.waitFor(`Data Channel: cipher '${cipher}'`);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it.each([
    ['1.2', 'tls-version-max 1.2', 'TLSv1.2'],
    ['1.3', 'tls-version-min 1.3', 'TLSv1.3'],
  ])('by TLS %s', async (_version, line, name) => {
    const server = await lab.server();
    const alice = await lab.client('alice', { lines: [line] });
    await server.process.waitFor(`Control Channel: ${name}`);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('with an RSA certificate', async () => {
    await lab.server();
    const alice = await lab.client(await lab.pki.client('alice', { keyKind: 'rsa2048' }));
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('with a certificate of an intermediate authority', async () => {
    const server = await lab.server();
    const alice = await lab.client(await lab.pki.clientOfIntermediate('alice'));
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(server.process.matching(/VERIFY OK: depth=\d/).map((line) => line.replace(/^.*VERIFY OK: /, ''))).toEqual([
      'depth=2, CN=Test CA',
      'depth=1, CN=alice issuer',
      'depth=0, CN=alice',
    ]);
  });

  it('with keys from the exporter when both ends can', async () => {
    await lab.server();
    const alice = await lab.client('alice');
    expect(alice.process.matching(/PUSH: Received control message: .*protocol-flags cc-exit tls-ekm dyn-tls-crypt/)).toHaveLength(1);
  });

  it('with a push reply of many parts', async () => {
    const routes = Array.from({ length: 80 }, (_, i) => `push "route 10.77.${i}.0 255.255.255.0"`);
    await lab.server({ lines: routes });
    const alice = await lab.client('alice');
    expect(alice.process.matching(/PUSH: Received control message/).length).toBeGreaterThan(1);
    expect(await lab.network.run(alice.host, ['ip', 'route'])).toContain('10.77.79.0/24 via 10.8.0.1');
  });
});

describe.skipIf(!requireInterop())('two stock clients', () => {
  const lab = useLab(['alice', 'bob']);

  it('have an address each', async () => {
    await lab.server();
    const alice = await lab.client('alice');
    const bob = await lab.client('bob');
    expect(alice.tunnel4).not.toBe(bob.tunnel4);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(await lab.ping(bob, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('reach each other inside the server with client-to-client', async () => {
    await lab.server({ lines: ['client-to-client'] });
    const alice = await lab.client('alice');
    const bob = await lab.client('bob');
    expect(await lab.ping(alice, bob.tunnel4)).toEqual(ALL);
    expect(await lab.ping(bob, alice.tunnel6)).toEqual(ALL);
  });

  it('do not reach each other without it, when the server does not forward', async () => {
    await lab.server();
    const alice = await lab.client('alice');
    const bob = await lab.client('bob');
    await lab.network.run(lab.serverHost, ['sysctl', '-q', '-w', 'net.ipv4.ip_forward=0']);
    expect(await lab.ping(alice, bob.tunnel4, 3)).toEqual({ sent: 3, received: 0 });
  });
});
