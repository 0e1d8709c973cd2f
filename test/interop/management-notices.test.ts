import { chmodSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { OUR_COMMAND, type Program, READY } from './support/daemons.ts';
import { type Lab, textIfThere, useLab } from './support/lab.ts';
import { comparable, Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** What management clients are told, and how they come in, with the options that change it. */

/** UPDOWN, ECHO and CR_RESPONSE at one server: everything that has no place in the other scenarios. */
async function course(lab: Lab, program: Program): Promise<Record<string, readonly string[]>> {
  const lines = ['management-up-down', 'management-client-auth', 'management-hold', 'echo msg hello', 'echo other'];
  const server = await lab.server({ program, lines, without: ['persist-tun'], wait: false });
  await server.process.waitFor('Need hold release');
  const talk = await Talk.open(server.managementPath);
  const echoes = await talk.ask('echo on all');
  await talk.ask('hold release', 'hold off');
  await server.process.waitFor(READY);
  await eventually('UP', () => talk.lines.includes('>UPDOWN:UP') && talk.lines.includes('>UPDOWN:ENV,END'));

  const socket = `${lab.network.folder}/alice-${program}.sock`;
  const login = [`auth-user-pass ${lab.file('alice\npw\n', 0o600)}`, `management ${socket} unix`, 'auth-retry interact'];
  const alice = await lab.client('alice', { wait: false, lines: login });
  await talk.block('CONNECT,0,1');
  const pend = await talk.ask('client-pending-auth 0 1 CR_TEXT:R:colour? 30');
  await alice.process.waitFor('CR_TEXT:R:colour?');
  const peer = await Talk.open(socket);
  const answered = await peer.ask('cr-response Ymx1ZQ==');
  const response = await talk.block('CR_RESPONSE,0,1');
  await talk.ask('client-auth-nt 0 1');
  await talk.block('ESTABLISHED,0');
  peer.close();
  await server.process.stop();
  await eventually('DOWN', () => talk.lines.includes('>UPDOWN:DOWN'));
  const env = talk.lines.filter((line) => line.startsWith('>UPDOWN')).map((line) => line.replace(/=.*/, ''));
  talk.close();
  await lab.network.stopAll();
  return { echoes, pend, answered, response: response.slice(0, 1), updown: env.filter((line) => !/ENV,(?!END)/.test(line)) };
}

describe.skipIf(!requireInterop())('management notices', () => {
  const lab = useLab(['alice']);

  it('UPDOWN, ECHO and CR_RESPONSE are those of stock', async () => {
    const stock = await course(lab, 'stock');
    const ours = await course(lab, 'ours');
    const plain = (all: Record<string, readonly string[]>) =>
      Object.fromEntries(Object.entries(all).map(([name, lines]) => [name, lines.map(comparable)]));
    expect(plain(ours)).toEqual(plain(stock));
    expect(ours['response']).toEqual(['>CLIENT:CR_RESPONSE,0,1,Ymx1ZQ==']);
    expect(ours['updown']).toEqual(['>UPDOWN:UP', '>UPDOWN:ENV,END', '>UPDOWN:DOWN', '>UPDOWN:ENV,END']);
  }, 90_000);

  it.each([
    ['management-client-user nobody', "UID of socket peer (0) doesn't match required value (65534) as given by --management-client-user"],
    [
      'management-client-group nogroup',
      "GID of socket peer (0) doesn't match required value (65534) as given by --management-client-group",
    ],
  ])(
    '%s keeps root out, and lets nobody in',
    async (line, why) => {
      chmodSync(lab.network.folder, 0o711);
      const server = await lab.server({ program: 'ours', lines: [line, 'management-socket 0666'] });
      const asker = (user: readonly string[]) => lab.network.start(lab.serverHost, 'nc', [...user, 'nc', '-U', server.managementPath]);
      asker([]);
      await server.process.waitFor(`MANAGEMENT: unix domain socket client connection rejected -- ${why}`);
      const nobody = asker(['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']);
      await nobody.waitFor('>INFO:OpenVPN Management Interface Version 5');
    },
    60_000,
  );

  it('asks for the password of the interface at the terminal with stdin', async () => {
    const { configPath, managementPath } = await lab.server({ program: 'ours' });
    await lab.network.stopAll();
    const command = [...OUR_COMMAND, 'run', '--config', configPath, '--management', `${managementPath}2`, 'unix', 'stdin'].join(' ');
    const typescript = lab.file('');
    const terminal = lab.network.start(lab.serverHost, 'script', ['script', '-qefc', command, typescript]);
    await eventually('the prompt', () => textIfThere(typescript).includes('Enter Management Password:'));
    terminal.write('sesame\n');
    await terminal.waitFor(READY);
    const client = lab.network.start(lab.serverHost, 'nc', ['nc', '-U', `${managementPath}2`]);
    client.write('guess\nsesame\npid\n');
    await client.waitFor('ERROR: bad password');
    await client.waitFor('SUCCESS: password is correct');
    await client.waitFor(/SUCCESS: pid=\d+/);
    expect(textIfThere(typescript)).not.toContain('sesame');
    // The end of a terminal is SIGHUP, which would only reload it.
    client.write('signal SIGTERM\n');
    await terminal.ended;
  }, 60_000);
});
