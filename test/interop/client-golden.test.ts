import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Management, type Server, startClient } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** A stock client's management interface: `C:` what was sent to it, `S:` what it said. */
const RECORDED = readFileSync('test/golden/management/client-session.txt', 'utf8').split('\n');

/** Lines of the log have a comparison of their own, and byte counts come by the clock. */
const ELSEWHERE = /^(?:>LOG:|>BYTECOUNT:|\d{10},[A-Z]*,[^,]*[ :])/;

function normal(line: string): string {
  return line
    .replace(/\d{10}/g, 'TIME')
    .replace(/^Updated,.*/, 'Updated,WHEN')
    .replace(/^(T[UC][NP]\/.* bytes|Auth read bytes),\d+$/, '$1,COUNT');
}

function compared(lines: readonly string[]): string[] {
  return lines.filter((line) => !ELSEWHERE.test(line)).map(normal);
}

/** What was said before each command, and the command. */
function script(): { readonly commands: readonly { readonly after: number; readonly text: string }[]; readonly said: readonly string[] } {
  const said: string[] = [];
  const commands: { after: number; text: string }[] = [];
  for (const line of RECORDED) {
    if (line.startsWith('C: ')) commands.push({ after: compared(said).length, text: line.slice(3) });
    if (line.startsWith('S: ')) said.push(line.slice(3));
  }
  return { commands, said: compared(said) };
}

/** Denies the first login, keeps the second waiting, lets the third in; each when the client has asked for its options. */
async function decide(server: Server, client: Management): Promise<void> {
  const decider = await server.management();
  const login = async (count: number): Promise<string> => {
    const found = await eventually(`login ${count}`, () => decider.lines.filter((line) => line.startsWith('>CLIENT:CONNECT,'))[count - 1]);
    return found.replace('>CLIENT:CONNECT,', '').replace(',', ' ');
  };
  const asked = (count: number) =>
    eventually(`question ${count}`, () => client.lines.filter((line) => /^>STATE:\d+,GET_CONFIG,/.test(line)).length >= count);
  const denied = await login(1);
  await asked(1);
  await decider.command(`client-deny ${denied} "no" "Wrong password, try again"`);
  const pending = await login(2);
  await decider.command(`client-pending-auth ${pending} "WEB_AUTH::https://sso.example/login" 30`);
  await asked(2);
  decider.send(`client-auth ${pending}`);
  decider.send('push "route 192.168.77.0 255.255.255.0"');
  decider.send('push "echo hello-from-server"');
  decider.send('END');
  const again = await login(3);
  await asked(3);
  await decider.command(`client-auth-nt ${again}`);
}

describe.skipIf(!requireInterop())('our client’s management interface', () => {
  const lab = useLab(['alice']);

  it('says what stock’s says, asked the same', async () => {
    const server = await lab.server({ program: 'stock', without: ['server-ipv6'], lines: ['management-client-auth'] });
    const path = `${lab.network.folder}/client.sock`;
    await startClient(lab.network, lab.network.host('alice'), lab.serverHost, lab.pki, await lab.identity('alice'), {
      program: 'ours',
      wait: false,
      without: ['persist-tun'],
      lines: [
        `management ${path} unix`,
        'management-hold',
        'management-query-passwords',
        'auth-user-pass',
        'auth-retry interact',
        'explicit-exit-notify 1',
        'setenv IV_SSO webauth',
      ],
    });
    const talk = await Management.open(path);
    const deciding = decide(server, talk);
    const { commands, said } = script();
    for (const { after, text } of commands) {
      const ready = eventually(text, () => compared(talk.lines).length >= after);
      // What is missing shows best beside what came.
      await ready.catch(() => expect(compared(talk.lines)).toEqual(said.slice(0, after)));
      talk.send(text);
    }
    await talk.waitFor(/,EXITING,exit-with-notification,,,,,$/);
    await deciding;
    expect(compared(talk.lines)).toEqual(said);
    expect(talk.lines.some((line) => /^>BYTECOUNT:\d+,\d+$/.test(line))).toBe(true);
  });
});
