import { describe, expect, it } from 'vitest';
import type { PeerName } from '../support/peers.ts';
import { TUNNEL_SERVER4, type Program, type Wrap } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { OwnClient } from './support/own-client.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };
const PROGRAMS = ['stock', 'ours'] as const satisfies Program[];

describe.skipIf(!requireInterop()).each(PROGRAMS)('our client at a server: %s', (program) => {
  const lab = useLab(['alice']);

  it.each([
    ['udp', 'tls-crypt', 'SHA1'],
    ['udp', 'tls-auth', 'SHA256'],
    ['udp', 'none', 'SHA1'],
    ['tcp', 'tls-crypt', 'SHA1'],
  ] as const satisfies readonly (readonly ['udp' | 'tcp', Wrap, string])[])(
    'passes data over %s with %s',
    async (transport, wrap, auth) => {
      const server = await lab.server({ program, proto: transport === 'udp' ? 'udp' : 'tcp-server', wrap, lines: [`auth ${auth}`] });
      const alice = await OwnClient.start(lab, 'alice', { transport, wrap, auth });
      const { address, options } = await alice.connected();
      expect(options).toContain('protocol-flags cc-exit tls-ekm dyn-tls-crypt');
      expect(await alice.ping(TUNNEL_SERVER4)).toEqual(ALL);
      expect(await lab.ping(server, address)).toEqual(ALL);
    },
  );

  it.each(['AES-128-GCM', 'AES-192-GCM', 'AES-256-GCM', 'CHACHA20-POLY1305'] as const)('passes data by %s', async (cipher) => {
    await lab.server({ program, lines: [`data-ciphers ${cipher}`] });
    const alice = await OwnClient.start(lab, 'alice', { ciphers: [cipher] });
    expect((await alice.connected()).options).toContain(`cipher ${cipher}`);
    expect(await alice.ping(TUNNEL_SERVER4)).toEqual(ALL);
  });

  it.each(['udp', 'tcp'] as const)('loses no packet when keys change over %s, and leaves with a word', async (transport) => {
    const server = await lab.server({ program, proto: transport === 'udp' ? 'udp' : 'tcp-server' });
    const alice = await OwnClient.start(lab, 'alice', { transport });
    await alice.connected();
    const pinging = alice.ping(TUNNEL_SERVER4, 100);
    for (let keys = 2; keys <= 3; keys++) {
      alice.tell({ kind: 'renegotiate' });
      await eventually(`${keys} keys`, () => server.process.matching('Control Channel: TLSv1.3').length === keys);
    }
    expect(await pinging).toEqual({ sent: 100, received: 100 });
    alice.tell({ kind: 'leave' });
    await server.process.waitFor('CC-EEN exit message received by peer');
    await server.process.waitFor(/SIG(?:TERM|USR1)\[soft,(?:delayed-exit|connection-reset)\] received, client-instance/);
  });

  it.each([
    ['2.4.12', { cipher: 'cipher AES-256-GCM', keys: undefined }],
    ['2.5.9', { cipher: 'cipher AES-256-GCM', keys: undefined }],
    ['2.6.14', { cipher: 'cipher AES-256-GCM', keys: 'protocol-flags cc-exit tls-ekm dyn-tls-crypt' }],
    ['2.7.0', { cipher: 'cipher AES-256-GCM', keys: 'protocol-flags cc-exit tls-ekm dyn-tls-crypt' }],
    ['OpenVPN 3.8', { cipher: 'cipher AES-256-GCM', keys: 'protocol-flags cc-exit tls-ekm dyn-tls-crypt' }],
    ['2.4.12 with ncp-disable', { cipher: undefined, keys: undefined }],
  ] as const satisfies readonly (readonly [PeerName, object])[])('is served as %s when it speaks so', async (playing, expected) => {
    const server = await lab.server({ program });
    const alice = await OwnClient.start(lab, 'alice', { playing, fallbackCipher: 'AES-256-GCM' });
    const { address, options } = await alice.connected();
    const startsWith = (prefix: string): string | undefined => options.find((option) => option.startsWith(prefix));
    expect({ cipher: startsWith('cipher '), keys: startsWith('protocol-flags') ?? startsWith('key-derivation') }).toEqual(expected);
    expect(startsWith('peer-id')).toBeDefined();
    expect(await alice.ping(TUNNEL_SERVER4)).toEqual(ALL);
    expect(await lab.ping(server, address)).toEqual(ALL);
    alice.tell({ kind: 'renegotiate' });
    await eventually('a second key', () => server.process.matching('Control Channel: TLSv1.3').length === 2);
    expect(await alice.ping(TUNNEL_SERVER4, 20)).toEqual({ sent: 20, received: 20 });
  });

  it('is served by data-ciphers-fallback when it says nothing of its ciphers, as 2.3 does', async () => {
    const server = await lab.server({ program, lines: ['data-ciphers-fallback AES-256-GCM'] });
    const alice = await OwnClient.start(lab, 'alice', { playing: '2.3.2 without a cipher', fallbackCipher: 'AES-256-GCM' });
    const { address, options } = await alice.connected();
    expect(options.filter((option) => /^(?:cipher|peer-id|protocol-flags|key-derivation)/.test(option))).toEqual([]);
    expect(await alice.ping(TUNNEL_SERVER4)).toEqual(ALL);
    expect(await lab.ping(server, address)).toEqual(ALL);
    await server.process.waitFor("Using data channel cipher 'AES-256-GCM' since --data-ciphers-fallback is set.");
    await server.process.waitFor(/Data Channel: cipher 'AES-256-GCM'$/);
  });

  const SERVERS = 'AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305';
  const noneFor = (cipher: string): string =>
    `PUSH: No common cipher between server and client. Server data-ciphers: '${SERVERS}', client supports cipher '${cipher}'`;

  it.each([
    [
      '2.3.2 without a cipher',
      [],
      'Use --data-ciphers-fallback with the cipher the client is using if you want to allow the client to connect',
    ],
    ['2.3.2', [], noneFor('BF-CBC')],
    ['2.3.2 with AES-256-CBC', [], noneFor('AES-256-CBC')],
    // A fallback is for clients of which nothing is known.
    ['2.3.18', ['data-ciphers-fallback AES-256-GCM'], noneFor('AES-256-CBC')],
  ] as const satisfies readonly (readonly [PeerName, string[], string])[])('is refused as %s with %j', async (playing, lines, said) => {
    const server = await lab.server({ program, lines });
    const alice = await OwnClient.start(lab, 'alice', { playing });
    await alice.process.waitFor('ended auth-failure Data channel cipher negotiation failed (no shared cipher)');
    await server.process.waitFor(said);
  });
});
