import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ClientOptions, Management, PORT, READY, type StockClient, TUNNEL_SERVER4, type Wrap } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';

const ALL = { sent: 3, received: 3 };
const STOCK = 'stock';

let sockets = 0;

describe.skipIf(!requireInterop())('our client daemon at stock servers', () => {
  const lab = useLab(['alice']);

  const client = (options: ClientOptions = {}): Promise<StockClient> => lab.client('alice', { program: 'ours', ...options });
  const routes = (): Promise<string> => lab.network.run(lab.network.host('alice'), ['ip', 'route']);
  const devices = (): Promise<string> => lab.network.run(lab.network.host('alice'), ['ip', '-brief', 'link']);

  async function managed(options: ClientOptions = {}): Promise<{ readonly alice: StockClient; readonly talk: Management }> {
    const path = `${lab.network.folder}/alice${++sockets}.sock`;
    const lines = [`management ${path} unix`, 'management-hold', ...(options.lines ?? [])];
    const alice = await client({ ...options, wait: false, lines });
    const talk = await Management.open(path);
    talk.send('state on');
    await talk.waitFor(/^SUCCESS: real-time state/);
    return { alice, talk };
  }

  const states = (talk: Management): string[] =>
    talk.lines.filter((line) => line.startsWith('>STATE:')).map((line) => line.split(',').slice(1, 3).join(',').replace(/,$/, ''));

  it.each([
    ['udp', 'tls-crypt', 4],
    ['udp', 'none', 6],
    ['tcp', 'tls-auth', 4],
  ] as const satisfies readonly (readonly ['udp' | 'tcp', Wrap, 4 | 6])[])(
    'passes data over %s with %s and IPv%d, and takes everything away at the end',
    async (transport, wrap, family) => {
      const suffix = family === 6 ? '6' : '';
      await lab.server({
        program: STOCK,
        proto: transport === 'udp' ? `udp${suffix}` : 'tcp-server',
        wrap,
        lines: ['push "route 192.168.77.0 255.255.255.0"'],
      });
      const remote = family === 6 ? lab.serverHost.ip6 : lab.serverHost.ip4;
      const alice = await client({ proto: `${transport}${suffix}`, wrap, remote });
      expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
      expect(await routes()).toContain(`192.168.77.0/24 via ${TUNNEL_SERVER4}`);
      const { code } = await alice.process.stop();
      expect(code).toBe(0);
      await alice.process.waitFor('SIGTERM[hard,] received, process exiting');
      expect(await routes()).not.toContain('192.168.77');
      expect(await devices()).not.toContain('tun');
    },
  );

  it('goes through its states in stock’s order, and restarts and ends as management clients say', async () => {
    await lab.server({ program: STOCK });
    const { alice, talk } = await managed({ lines: ['explicit-exit-notify 1'] });
    await talk.waitFor(/^>HOLD:Waiting for hold release:0$/);
    expect(await talk.command('signal SIGUSR1')).toEqual(["ERROR: signal 'SIGUSR1' is currently ignored"]);
    expect(await talk.command('hold release')).toEqual(['SUCCESS: hold release succeeded']);
    await talk.waitFor(/,CONNECTED,SUCCESS,10\.8\.0\.2,10\.99\.0\.1,1194,,,fd00:8::1000$/);
    expect(await talk.command('status')).toEqual([
      'OpenVPN STATISTICS',
      expect.stringMatching(/^Updated,\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      expect.stringMatching(/^TUN\/TAP read bytes,\d+$/),
      expect.stringMatching(/^TUN\/TAP write bytes,\d+$/),
      expect.stringMatching(/^TCP\/UDP read bytes,[1-9]\d{3}$/),
      expect.stringMatching(/^TCP\/UDP write bytes,[1-9]\d{3}$/),
      expect.stringMatching(/^Auth read bytes,\d+$/),
    ]);
    expect(await talk.command('remote-entry-get all')).toEqual([`0,10.99.0.1,${PORT},udp,enabled`]);
    const from = talk.lines.length;
    await talk.command('signal SIGUSR1');
    await talk.waitFor(/^>HOLD:Waiting for hold release:1$/);
    await talk.command('hold release');
    await talk.waitFor(/,CONNECTED,SUCCESS/, from);
    await talk.command('signal SIGTERM');
    await talk.waitFor(/,EXITING,exit-with-notification,,,,,$/);
    await alice.process.ended;
    // With persist-tun the interface, and so its address, stays over a restart.
    expect(states(talk).filter((state) => state !== 'GET_CONFIG')).toEqual([
      'WAIT',
      'AUTH',
      'ASSIGN_IP',
      'CONNECTED,SUCCESS',
      'RECONNECTING,SIGUSR1',
      'WAIT',
      'AUTH',
      'CONNECTED,SUCCESS',
      'EXITING,exit-with-notification',
    ]);
  });

  it('logs in by what management clients say, and says what the server answered', async () => {
    const check = lab.script('[ "$(head -2 $1 | tr "\\n" :)" = "al ice:p\\"w:" ]');
    await lab.server({ program: STOCK, lines: ['script-security 2', `auth-user-pass-verify ${check} via-file`] });
    const { alice, talk } = await managed({ lines: ['auth-user-pass', 'management-query-passwords', 'auth-retry interact'] });
    await talk.command('hold release');
    await talk.waitFor(/^>PASSWORD:Need 'Auth' username\/password$/);
    expect(await talk.command('password "Private Key" x')).toEqual([
      "ERROR: password of type 'Private Key' entered, but we need one of type 'Auth'",
    ]);
    expect(await talk.command('username "Auth" "al ice"')).toEqual(["SUCCESS: 'Auth' username entered, but not yet verified"]);
    expect(await talk.command('password "Auth" "wrong"')).toEqual(["SUCCESS: 'Auth' password entered, but not yet verified"]);
    await talk.waitFor(/^>PASSWORD:Verification Failed: 'Auth'$/);
    await talk.waitFor(/,RECONNECTING,auth-failure,,,,,$/);
    const from = talk.lines.length;
    await talk.command('hold release');
    await talk.waitFor(/^>PASSWORD:Need 'Auth' username\/password$/, from);
    await talk.command('username "Auth" "al ice"');
    await talk.command('password "Auth" "p\\"w"');
    await talk.waitFor(/,CONNECTED,SUCCESS/);
    expect(alice.process.matching('p"w')).toEqual([]);
  });

  it('passes on what a server asks of a login that takes longer', async () => {
    const server = await lab.server({ program: STOCK, lines: ['management-client-auth', 'auth-user-pass-optional'] });
    const decider = await server.management();
    const login = lab.file('alice\nsecret\n', 0o600);
    const { talk } = await managed({ lines: [`auth-user-pass ${login}`, 'setenv IV_SSO webauth,crtext'] });
    await talk.command('hold release');
    const [, clientId = '', keyId = ''] = /^>CLIENT:CONNECT,(\d+),(\d+)/.exec(await decider.waitFor(/^>CLIENT:CONNECT/)) ?? [];
    await decider.command(`client-pending-auth ${clientId} ${keyId} CR_TEXT:R,E:PIN 30`);
    await talk.waitFor(/,AUTH_PENDING,timeout 30,,,,,$/);
    await talk.waitFor(/^>INFOMSG:CR_TEXT:R,E:PIN$/);
    expect(await talk.command('cr-response MTIzNA==')).toEqual(['SUCCESS: command succeeded']);
    await decider.waitFor(new RegExp(`^>CLIENT:CR_RESPONSE,${clientId},${keyId},MTIzNA==$`));
    await decider.command(`client-auth-nt ${clientId} ${keyId}`);
    await talk.waitFor(/,CONNECTED,SUCCESS/);
  });

  it('ends when its login is refused, unless told otherwise', async () => {
    const check = lab.script('exit 1');
    await lab.server({ program: STOCK, lines: ['script-security 2', `auth-user-pass-verify ${check} via-file`] });
    const login = lab.file('alice\nsecret\n', 0o600);
    const alice = await client({ wait: false, lines: [`auth-user-pass ${login}`] });
    await alice.process.waitFor('AUTH: Received control message: AUTH_FAILED');
    await alice.process.waitFor('SIGTERM[soft,auth-failure] received, process exiting');
    expect(await alice.process.ended).toEqual({ code: 0, signal: null });
  });

  it('goes on to the next server when one is dead, and comes back when its own was killed', async () => {
    const quick = ['keepalive 1 3'];
    const server = await lab.server({ program: STOCK, without: ['keepalive'], lines: quick });
    const alice = await client({
      without: ['remote'],
      lines: [
        `remote ${lab.serverHost.ip4} 1999 tcp-client`,
        `remote ${lab.serverHost.ip4} 1998`,
        `remote ${lab.serverHost.ip4} ${PORT}`,
        'connect-timeout 2',
      ],
    });
    expect(alice.process.matching(/received, process restarting/).map((line) => line.replace(/^.*?SIG/, 'SIG'))).toEqual([
      'SIGUSR1[connection failed(soft),connection-failed] received, process restarting',
      'SIGUSR1[soft,server_poll] received, process restarting',
    ]);
    const from = alice.process.mark();
    server.process.signal('SIGKILL');
    await server.process.ended;
    await alice.process.waitFor('SIGUSR1[soft,ping-restart] received, process restarting', { from });
    await lab.server({ program: STOCK, without: ['keepalive'], lines: quick });
    await alice.process.waitFor(READY, { from });
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
  });

  it('reads its configuration again on SIGHUP, and leaves nothing behind when a script fails', async () => {
    await lab.server({ program: STOCK });
    const config = lab.file('verb 3\n');
    const alice = await client({ lines: [`config ${config}`] });
    const from = alice.process.mark();
    writeFileSync(config, 'nosuch\n');
    alice.process.signal('SIGHUP');
    await alice.process.waitFor('Unrecognized option or missing or extra parameter(s)', { from });
    await alice.process.waitFor(READY, { from });
    writeFileSync(config, `verb 4\nscript-security 2\nredirect-gateway\nup ${lab.script('exit 3')}\n`);
    const before = await routes();
    alice.process.signal('SIGHUP');
    await alice.process.waitFor('WARNING: Failed running command (--up/--down): external program exited with error status: 3', { from });
    expect(await alice.process.ended).toEqual({ code: 1, signal: null });
    expect(await devices()).not.toContain('tun');
    expect(before).toContain('tun');
    expect(await routes()).not.toContain('tun');
  });

  it('puts right what it left when it was killed: routes, and addresses of a device that stays', async () => {
    await lab.server({ program: STOCK, lines: ['push "redirect-gateway"'] });
    const host = lab.network.host('alice');
    const onTheLink = 'default via 10.99.0.9 dev eth0';
    await lab.network.run(host, ['ip', 'route', 'add', ...onTheLink.split(' ')]);
    await lab.network.run(host, ['ip', 'tuntap', 'add', 'dev', 'tun9', 'mode', 'tun']);
    const options = { without: ['dev'], lines: ['dev tun9'] };
    const killed = await client(options);
    killed.process.signal('SIGKILL');
    await killed.process.ended;
    expect(await routes()).not.toContain(onTheLink);
    const alice = await client(options);
    await alice.process.waitFor('Routes of a client that was killed are put right: 3');
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
    await alice.process.stop();
    expect((await routes()).split('\n').filter((line) => /^default|^10\.99\.0\.1 /.test(line))).toEqual([`${onTheLink} `]);
    await lab.network.run(host, ['ip', 'route', 'del', 'default']);
    await lab.network.run(host, ['ip', 'link', 'del', 'tun9']);
  });

  it('tells scripts what stock tells them', async () => {
    await lab.server({ program: STOCK, lines: ['push "dhcp-option DNS 10.8.0.1"', 'push "route 192.168.77.0 255.255.255.0"'] });
    const seen = `${lab.network.folder}/env`;
    const script = lab.script(`(echo "== $script_type $*"; env | sort) >> ${seen}`);
    const hooks = ['up', 'down', 'route-up', 'route-pre-down', 'ipchange'].map((name) => `${name} ${script}`);
    const run = async (program: 'ours' | 'stock'): Promise<string[]> => {
      writeFileSync(seen, '');
      const alice = await client({ program, lines: ['script-security 2', 'setenv FOO bar', 'dev tun5', ...hooks] });
      await alice.process.stop();
      const told = readFileSync(seen, 'utf8').split('\n');
      return told.filter((line) => !/^(?:PWD|PATH|SHLVL|_|OLDPWD|daemon_pid|daemon_start_time|config|route_net_gateway)=/.test(line));
    };
    expect(await run('ours')).toEqual(await run('stock'));
  });

  it('runs with Debian’s sample configuration, paths changed', async () => {
    const sample = readFileSync('/usr/share/doc/openvpn/examples/sample-config-files/client.conf', 'utf8');
    const { ca, cert, key } = await lab.identity('alice');
    const text = sample
      .replace(/^ca .*$/m, `ca ${ca}`)
      .replace(/^cert .*$/m, `cert ${cert}`)
      .replace(/^key .*$/m, `key ${key}`)
      .replace('my-server-1', lab.serverHost.ip4)
      .replace(/^tls-auth .*$/m, '');
    await lab.server({ program: STOCK, wrap: 'none' });
    const alice = await client({
      without: [
        'client',
        'dev',
        'nobind',
        'proto',
        'remote',
        'ca',
        'cert',
        'key',
        'remote-cert-tls',
        'connect-retry',
        'persist-tun',
        'verb',
        'tls-crypt',
      ],
      lines: [text],
    });
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
  });

  it.each(['http', 'socks'] as const)('connects through a proxy: %s', async (kind) => {
    await lab.server({ program: STOCK, proto: 'tcp-server' });
    const proxy = lab.network.start(lab.serverHost, 'proxy', [
      process.execPath,
      'build/test/interop/support/proxy-main.js',
      kind,
      '8080',
      'ann',
      'pass',
    ]);
    await proxy.waitFor('listening');
    const login = lab.file('ann\npass\n', 0o600);
    const alice = await client({
      proto: 'tcp',
      lines: [`${kind}-proxy ${lab.serverHost.ip4} 8080 ${login}${kind === 'http' ? ' basic' : ''}`],
    });
    expect(await lab.ping(alice, TUNNEL_SERVER4, 3)).toEqual(ALL);
    expect(proxy.lines.some((line) => line.startsWith(`to ${lab.serverHost.ip4} ${PORT}`))).toBe(true);
  });

  it('asks for the pass phrase of an encrypted key, and takes a key out of a PKCS#12 file', async () => {
    const { ca, cert, key } = await lab.identity('alice');
    const host = lab.network.host('alice');
    const locked = `${lab.network.folder}/locked.key`;
    const bundle = `${lab.network.folder}/alice.p12`;
    await lab.network.run(host, ['openssl', 'pkey', '-in', key, '-aes256', '-passout', 'pass:open sesame', '-out', locked]);
    await lab.network.run(host, [
      'openssl',
      'pkcs12',
      '-export',
      '-in',
      cert,
      '-inkey',
      key,
      '-certfile',
      ca,
      '-passout',
      'pass:p12',
      '-out',
      bundle,
    ]);
    await lab.server({ program: STOCK });
    const { alice, talk } = await managed({ without: ['key'], lines: [`key ${locked}`, 'management-query-passwords'] });
    await talk.command('hold release');
    await talk.waitFor(/^>PASSWORD:Need 'Private Key' password$/);
    await talk.command('password "Private Key" "open sesame"');
    await talk.waitFor(/,CONNECTED,SUCCESS/);
    await alice.process.stop();
    const phrase = lab.file('p12\n', 0o600);
    const again = await client({ without: ['ca', 'cert', 'key'], lines: [`pkcs12 ${bundle}`, `askpass ${phrase}`] });
    expect(await lab.ping(again, TUNNEL_SERVER4, 3)).toEqual(ALL);
  });

  it('asks for the medium of a key, for one of several identities, and reads a key again without persist-key', async () => {
    const { cert, key } = await lab.identity('alice');
    await lab.server({ program: STOCK });
    const folder = `${lab.network.folder}/medium`;
    const without = ['cert', 'key'];
    const absent = [`cert ${cert}`, `key ${folder}/alice.key`, 'management-query-passwords'];
    const { alice, talk } = await managed({ without, lines: absent });
    await talk.command('hold release');
    await talk.waitFor(/^>NEED-OK:Need 'token-insertion-request' confirmation MSG:/);
    mkdirSync(folder);
    for (const name of ['alice', 'other']) {
      copyFileSync(cert, `${folder}/${name}.crt`);
      copyFileSync(key, `${folder}/${name}.key`);
    }
    expect(await talk.command('needok token-insertion-request ok')).toEqual([
      "SUCCESS: 'token-insertion-request' needok-confirmation entered, but not yet verified",
    ]);
    await talk.waitFor(/,CONNECTED,SUCCESS/);
    // What is read again at SIGUSR1 without persist-key: here, another key that does not fit.
    copyFileSync(lab.pki.server.key, `${folder}/alice.key`);
    await talk.command('signal SIGUSR1');
    await talk.command('hold release');
    expect(await alice.process.ended).toEqual({ code: 1, signal: null });
    const again = await managed({ without, lines: [`identity-dir ${folder}`, 'management-query-passwords'] });
    await again.talk.command('hold release');
    await again.talk.waitFor(/^>NEED-STR:Need 'identity-request' string MSG:Choose an identity: alice, other$/);
    await again.talk.command('needstr identity-request other');
    await again.talk.waitFor(/,CONNECTED,SUCCESS/);
  });

  it('is a library too: packets go in and come out without a device', async () => {
    await lab.server({ program: STOCK });
    const { ca, cert, key } = await lab.identity('alice');
    const config = lab.file(
      [
        'client',
        'nobind',
        `remote ${lab.serverHost.ip4} ${PORT}`,
        `ca ${ca}`,
        `cert ${cert}`,
        `key ${key}`,
        'remote-cert-tls server',
        `tls-crypt ${lab.pki.staticKey}`,
        'explicit-exit-notify',
        '',
      ].join('\n'),
    );
    const program = lab.network.start(lab.network.host('alice'), 'library', [
      process.execPath,
      'build/test/interop/support/connect-main.js',
      config,
    ]);
    await program.waitFor(`10.8.0.2 answered by ${TUNNEL_SERVER4}`);
    await program.waitFor('ended left');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });
});
