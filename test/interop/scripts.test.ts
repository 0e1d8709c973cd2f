import { describe, expect, it } from 'vitest';
import { READY, SERVER, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };

/** The environment that a script dumped into a file, by name. */
function environmentIn(path: string): Map<string, string> {
  return new Map(
    textIfThere(path)
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

describe.skipIf(!requireInterop())('user names and passwords by script', () => {
  const lab = useLab(['alice']);
  const login = (name: string, password: string): string => lab.file(`${name}\n${password}\n`, 0o600);
  const CHECK = `[ "$username" = alice ] && [ "$password" = 'se cret' ]`;

  it.each([
    ['via-env', 3, CHECK],
    ['via-file', 2, `[ "$(cat "$1")" = "$(printf 'alice\\nse cret')" ] && [ -z "$password" ]`],
  ])('%s lets the right ones in and keeps wrong ones out', async (how, security, check) => {
    const server = await lab.server({ lines: [`script-security ${security}`, `auth-user-pass-verify ${lab.script(check)} ${how}`] });
    const wrong = await lab.client('alice', { lines: [`auth-user-pass ${login('alice', 'guess')}`], wait: false });
    await wrong.process.waitFor(/AUTH: Received control message: AUTH_FAILED$/);
    await server.process.waitFor('TLS Auth Error: Auth Username/Password verification failed for peer');
    await wrong.process.stop();
    const right = await lab.client('alice', { lines: [`auth-user-pass ${login('alice', 'se cret')}`] });
    expect(await lab.ping(right, TUNNEL_SERVER4)).toEqual(ALL);
    await server.process.waitFor("TLS: Username/Password authentication succeeded for username 'alice'");
    expect(server.process.lines.join('\n')).not.toContain('se cret');
  });

  it('name the client with username-as-common-name, without a certificate', async () => {
    const lines = [
      'script-security 3',
      `auth-user-pass-verify ${lab.script(CHECK)} via-env`,
      'username-as-common-name',
      'verify-client-cert none',
    ];
    const server = await lab.server({ lines });
    await lab.client('alice', { without: ['cert', 'key'], lines: [`auth-user-pass ${login('alice', 'se cret')}`] });
    await server.process.waitFor(/\[alice\] Peer Connection Initiated with/);
  });

  it('are asked of clients that send none', async () => {
    const server = await lab.server({ lines: ['script-security 3', `auth-user-pass-verify ${lab.script(CHECK)} via-env`] });
    await lab.client('alice', { wait: false });
    await server.process.waitFor('TLS Error: Auth Username/Password was not provided by peer');
    expect(server.process.matching('Peer Connection Initiated')).toEqual([]);
  });

  it('are not needed with auth-user-pass-optional, where the script decides without them', async () => {
    const asked = `${lab.network.folder}/asked-without`;
    const check = lab.script(`echo "[$username]" >> ${asked}; [ "$common_name" = alice ]`);
    const lines = ['script-security 3', `auth-user-pass-verify ${check} via-env`, 'auth-user-pass-optional'];
    const server = await lab.server({ lines });
    const alice = await lab.client('alice');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    const mallory = await lab.client(await lab.identity('mallory'), { host: 'alice', wait: false });
    await mallory.process.waitFor(/AUTH: Received control message: AUTH_FAILED$/);
    expect(textIfThere(asked)).toBe('[]\n[]\n');
    await server.process.waitFor(/TLS: Username\/Password authentication succeeded for username '' ?$/);
  });

  it('give way to a token with auth-gen-token', async () => {
    const asked = `${lab.network.folder}/asked`;
    const server = await lab.server({
      lines: ['script-security 3', `auth-user-pass-verify ${lab.script(`echo asked >> ${asked}; ${CHECK}`)} via-env`, 'auth-gen-token'],
    });
    const alice = await lab.client('alice', { lines: [`auth-user-pass ${login('alice', 'se cret')}`, 'auth-nocache', 'reneg-sec 5'] });
    await server.process.waitFor('Control Channel: TLSv1.3', { from: server.process.mark() });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    expect(textIfThere(asked)).toBe('asked\n');
  });
});

describe.skipIf(!requireInterop())('scripts around a connection', () => {
  const lab = useLab(['alice']);

  it('connect and disconnect know the client, and connect configures it', async () => {
    const connected = `${lab.network.folder}/connected`;
    const disconnected = `${lab.network.folder}/disconnected`;
    const connect = lab.script(
      `env > ${connected}\necho 'ifconfig-push 10.8.0.99 255.255.255.0' > "$1"\necho 'push "route 10.123.0.0 255.255.0.0"' >> "$1"`,
    );
    const server = await lab.server({
      lines: [
        'script-security 2',
        `client-connect ${connect}`,
        `client-disconnect ${lab.script(`env > ${disconnected}.new; mv ${disconnected}.new ${disconnected}`)}`,
      ],
    });
    const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
    expect(alice.tunnel4).toBe('10.8.0.99');
    expect(await lab.ping(server, '10.8.0.99')).toEqual(ALL);
    expect(await lab.network.run(alice.host, ['ip', 'route'])).toContain('10.123.0.0/16');
    const before = environmentIn(connected);
    expect([...before]).toEqual(
      expect.arrayContaining([
        ['common_name', 'alice'],
        ['script_type', 'client-connect'],
        ['trusted_ip', '10.99.0.2'],
        ['X509_0_CN', 'alice'],
        ['IV_VER', '2.6.14'],
        ['tls_serial_0', String(BigInt(`0x${(await lab.identity('alice')).serial}`))],
      ]),
    );
    await alice.process.stop();
    const after = await eventually('the disconnect script', () => environmentIn(disconnected).size > 0 && environmentIn(disconnected));
    expect(after.get('script_type')).toBe('client-disconnect');
    expect(after.get('ifconfig_pool_remote_ip')).toBe('10.8.0.99');
    expect(Number(after.get('bytes_received'))).toBeGreaterThan(1000);
    expect(Number(after.get('bytes_sent'))).toBeGreaterThan(1000);
    expect(Number(after.get('time_duration'))).toBeGreaterThanOrEqual(0);
  });

  it('a connect script that fails keeps the client out', async () => {
    const server = await lab.server({ lines: ['script-security 2', `client-connect ${lab.script('exit 3')}`] });
    const alice = await lab.client('alice', { wait: false });
    await alice.process.waitFor(/AUTH: Received control message: AUTH_FAILED/);
    await server.process.waitFor('WARNING: Failed running command (--client-connect)');
    expect(alice.process.matching(READY)).toEqual([]);
  });

  it('learn-address hears of each address', async () => {
    const path = `${lab.network.folder}/learned`;
    const learned = (): string[] =>
      textIfThere(path)
        .split('\n')
        .map((line) => line.trimEnd())
        .filter((line) => line !== '')
        .toSorted();
    await lab.server({ lines: ['script-security 2', `learn-address ${lab.script(`echo "$1 $2 $3" >> ${path}`)}`] });
    const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
    await eventually('two addresses', () => learned().length === 2);
    const added = [`add ${alice.tunnel4} alice`, `add ${alice.tunnel6} alice`];
    expect(learned()).toEqual(added);
    await alice.process.stop();
    // Stock puts the deletion off until it needs to look at its table, without a bound.
    if (SERVER === 'stock') return;
    await eventually('both gone', () => learned().length === 4);
    expect(learned()).toEqual([...added, `delete ${alice.tunnel4}`, `delete ${alice.tunnel6}`]);
  });

  it('up and down run around the device', async () => {
    const log = `${lab.network.folder}/updown`;
    const script = lab.script(`echo "$script_type $dev $ifconfig_local $@" >> ${log}`);
    const server = await lab.server({ lines: ['script-security 2', 'dev tun5', `up ${script}`, `down ${script}`] });
    expect(textIfThere(log)).toBe('up tun5 10.8.0.1 tun5 1500 0 10.8.0.1 255.255.255.0 init\n');
    await server.process.stop();
    expect(textIfThere(log).split('\n')[1]).toBe('down tun5 10.8.0.1 tun5 1500 0 10.8.0.1 255.255.255.0 init');
  });

  it('do not run without script-security 2', async () => {
    const ran = `${lab.network.folder}/ran`;
    const server = await lab.server({ lines: [`client-connect ${lab.script(`touch ${ran}; exit 0`)}`] });
    const alice = await lab.client('alice', { wait: false });
    await alice.process.waitFor(/AUTH: Received control message: AUTH_FAILED/);
    await server.process.waitFor('WARNING: External program may not be called unless');
    expect(textIfThere(ran)).toBe('');
  });
});
