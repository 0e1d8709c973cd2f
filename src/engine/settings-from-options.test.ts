import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { accepted, BASE, refused, SERVER, settingsOf, texts } from '../../test/support/configuration.ts';

const golden = (name: string) => readFileSync(new URL(`../../test/golden/options/${name}`, import.meta.url), 'utf8');

describe('what stock says of a configuration', () => {
  const recordings: { name: string; config: string[]; output: string[] }[] = JSON.parse(golden('stock-settings-errors.json'));

  /** We add the place, and to a list of ciphers which ones are known. */
  const bare = (text: string) => text.replace(/ \(server\.conf:\d+\)$/, '').replace(/(or is too long\.) AES-.*$/, '$1');
  /** One wrong script is `this error`. */
  const closing = (text: string) => text.replace('Please correct this error.', 'Please correct these errors.');

  it.each(recordings)('$name', ({ config, output }) => {
    const expected = output.map(closing).filter((line) => !line.startsWith("WARNING: Ignoring option 'dh'"));
    const result = settingsOf(`${config.join('\n')}\n`);
    const errors = result.ok ? [] : texts(result.error.errors).map(bare);
    const warnings = texts(result.ok ? result.value.warnings : result.error.warnings).map(bare);
    const isError = (line: string) => /^(Options error|Use --help)/.test(line);
    expect(errors.toSorted()).toEqual(expected.filter(isError).toSorted());
    if (errors.length === 0) expect(warnings.toSorted()).toEqual(expected.toSorted());
    else expect(warnings).toEqual(expect.arrayContaining(expected.filter((line) => !isError(line) && !line.startsWith('Note: --cipher'))));
  });
});

describe("Debian's samples", () => {
  it('the server runs with only paths changed', () => {
    const { server, daemon } = accepted(golden('server.conf'));
    expect(daemon.listen).toEqual({ transport: 'udp', family: 4, familyAssumed: true, host: undefined, port: 1194 });
    expect(daemon.device).toEqual({ kind: 'tun', name: undefined, setAddresses: true, setRoutes: true });
    expect(daemon.poolPersist).toEqual({ file: '/var/log/openvpn/ipp.txt', seconds: 600 });
    expect(daemon.status).toEqual({ file: '/var/log/openvpn/openvpn-status.log', seconds: 60 });
    expect(daemon.log.verb).toBe(3);
    expect(daemon.persist).toEqual({ tun: true, key: true });
    expect(daemon.tls).toMatchObject({ ca: 'CA PEM\n', cert: 'CERT PEM\n', dh: 'DH PEM\n', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' });
    expect(server.pushes).toEqual(['route-gateway 10.8.0.1', 'topology subnet', 'ping 10', 'ping-restart 120']);
    expect(server.keepalive).toEqual({ ping: 10_000, pingRestart: 240_000 });
    expect(server.explicitExitNotify).toBe(1);
  });

  it('the client is understood, and refused as a client', () => {
    expect(refused(golden('client.conf'))).toEqual([
      expect.stringMatching(
        /^Options error: --client makes this a client's configuration, and the process that reads it is a server \(server\.conf:\d+\)$/,
      ),
      'Use --help for more information.',
    ]);
  });

  it('neither server nor client is refused by name', () => {
    expect(refused(BASE)[0]).toMatch(/only multi-client servers are in this release: --server or --server-ipv6 is missing/);
  });
});

describe('what is not in this release', () => {
  it.each([
    'fragment 1300',
    'compress lz4',
    'comp-lzo',
    'comp-lzo no',
    'allow-compression yes',
    'multihome',
    'port-share 127.0.0.1 443',
    'plugin x.so',
    'pkcs11-id x',
    'secret static.key',
    'tls-crypt-v2 v2.key',
    'chroot /tmp',
    'mlock',
    'engine',
    'server-bridge',
    'vlan-tagging',
    'ns-cert-type client',
    'no-replay',
    'capath /tmp',
    'pkcs12 x',
    'block-outside-dns',
  ])('%s is refused by name and place', (line) => {
    const [first] = refused(`${SERVER}${line}\n`);
    expect(first).toContain(`--${line.split(' ')[0]}`);
    expect(first).toMatch(/^Options error: .*\(server\.conf:9\)$/);
  });

  it.each([
    'fast-io',
    'float',
    'txqueuelen 100',
    'hash-size 1 1',
    'resolv-retry infinite',
    'tun-ipv6',
    'ecdh-curve secp384r1',
    'opt-verify',
    'disable-dco',
    'mtu-disc no',
    'passtos',
  ])('%s is left out with one warning', (line) => {
    const name = line.split(' ')[0] ?? '';
    const { warnings } = accepted(`${SERVER}${line}\n${line}\n`);
    expect(texts(warnings).filter((text) => text.startsWith(`Note: --${name} has no effect here: `))).toHaveLength(1);
  });

  it('says everything that is wrong at once', () => {
    expect(refused(`${SERVER}multihome\nmlock\nca nope\n`)).toEqual([
      expect.stringMatching(/--multihome/),
      expect.stringMatching(/--mlock/),
      "Options error: --ca fails with 'nope': No such file or directory (errno=2)",
      'Options error: Please correct these errors.',
      'Use --help for more information.',
    ]);
  });
});
