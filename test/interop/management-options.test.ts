import { createServer } from 'node:net';
import { join } from 'node:path';
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READY } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** Options about the management interface and status files, in our daemon as it runs. */
describe.skipIf(!requireInterop())('our daemon', () => {
  const lab = useLab(['alice']);

  it('waits for a release at its start and at restarts with management-hold', async () => {
    const server = await lab.server({ program: 'ours', lines: ['management-hold'], wait: false });
    await server.process.waitFor('Need hold release from management interface, waiting...');
    const talk = await Talk.open(server.managementPath);
    await eventually('hold', () => talk.lines.includes('>HOLD:Waiting for hold release:0'));
    expect(await talk.ask('signal SIGUSR1')).toEqual(["ERROR: signal 'SIGUSR1' is currently ignored"]);
    expect(await talk.ask('signal SIGUSR2')).toEqual(['SUCCESS: signal SIGUSR2 thrown']);
    expect(await talk.ask('client-kill 0')).toEqual(["ERROR: The 'client-kill' command is not supported by the current daemon mode"]);
    expect(await talk.ask('hold', 'hold release')).toEqual(['SUCCESS: hold=1', 'SUCCESS: hold release succeeded']);
    await server.process.waitFor(READY);
    const from = server.process.mark();
    await talk.ask('signal SIGUSR1');
    await eventually('hold', () => talk.lines.includes('>HOLD:Waiting for hold release:1'));
    await talk.ask('hold release');
    await server.process.waitFor(READY, { from });
    expect(await server.process.stop()).toMatchObject({ code: 0 });
  }, 60_000);

  it('connects out with management-client, and ends when the program goes', async () => {
    const path = join(lab.network.folder, 'out.sock');
    const heard: string[] = [];
    const listening = createServer((socket) =>
      socket.setEncoding('utf8').on('data', (text: string) => heard.push(text) > 0 && socket.end()),
    );
    await new Promise<void>((resolve) => listening.listen(path, resolve));
    const lines = [`management ${path} unix`, 'management-client'];
    const server = await lab.server({ program: 'ours', without: ['management'], lines, wait: false });
    await server.process.waitFor('MANAGEMENT: Connected to management server at');
    await server.process.waitFor('SIGTERM[soft,management-exit] received, process exiting');
    expect(heard.join('')).toContain('>INFO:OpenVPN Management Interface Version 5');
    listening.close();
  }, 60_000);

  it('listens on the port asked for inside the tunnel, gives sockets the mode asked for, and restarts when a client leaves', async () => {
    const lines = ['management-socket 0660', 'management tunnel 7505', 'management-signal'];
    const server = await lab.server({ program: 'ours', lines });
    expect(statSync(server.managementPath).mode & 0o777).toBe(0o660);
    await server.process.waitFor('MANAGEMENT: TCP Socket listening on [AF_INET]10.8.0.1:7505');
    const said = await lab.network.run(lab.serverHost, ['sh', '-c', '{ echo pid; echo quit; } | nc -w 5 10.8.0.1 7505']);
    expect(said).toMatch(/^>INFO:.*\r\nSUCCESS: pid=\d+\r\n$/);
    await server.process.waitFor('SIGUSR1[soft,management-disconnect] received, process restarting');
  }, 60_000);

  it('speaks TLS to clients with a certificate, and to no others', async () => {
    const { ca, cert, key } = lab.pki.server;
    const lines = ['management 127.0.0.1 7506', `management-tls ${cert} ${key} ${ca}`, 'management-role read'];
    await lab.server({ program: 'ours', lines });
    const alice = await lab.identity('alice');
    const talk = (more: string): Promise<string> =>
      lab.network.run(lab.serverHost, [
        'sh',
        '-c',
        `{ sleep 1; echo pid; echo 'kill x'; sleep 1; echo quit; } | openssl s_client -quiet -connect 127.0.0.1:7506 -CAfile ${ca} ${more} 2>/dev/null || true`,
      ]);
    const said = await talk(`-cert ${alice.cert} -key ${alice.key}`);
    expect(said).toMatch(/>INFO:.*\r\nSUCCESS: pid=\d+\r\nERROR: this connection may read/);
    expect(await talk('')).not.toContain('>INFO:');
  }, 60_000);

  it('writes status when a client comes, as JSON beside it, in the forms of 2.7 when asked', async () => {
    const lines = ['status-format json', 'compat-status 2.7'];
    const server = await lab.server({ program: 'ours', without: ['status'], lines: [...lines, `status ${lab.network.folder}/st 600`] });
    const path = join(lab.network.folder, 'st');
    const alice = await lab.client('alice', { lines: ['explicit-exit-notify 1'] });
    await eventually('alice in the status file', () =>
      textIfThere(path).includes(`CLIENT_LIST,alice,udp4:${lab.network.host('alice').ip4}:`),
    );
    const read = await eventually('alice as JSON', () => {
      const text = textIfThere(`${path}.json`);
      return text.includes('alice') && JSON.parse(text);
    });
    expect(read).toMatchObject({ version: 1, clients: [{ commonName: 'alice', virtual4: alice.tunnel4, phase: 'connected' }] });
    await alice.process.stop();
    await eventually('alice gone', () => !textIfThere(path).includes('alice'));
    await server.process.stop();
  }, 60_000);
});
