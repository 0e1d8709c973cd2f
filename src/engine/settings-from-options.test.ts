import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatIp } from '../base/ip.ts';
import { SeededRandom } from '../base/random.ts';
import { fail, ok } from '../base/result.ts';
import type { Note } from '../messages/notes.ts';
import { renderRow } from '../messages/row.ts';
import { parseText } from '../options/parse.ts';
import { formatStaticKey, generateStaticKey } from '../protocol/wrap/static-key.ts';
import { type Configuration, type SettingsFiles, settingsFromOptions } from './settings-from-options.ts';
import type { AddressRange } from './settings.ts';

const golden = (name: string) => readFileSync(new URL(`../../test/golden/options/${name}`, import.meta.url), 'utf8');

const NO_FILE = 'No such file or directory (errno=2)';
const STATIC_KEY = formatStaticKey(generateStaticKey(new SeededRandom(7)));
const TOKEN_KEY = Buffer.from(Array.from({ length: 128 }, (_, i) => i));

const FILES: Record<string, string> = {
  'ca.crt': 'CA PEM\n',
  'server.crt': 'CERT PEM\n',
  'extra.crt': 'EXTRA PEM\n',
  'server.key': 'KEY PEM\n',
  'dh2048.pem': 'DH PEM\n',
  'ta.key': STATIC_KEY,
  'crl.pem': 'CRL PEM\n',
  'pass.txt': 'sesame\r\nmore\n',
  'empty.txt': '\n',
  'token.key': `-----BEGIN OpenVPN auth-token server key-----\n${TOKEN_KEY.toString('base64')}\n-----END OpenVPN auth-token server key-----\n`,
};
const PRESENT = new Set([
  ...Object.keys(FILES),
  'ccd',
  '/tmp',
  '/bin/true',
  '/bin/false',
  'status.log',
  'pid',
  'ipp',
  '/var/log/openvpn/ipp.txt',
]);

const files: SettingsFiles = {
  read: (path) => {
    const text = FILES[path];
    return text === undefined ? fail(NO_FILE) : ok(text);
  },
  check: (path) => (PRESENT.has(path) || path === '/var/log/openvpn/openvpn-status.log' ? undefined : NO_FILE),
};

function settingsOf(text: string) {
  const events = [...parseText(text, 'server.conf', { permission: 'config', readFile: files.read })];
  const wrong = events.flatMap((event) => (event.kind === 'error' ? [event.note] : []));
  if (wrong.length > 0) return fail({ errors: wrong, warnings: [] });
  const directives = events.flatMap((event) => (event.kind === 'directive' ? [event.directive] : []));
  return settingsFromOptions(directives, { files, random: new SeededRandom(1) });
}

const texts = (notes: readonly Note[]) => notes.map((note) => renderRow(note.row, note.args));

const BASE = 'dev tun\nca ca.crt\ncert server.crt\nkey server.key\ndh none\ntopology subnet\nkeepalive 10 60\n';
const SERVER = `${BASE}server 10.8.0.0 255.255.255.0\n`;

/** The settings of a configuration that must be right. */
function accepted(text: string): Configuration {
  const result = settingsOf(text);
  if (!result.ok) throw new Error(texts(result.error.errors).join('\n'));
  return result.value;
}

/** What is said against a configuration that must be wrong. */
function refused(text: string): string[] {
  const result = settingsOf(text);
  expect(result.ok).toBe(false);
  return result.ok ? [] : texts(result.error.errors);
}

const range = (pool: AddressRange | undefined) => pool && `${formatIp(pool.first)} ${formatIp(pool.last)} /${pool.bits}`;

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
    expect(daemon.listen).toEqual({ transport: 'udp', family: 'dual', host: undefined, port: 1194 });
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
        /^Options error: client mode is not in this release, and --client makes this a client's configuration \(server\.conf:\d+\)$/,
      ),
      'Use --help for more information.',
    ]);
  });

  it('neither server nor client is refused by name', () => {
    expect(refused(BASE)[0]).toMatch(/only multi-client servers are in this release: --server or --server-ipv6 is missing/);
  });
});

describe('addresses', () => {
  it.each([
    ['10.8.0.0 255.255.255.0', '10.8.0.1', '10.8.0.2 10.8.0.254 /24'],
    ['10.8.0.8 255.255.255.248', '10.8.0.9', '10.8.0.10 10.8.0.14 /29'],
    ['172.16.0.0 255.255.0.0', '172.16.0.1', '172.16.0.2 172.16.255.254 /16'],
    ['10.8.0.0 255.255.255.0 nopool', '10.8.0.1', undefined],
  ])('server %s', (values, own, pool) => {
    const { server } = accepted(`${BASE}server ${values}\n`);
    expect(server.tunnel4 && formatIp(server.tunnel4.address)).toBe(own);
    expect(range(server.pool4)).toBe(pool);
  });

  it.each([
    ['fd77::/64', 'fd77::1', 'fd77::1000 fd77::1:fff /64'],
    ['fd77::5/64', 'fd77::6', 'fd77::1005 fd77::1:1004 /64'],
    ['fd77::/112', 'fd77::1', 'fd77::2 fd77::ffff /112'],
    ['fd77::/124', 'fd77::1', 'fd77::2 fd77::f /124'],
  ])('server-ipv6 %s, as stock 2.6.14 lists it at verb 4', (value, own, pool) => {
    const { server } = accepted(`${SERVER}server-ipv6 ${value}\n`);
    expect(server.tunnel6 && formatIp(server.tunnel6.address)).toBe(own);
    expect(range(server.pool6)).toBe(pool);
    expect(server.pushes).toEqual(['tun-ipv6', 'route-gateway 10.8.0.1', 'topology subnet', 'ping 10', 'ping-restart 60']);
  });

  it('takes addresses apart from server, when they fit each other', () => {
    const own = `${BASE}mode server\ntls-server\nifconfig 10.8.0.1 255.255.255.0\nifconfig-ipv6 fd77::1/64 fd77::2\nifconfig-ipv6-pool fd77::100/64\n`;
    const { server } = accepted(`${own}ifconfig-pool 10.8.0.10 10.8.0.20\n`);
    expect(range(server.pool4)).toBe('10.8.0.10 10.8.0.20 /24');
    expect(range(server.pool6)).toBe('fd77::100 fd77::1:ff /64');
    expect(refused(`${own}ifconfig-pool 10.9.0.10 10.9.0.20\n`)[0]).toMatch(/not inside the server's own network/);
  });

  it('assumes subnet without a topology line and says so once; refuses the others by name', () => {
    const assumed = accepted(SERVER.replace('topology subnet\n', ''));
    expect(texts(assumed.warnings).filter((text) => text.includes('topology'))).toEqual(["Note: --topology is not set, 'subnet' is used"]);
    for (const topology of ['net30', 'p2p']) {
      expect(refused(`${SERVER}topology ${topology}\n`)[0]).toMatch(
        new RegExp(`--topology ${topology} .* not in this release; use --topology subnet \\(server\\.conf:9\\)`),
      );
    }
  });

  it('keeps pushes in order, refuses what clients would obey and this server not understand', () => {
    const text = `${SERVER}push "route 10.1.0.0 255.255.0.0"\npush "dhcp-option DNS 10.8.0.1"\ntcp-nodelay\n`;
    expect(accepted(text).server.pushes).toEqual([
      'route 10.1.0.0 255.255.0.0',
      'dhcp-option DNS 10.8.0.1',
      'route-gateway 10.8.0.1',
      'topology subnet',
      'ping 10',
      'ping-restart 60',
      'socket-flags TCP_NODELAY',
    ]);
    expect(refused(`${SERVER}push "compress lz4-v2"\n`)[0]).toMatch(/does not speak compress.*\(server\.conf:9\)$/);
  });

  it('makes routes of route and route-ipv6', () => {
    const lines =
      'route 10.66.0.0 255.255.255.0\nroute 10.67.0.9\nroute 10.68.1.1 255.255.0.0 10.8.0.77 5\nroute-ipv6 fd88::1/64\nroute-metric 7\nroute 10.69.0.0 255.255.0.0 vpn_gateway\n';
    const { routes } = accepted(`${SERVER}${lines}`).daemon;
    expect(routes.map((route) => [formatIp(route.network), route.bits, route.gateway && formatIp(route.gateway), route.metric])).toEqual([
      ['10.66.0.0', 24, undefined, 7],
      ['10.67.0.9', 32, undefined, 7],
      ['10.68.0.0', 16, '10.8.0.77', 5],
      ['10.69.0.0', 16, undefined, 7],
      ['fd88::', 64, undefined, 7],
    ]);
    expect(
      refused(
        `${SERVER}route host.example\nroute 10.0.0.0 255.0.255.0\nroute 10.0.0.0 255.0.0.0 gw\nroute 10.0.0.0 255.0.0.0 default x\nroute-ipv6 zz\n`,
      ),
    ).toHaveLength(7);
  });
});

describe('transport', () => {
  it.each([
    ['', { transport: 'udp', family: 'dual', host: undefined, port: 1194 }],
    ['proto udp4\nport 443\n', { transport: 'udp', family: 4, host: undefined, port: 443 }],
    ['proto udp6\nbind ipv6only\n', { transport: 'udp', family: 6, host: undefined, port: 1194 }],
    ['proto tcp\n', { transport: 'tcp', family: 'dual', host: undefined, port: 1194 }],
    ['proto tcp-server\nlocal 127.0.0.1\nlport 0\n', { transport: 'tcp', family: 4, host: '127.0.0.1', port: 0 }],
    ['proto tcp4-server\nport 1\nlport 2\n', { transport: 'tcp', family: 4, host: undefined, port: 2 }],
    ['proto tcp6-server\nlocal ::1\n', { transport: 'tcp', family: 'dual', host: '::1', port: 1194 }],
  ])('%j listens', (lines, expected) => {
    const { daemon, server } = accepted(`${SERVER}${lines}`);
    expect(daemon.listen).toEqual(expected);
    expect(server.transport).toBe(expected.transport);
  });

  it.each([
    ['dev tun\n', { kind: 'tun', name: undefined, setAddresses: true, setRoutes: true }],
    ['dev tun7\nifconfig-noexec\n', { kind: 'tun', name: 'tun7', setAddresses: false, setRoutes: true }],
    ['dev vpn\ndev-type tun\nroute-noexec\n', { kind: 'tun', name: 'vpn', setAddresses: true, setRoutes: false }],
    ['dev null\n', { kind: 'null' }],
  ])('%j is a device', (lines, expected) => {
    expect(accepted(`${SERVER.replace('dev tun\n', '')}${lines}`).daemon.device).toEqual(expected);
  });

  it.each(['dev tap\n', 'dev tun\ndev-type tap\n', 'dev vpn\n', ''])('%j is none', (lines) => {
    expect(refused(`${SERVER.replace('dev tun\n', '')}${lines}`)[0]).toMatch(/--dev/);
  });

  it.each([
    ['', { size: 1492, counts: 'mtu' }],
    ['mssfix\n', { size: 1492, counts: 'mtu' }],
    ['mssfix 1300\n', { size: 1300, counts: 'payload' }],
    ['mssfix 1300 mtu\n', { size: 1300, counts: 'mtu' }],
    ['mssfix 1300 fixed\n', { size: 1300, counts: 'fixed' }],
    ['mssfix 0\n', undefined],
    ['tun-mtu 1400\n', { size: 1400, counts: 'fixed' }],
    ['tun-mtu 1400\nmssfix 1200\n', { size: 1200, counts: 'payload' }],
  ])('%j clamps segments', (lines, expected) => {
    expect(accepted(`${SERVER}${lines}`).server.mssFix).toEqual(expected);
  });

  it.each([
    ['', 0],
    ['explicit-exit-notify\n', 1],
    ['explicit-exit-notify 2\n', 2],
    ['explicit-exit-notify 3\n', 1],
    ['explicit-exit-notify 0\n', 0],
    ['proto tcp\nexplicit-exit-notify 2\n', 0],
  ])('%j tells clients of the end', (lines, expected) => {
    expect(accepted(`${SERVER}${lines}`).server.explicitExitNotify).toBe(expected);
  });
});

describe('control channel and TLS', () => {
  it('has the defaults of facts: wire 24', () => {
    expect(accepted(SERVER).server).toMatchObject({
      control: {
        wrap: { kind: 'none' },
        tlsTimeout: 2000,
        handWindow: 60_000,
        tranWindow: 3_600_000,
        renegotiate: { after: 3_600_000, bytes: 0, packets: 0 },
        dataCiphers: ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'],
        fallbackCipher: undefined,
        auth: 'SHA1',
        maxPacketSize: 1250,
      },
      replayWindow: { size: 64, seconds: 15 },
      maxClients: 1024,
      connectFreq: undefined,
      connectFreqInitial: { count: 100, per: 10_000 },
      tunMtu: 1500,
      statusVersion: 1,
    });
  });

  it('reads static keys from files and blocks, with their direction', () => {
    const file = accepted(`${SERVER}tls-auth ta.key 0\nauth SHA256\n`).server.control.wrap;
    expect(file).toMatchObject({ kind: 'tls-auth', direction: 0, digest: 'SHA256' });
    const block = accepted(`${SERVER}key-direction 1\n<tls-auth>\n${STATIC_KEY}</tls-auth>\n`).server.control.wrap;
    expect(block).toMatchObject({ kind: 'tls-auth', direction: 1, digest: 'SHA1' });
    const crypt = accepted(`${SERVER}tls-crypt ta.key\n`).server.control.wrap;
    expect(crypt.kind === 'tls-crypt' && crypt.key.reveal().length).toBe(256);
    expect(refused(`${SERVER}tls-crypt server.key\n`)[0]).toMatch(
      /^Options error: --tls-crypt: no line .* in file 'server\.key' \(server\.conf:9\)$/,
    );
  });

  it('refuses ciphers and digests that it does not speak', () => {
    expect(refused(`${SERVER}data-ciphers AES-256-GCM:AES-256-CBC\n`)[0]).toMatch(
      /^Options error: --data-ciphers list contains unsupported ciphers or is too long\./,
    );
    expect(refused(`${SERVER}data-ciphers-fallback AES-256-CBC\n`)[0]).toMatch(/--data-ciphers-fallback: AES-256-CBC is not supported/);
    expect(refused(`${SERVER}auth foo\n`)[0]).toMatch(/Message hash algorithm 'foo' not found/);
    expect(
      accepted(`${SERVER}data-ciphers chacha20-poly1305:aes-192-gcm\ndata-ciphers-fallback AES-128-GCM\n`).server.control,
    ).toMatchObject({
      dataCiphers: ['CHACHA20-POLY1305', 'AES-192-GCM'],
      fallbackCipher: 'AES-128-GCM',
    });
  });

  it('hands TLS what Node understands', () => {
    const { tls } = accepted(
      `${SERVER}extra-certs extra.crt\naskpass pass.txt\ntls-version-min 1.3\ntls-cert-profile preferred\ntls-groups X25519:secp256r1\n` +
        'tls-cipher TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384:TLS-DHE-RSA-WITH-AES-128-CBC-SHA256:TLS-RSA-WITH-AES-256-GCM-SHA384:TLS-ECDHE-RSA-WITH-CHACHA20-POLY1305-SHA256:ECDHE+AESGCM\n' +
        'tls-ciphersuites TLS-AES-256-GCM-SHA384:TLS_CHACHA20_POLY1305_SHA256\n',
    ).daemon;
    expect(tls).toMatchObject({
      cert: 'CERT PEM\nEXTRA PEM\n',
      minVersion: 'TLSv1.3',
      certProfile: 'preferred',
      groups: 'X25519:prime256v1',
      ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384:DHE-RSA-AES128-SHA256:AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE+AESGCM',
      cipherSuites: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    });
    expect(tls.passphrase?.reveal()).toBe('sesame');
    expect(tls.dh).toBeUndefined();
  });

  it('shows no secret when settings are printed', () => {
    const { server, daemon } = accepted(
      `${SERVER}tls-crypt ta.key\naskpass pass.txt\nmanagement 127.0.0.1 0 pass.txt\nauth-gen-token\n<key>\nHIDDEN\n</key>\n`,
    );
    const printed = JSON.stringify({ server, daemon });
    expect(printed).not.toMatch(/HIDDEN|sesame|KEY PEM/);
    expect(printed).toContain('[secret]');
  });

  it('makes rules for certificates', () => {
    const fingerprint = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join(':');
    expect(
      accepted(`${SERVER}remote-cert-tls client\nverify-x509-name C1 name-prefix\nremote-cert-ku 80 a0\nx509-username-field emailAddress\n`)
        .server.verify,
    ).toEqual({
      remoteCertTls: 'client',
      verifyName: { value: 'C1', type: 'name-prefix' },
      remoteCertKu: [0x80, 0xa0],
      usernameField: 'emailAddress',
      clientCertificate: 'require',
    });
    const prints = `<peer-fingerprint>\n# a client\n${fingerprint.toUpperCase()}\n\n</peer-fingerprint>\n`;
    expect(accepted(`${SERVER.replace('ca ca.crt\n', '')}${prints}`).server.verify).toMatchObject({
      fingerprints: [fingerprint],
      fingerprintsInsteadOfCa: true,
    });
  });

  it.each([
    ['crl-verify crl.pem\n', { kind: 'file', path: 'crl.pem' }],
    ['crl-verify ccd dir\n', { kind: 'directory', path: 'ccd' }],
    ['<crl-verify>\nCRL\n</crl-verify>\n', { kind: 'text', pem: 'CRL\n' }],
  ])('%j says where revocations are', (lines, expected) => {
    expect(accepted(`${SERVER}${lines}`).daemon.crl).toEqual(expected);
  });
});

describe('logins', () => {
  const LOGIN = `${SERVER}script-security 3\nauth-user-pass-verify "/bin/true --flag 'a b'" via-env\n`;

  it('takes scripts apart as lines are', () => {
    const { daemon, server } = accepted(`${LOGIN}client-connect /bin/true\nsetenv A b\nsetenv-safe C d\nsetenv FORWARD_COMPATIBLE 1\n`);
    expect(daemon.scripts.commands.get('auth-user-pass-verify')).toEqual(['/bin/true', '--flag', 'a b']);
    expect(daemon.scripts).toMatchObject({
      security: 3,
      environment: [
        ['A', 'b'],
        ['OPENVPN_C', 'd'],
      ],
    });
    expect(server.hooks).toEqual({ clientConnect: true, clientDisconnect: false, learnAddress: false, tlsVerify: false });
    expect(server.auth).toMatchObject({ script: 'via-env', optional: false, clientCertificate: 'require', token: undefined });
  });

  it('reads the key of tokens, or makes one', () => {
    const { token } = accepted(`${LOGIN}auth-gen-token 7200 300\nauth-gen-token-secret token.key\n`).server.auth;
    expect(token).toMatchObject({ lifetime: 7_200_000, renewal: 300_000 });
    expect(token?.key.reveal()).toEqual(TOKEN_KEY.subarray(64, 96));
    const made = accepted(`${LOGIN}auth-gen-token\n`).server.auth.token;
    expect(made).toMatchObject({ lifetime: undefined, renewal: 3_600_000 });
    expect(made?.key.reveal()).toHaveLength(32);
    expect(refused(`${LOGIN}auth-gen-token\nauth-gen-token-secret ca.crt\n`)[0]).toMatch(/no OpenVPN auth-token server key/);
  });

  it('limits clients', () => {
    const { server } = accepted(
      `${SERVER}max-clients 5\nclient-config-dir ccd\nccd-exclusive\nconnect-freq 3 60\nconnect-freq-initial 5 1\ninactive 30 1000\nsession-timeout 90\nmax-routes-per-client 9\nduplicate-cn\nclient-to-client\n`,
    );
    expect(server).toMatchObject({
      maxClients: 5,
      clientConfig: { exclusive: true },
      connectFreq: { count: 3, per: 60_000 },
      connectFreqInitial: { count: 5, per: 1000 },
      inactive: { after: 30_000, bytes: 1000 },
      sessionTimeout: 90_000,
      maxRoutesPerClient: 9,
      duplicateCn: true,
      clientToClient: true,
    });
  });
});

describe('the process', () => {
  it('knows where log, status and management are', () => {
    const { daemon } = accepted(
      `log-append a.log\nlog b.log\n${SERVER}verb 99\nmute -1\nstatus status.log 5\nmanagement 127.0.0.1 0 pass.txt\nmanagement /run/m.sock unix\nmachine-readable-output\necho msg hello\n`,
    );
    expect(daemon.log).toEqual({ file: { path: 'a.log', append: true }, verb: 15, mute: 0, stamps: 'machine', errorsToStderr: false });
    expect(daemon.status).toEqual({ file: 'status.log', seconds: 5 });
    expect(daemon.management.map((each) => [each.kind, each.password?.reveal()])).toEqual([
      ['tcp', 'sesame'],
      ['unix', undefined],
    ]);
    expect(daemon.echoes).toEqual(['msg hello']);
  });

  it.each([
    'management 127.0.0.1 70000\n',
    'management 127.0.0.1 x\n',
    'management tunnel 7505\n',
    'management 127.0.0.1 1 stdin\n',
    'management 127.0.0.1 1 empty.txt\n',
    'management 127.0.0.1 1 nope\n',
    'askpass\n',
  ])('refuses %j', (line) => {
    expect(refused(`${SERVER}${line}`).length).toBeGreaterThan(0);
  });

  it('lists directives for verb 4 without what is in blocks', () => {
    const { listing } = accepted(`${SERVER}<key>\nHIDDEN\n</key>\npush "route 10.0.0.0 255.0.0.0"\n`).daemon;
    expect(listing.slice(-2)).toEqual(['<key>[inline]</key>', 'push "route 10.0.0.0 255.0.0.0"']);
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
    'daemon',
    'syslog',
    'chroot /tmp',
    'mlock',
    'engine',
    'server-bridge',
    'vlan-tagging',
    'management-client-auth',
    'management-hold',
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
    'auth-nocache',
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
