import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Program, TUNNEL_SERVER4, TUNNEL_SERVER6, type Wrap } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { iperf } from './support/traffic.ts';

const ALL = { sent: 3, received: 3 };

interface Case {
  readonly server: Program;
  readonly proto: 'udp' | 'tcp';
  readonly family: 4 | 6;
  readonly wrap: Wrap;
  readonly cipher: string;
  readonly tls: '1.2' | '1.3';
}

/** Each value of each column meets a stock server and one of ours; not each meets each other. */
const CASES: readonly Case[] = (['stock', 'ours'] as const).flatMap((server): Case[] => [
  { server, proto: 'udp', family: 4, wrap: 'tls-crypt', cipher: 'AES-128-GCM', tls: '1.3' },
  { server, proto: 'tcp', family: 6, wrap: 'tls-crypt', cipher: 'AES-192-GCM', tls: '1.2' },
  { server, proto: 'udp', family: 6, wrap: 'tls-auth', cipher: 'CHACHA20-POLY1305', tls: '1.2' },
  { server, proto: 'tcp', family: 4, wrap: 'none', cipher: 'AES-256-GCM', tls: '1.3' },
]);

describe.skipIf(!requireInterop())('our client daemon', () => {
  const lab = useLab(['alice']);

  it.each(CASES)('talks to $server over $proto and IPv$family with $wrap, $cipher, TLS $tls', async (row) => {
    const suffix = row.family === 6 ? '6' : '';
    const proto = row.proto === 'udp' ? `udp${suffix}` : `tcp${suffix}-server`;
    await lab.server({ program: row.server, proto, wrap: row.wrap, lines: [`data-ciphers ${row.cipher}`] });
    const alice = await lab.client('alice', {
      program: 'ours',
      proto: `${row.proto}${suffix}`,
      remote: row.family === 6 ? lab.serverHost.ip6 : lab.serverHost.ip4,
      wrap: row.wrap,
      lines: [`tls-version-max ${row.tls}`, `data-ciphers ${row.cipher}`],
    });
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
    expect(await lab.ping(alice, TUNNEL_SERVER6, 3)).toEqual(ALL);
    await alice.process.waitFor(`Data Channel: cipher '${row.cipher}'`);
    expect(alice.process.matching(`Control Channel: TLSv${row.tls},`)).toHaveLength(1);
  });

  /** A key of tls-crypt-v2 for the server, and one for a client of it. */
  async function ownKeys(): Promise<{ readonly server: string; readonly client: string }> {
    const folder = lab.network.folder;
    const [server, client] = [`${folder}/v2-server.key`, `${folder}/v2-client.key`];
    await lab.network.run(lab.serverHost, ['openvpn', '--genkey', 'tls-crypt-v2-server', server]);
    await lab.network.run(lab.serverHost, ['openvpn', '--tls-crypt-v2', server, '--genkey', 'tls-crypt-v2-client', client]);
    return { server, client };
  }

  it.each(['udp', 'tcp'] as const)('has a tls-crypt-v2 key of its own at a stock server, over %s', async (proto) => {
    const { server, client } = await ownKeys();
    // Cookies alone: the server keeps nothing of a first packet.
    await lab.server({
      program: 'stock',
      proto: proto === 'udp' ? 'udp' : 'tcp-server',
      wrap: 'none',
      lines: [`tls-crypt-v2 ${server} force-cookie`],
    });
    const alice = await lab.client('alice', {
      program: 'ours',
      proto,
      wrap: 'none',
      lines: [`<tls-crypt-v2>\n${readFileSync(client, 'utf8')}</tls-crypt-v2>`],
    });
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
  });

  it('goes on to the next address of a name when the first is dead', async () => {
    await lab.server({ program: 'stock' });
    // Nobody has it, and the resolver puts it first: it is nearest to the client's own, which ends in 2.
    const dead = '10.99.0.3';
    const hosts = lab.file(`127.0.0.1 localhost\n${dead} vpn.test\n${lab.serverHost.ip4} vpn.test\n`);
    const alice = await lab.client('alice', {
      program: 'ours',
      remote: 'vpn.test',
      lines: ['connect-timeout 2'],
      wrapper: ['sh', '-c', `mount --bind ${hosts} /etc/hosts && exec "$@"`, 'sh'],
    });
    expect(alice.process.matching(/link remote: /).map((line) => line.replace(/^.*link remote: /, ''))).toEqual([
      `[AF_INET]${dead}:1194`,
      `[AF_INET]${lab.serverHost.ip4}:1194`,
    ]);
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
  });

  it('carries TCP while keys change every few seconds, with a tls-crypt-v2 key', async () => {
    const { server, client } = await ownKeys();
    await lab.server({ program: 'stock', wrap: 'none', lines: [`tls-crypt-v2 ${server}`] });
    const alice = await lab.client('alice', { program: 'ours', wrap: 'none', lines: [`tls-crypt-v2 ${client}`, 'reneg-sec 3'] });
    const from = alice.process.mark();
    const rate = await iperf(lab.network, lab.serverHost, alice.host, TUNNEL_SERVER4, { seconds: 7 });
    expect(rate).toBeGreaterThan(1_000_000);
    expect(alice.process.matching('Control Channel: TLSv1.3').length).toBeGreaterThanOrEqual(3);
    expect(alice.process.lines.slice(from).filter((line) => /process restarting|TLS Error|decrypt/.test(line))).toEqual([]);
  });

  it('gives up root once its tunnel stands, and comes back without it', async () => {
    await lab.server({ program: 'stock' });
    const alice = await lab.client('alice', { program: 'ours', lines: ['user nobody', 'group nogroup', 'persist-key'] });
    await alice.process.waitFor('UID set to nobody');
    const ids = readFileSync(`/proc/${alice.process.pid}/status`, 'utf8');
    expect(/^Uid:\t65534\t65534\t65534\t65534$/m.test(ids)).toBe(true);
    const from = alice.process.mark();
    alice.process.signal('SIGUSR1');
    await alice.process.waitFor('Initialization Sequence Completed', { from });
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
    expect(await alice.process.stop()).toEqual({ code: 0, signal: null });
  });

  it('goes into the background, and ends from there', async () => {
    await lab.server({ program: 'stock' });
    const [log, pid] = [`${lab.network.folder}/background.log`, `${lab.network.folder}/background.pid`];
    writeFileSync(log, '');
    const alice = await lab.client('alice', { program: 'ours', wait: false, lines: ['daemon', `log ${log}`, `writepid ${pid}`] });
    expect(await alice.process.ended).toEqual({ code: 0, signal: null });
    const reader = lab.network.start(alice.host, 'log', ['tail', '-n', '+1', '-f', log]);
    await reader.waitFor('Initialization Sequence Completed');
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
    process.kill(Number(readFileSync(pid, 'utf8')), 'SIGTERM');
    await reader.waitFor('SIGTERM[hard,] received, process exiting');
  });
});
