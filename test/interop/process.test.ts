import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OUR_COMMAND, READY, SERVER, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const ALL = { sent: 5, received: 5 };

/** The lines of Debian's sample server.conf and client.conf that are not comments; the paths are relative to a folder. */
const SAMPLE_SERVER = `port 1194
proto udp
dev tun
ca ca.crt
cert server.crt
key server.key  # This file should be kept secret
dh dh2048.pem
topology subnet
server 10.8.0.0 255.255.255.0
ifconfig-pool-persist ipp.txt
keepalive 10 120
persist-key
persist-tun
status openvpn-status.log
verb 3
explicit-exit-notify 1
`;
const SAMPLE_CLIENT = `client
dev tun
proto udp
remote 10.99.0.1 1194
resolv-retry infinite
nobind
persist-key
persist-tun
ca ca.crt
cert alice.crt
key alice.key
remote-cert-tls server
verb 3
`;

describe.skipIf(!requireInterop())('the server as a process', () => {
  const lab = useLab(['alice', 'bob']);
  const command = SERVER === 'stock' ? ['openvpn'] : [...OUR_COMMAND, 'run'];

  it("runs Debian's sample configurations", async () => {
    const folder = `${lab.network.folder}/sample`;
    mkdirSync(folder);
    const alice = await lab.identity('alice');
    for (const [from, to] of [
      [lab.pki.ca, 'ca.crt'],
      [lab.pki.server.cert, 'server.crt'],
      [lab.pki.server.key, 'server.key'],
      [alice.cert, 'alice.crt'],
      [alice.key, 'alice.key'],
    ] as const) {
      copyFileSync(from, `${folder}/${to}`);
    }
    writeFileSync(`${folder}/server.conf`, SAMPLE_SERVER);
    writeFileSync(`${folder}/client.conf`, SAMPLE_CLIENT);
    await lab.network.run(lab.serverHost, ['openssl', 'dhparam', '-dsaparam', '-out', `${folder}/dh2048.pem`, '2048']);
    const server = lab.network.start(lab.serverHost, 'sample server', [...command, '--cd', folder, '--config', 'server.conf']);
    await server.waitFor(READY);
    const client = lab.network.start(lab.network.host('alice'), 'sample client', ['openvpn', '--cd', folder, '--config', 'client.conf']);
    await client.waitFor(READY);
    expect(await lab.network.run(lab.network.host('alice'), ['ping', '-q', '-c', '2', '-i', '0.2', TUNNEL_SERVER4])).toContain(
      '2 received',
    );
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    expect(textIfThere(`${folder}/ipp.txt`)).toContain('alice,10.8.0.2');
    expect(textIfThere(`${folder}/openvpn-status.log`)).toContain('OpenVPN CLIENT LIST');
  });

  it('gives root away, and still restarts', async () => {
    const server = await lab.server({ lines: ['user nobody', 'group nogroup', 'explicit-exit-notify 1'] });
    const status = readFileSync(`/proc/${server.process.pid}/status`, 'utf8');
    expect(/^Uid:\s+(.*)$/m.exec(status)?.[1]).toBe('65534\t65534\t65534\t65534');
    expect(/^Gid:\s+(.*)$/m.exec(status)?.[1]).toBe('65534\t65534\t65534\t65534');
    expect(/^Groups:\s*(\S*)\s*$/m.exec(status)?.[1]).toMatch(/^(?:65534)?$/);
    const alice = await lab.client('alice');
    const [serverMark, clientMark] = [server.process.mark(), alice.process.mark()];
    server.process.signal('SIGUSR1');
    await server.process.waitFor(READY, { from: serverMark });
    await alice.process.waitFor(READY, { from: clientMark, within: 30_000 });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it.each([
    ['log', ''],
    ['log-append', 'kept\n'],
  ])('writes its log to a file with %s', async (directive, before) => {
    const path = lab.file('kept\n');
    const server = await lab.server({ lines: [`${directive} ${path}`], wait: false });
    await eventually('the log file', () => textIfThere(path).includes(READY));
    expect(textIfThere(path).startsWith(before)).toBe(true);
    expect(textIfThere(path).includes('kept')).toBe(before !== '');
    await server.process.stop();
    expect(textIfThere(path)).toContain('SIGTERM[hard,] received, process exiting');
  });

  it('ends with status 1 when an option is wrong, and says where', async () => {
    const server = await lab.server({ lines: ['bogus 1'], wait: false });
    expect(await server.process.ended).toEqual({ code: 1, signal: null });
    const line = readFileSync(server.configPath, 'utf8').split('\n').indexOf('bogus 1') + 1;
    const text = `Options error: Unrecognized option or missing or extra parameter(s) in ${server.configPath}:${line}: bogus (2.6.14)`;
    expect(server.process.matching(text)).toHaveLength(1);
    expect(server.process.matching('Use --help for more information.')).toHaveLength(1);
  });

  it('ends with status 1 when a certificate cannot be read', async () => {
    const server = await lab.server({ without: ['cert'], lines: ['cert /nowhere/server.crt'], wait: false });
    expect((await server.process.ended).code).toBe(1);
    expect(server.process.lines.join('\n')).toContain('/nowhere/server.crt');
  });

  it('takes a folder of revoked serial numbers', async () => {
    const folder = `${lab.network.folder}/revoked`;
    mkdirSync(folder);
    const server = await lab.server({ lines: [`crl-verify ${folder} dir`] });
    const alice = await lab.client('alice');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    const serial = String(BigInt(`0x${(await lab.identity('alice')).serial}`));
    writeFileSync(`${folder}/${serial}`, '');
    alice.process.signal('SIGUSR1');
    await server.process.waitFor(`VERIFY CRL: depth=0, CN=alice, serial=${serial} is revoked`);
  });

  it.skipIf(SERVER === 'stock')('needs neither root nor a device with dev null, and still joins clients', async () => {
    const path = lab.file(
      [
        'dev null',
        'mode server',
        'tls-server',
        'topology subnet',
        'server 10.8.0.0 255.255.255.0',
        'port 11940',
        'proto udp4',
        'client-to-client',
        'keepalive 10 60',
        'dh none',
        ...(['ca', 'cert', 'key'] as const).map((each) => `<${each}>\n${readFileSync(lab.pki.server[each], 'utf8')}</${each}>`),
        'verb 4',
        '',
      ].join('\n'),
    );
    await lab.network.run(lab.serverHost, ['chown', 'nobody:nogroup', path]);
    await lab.network.run(lab.serverHost, ['chmod', '755', lab.network.folder]);
    const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
    const server = lab.network.start(lab.serverHost, 'our server, unprivileged', [...nobody, ...command, '--config', path]);
    await server.waitFor(READY);
    const alice = await lab.client('alice', { port: 11940, wrap: 'none' });
    const bob = await lab.client('bob', { port: 11940, wrap: 'none' });
    expect(await lab.ping(alice, bob.tunnel4)).toEqual(ALL);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });
});
