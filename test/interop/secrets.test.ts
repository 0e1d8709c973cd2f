import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Management, READY, TUNNEL_SERVER4 } from './support/daemons.ts';
import { textIfThere, useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

const PASSWORD = 'Marked-Password-1a2b3c';
const WRONG = 'Marked-Wrong-4d5e6f';
const TYPED = 'Marked-Typed-7a8b9c';
const VARIABLE = 'Marked-Variable-0d1e2f';

/** What a secret looks like in clear, base64 and hex. */
function forms(secret: string | Buffer): string[] {
  const bytes = Buffer.from(secret);
  return [bytes.toString('latin1'), bytes.toString('base64').replace(/=+$/, ''), bytes.toString('hex')];
}

describe.skipIf(!requireInterop())('secrets', () => {
  const lab = useLab(['alice', 'bob']);

  it('of a client are in no output at verb 15', async () => {
    const phrase = 'Marked-Phrase-4e5f6a';
    const check = lab.script(`grep -q ${PASSWORD} "$1"`);
    await lab.server({
      program: 'stock',
      lines: ['script-security 2', `auth-user-pass-verify ${check} via-file`, 'auth-gen-token 3600 120', 'reneg-sec 3'],
    });
    const { key } = await lab.identity('alice');
    const lockedKey = join(lab.network.folder, 'locked.key');
    await lab.network.run(lab.serverHost, ['openssl', 'pkey', '-in', key, '-aes256', '-passout', `pass:${phrase}`, '-out', lockedKey]);
    const socket = join(lab.network.folder, 'client.sock');
    const seen = join(lab.network.folder, 'client.env');
    const alice = await lab.client('alice', {
      program: 'ours',
      without: ['key'],
      wait: false,
      lines: [
        `key ${lockedKey}`,
        'verb 15',
        'auth-user-pass',
        `management ${socket} unix`,
        'management-query-passwords',
        'script-security 2',
        `up ${lab.script(`env > ${seen}`)}`,
        `setenv-safe MARK ${VARIABLE}`,
      ],
    });
    const management = await Management.open(socket);
    management.send('log on all');
    await management.waitFor(/^>PASSWORD:Need 'Auth'/);
    management.send('username Auth alice');
    management.send(`password Auth ${PASSWORD}`);
    await management.waitFor(/^>PASSWORD:Need 'Private Key'/);
    management.send(`password "Private Key" ${phrase}`);
    await alice.process.waitFor(READY);
    await lab.ping(alice, TUNNEL_SERVER4);
    await eventually('a renegotiation', () => alice.process.matching('P_CONTROL_SOFT_RESET_V1').length > 0);
    await eventually('another handshake', () => alice.process.matching('Control Channel: ').length > 1);
    await alice.process.stop();
    expect(textIfThere(seen)).toContain(VARIABLE);
    // Management clients are told the token, as in stock; the log they see is not.
    const log = management.lines.filter((line) => line.startsWith('>LOG:'));
    const everything = [...alice.process.lines, ...log].join('\n');
    expect(everything.length).toBeGreaterThan(20_000);
    expect(management.lines.filter((line) => line.startsWith('>PASSWORD:Auth-Token:SESS_ID_AT_')).length).toBeGreaterThan(0);
    expect([...[PASSWORD, phrase, VARIABLE].flatMap(forms), 'SESS_ID_AT_'].filter((secret) => everything.includes(secret))).toEqual([]);
    management.close();
  });

  it.each(['text', 'json', 'logfmt'])('are in no output at verb 15, as %s', async (shape) => {
    const [log, seen] = [join(lab.network.folder, `secrets-${shape}.log`), join(lab.network.folder, `seen-${shape}`)];
    const check = lab.script(`cat "$1" >> ${seen}\ngrep -q ${PASSWORD} "$1"`);
    const server = await lab.server({
      program: 'ours',
      wait: false,
      lines: [
        `log ${log}`,
        'verb 15',
        `log-format ${shape}`,
        'script-security 3',
        `auth-user-pass-verify ${check} via-file`,
        `setenv-safe MARK ${VARIABLE}`,
        'auth-gen-token 3600 120',
        'reneg-sec 3',
      ],
    });
    await eventually('the start', () => textIfThere(log).includes(READY));
    const management = await server.management();
    management.send('log on all');
    management.send(`password Auth ${TYPED}`);
    management.send(`username Auth ${TYPED}`);
    management.send(TYPED);
    const alice = await lab.client('alice', { lines: [`auth-user-pass ${lab.file(`alice\n${PASSWORD}\n`)}`] });
    await lab.client('bob', { lines: [`auth-user-pass ${lab.file(`bob\n${WRONG}\n`)}`], wait: false });
    await lab.ping(alice, TUNNEL_SERVER4);
    await eventually('a wrong login', () => textIfThere(log).includes('verification failed'));
    await eventually('a renegotiation', () => textIfThere(log).split('P_CONTROL_SOFT_RESET_V1').length > 2);
    await management.command('status 3');
    await server.process.stop();
    // What was searched for was there to be found.
    expect(textIfThere(seen)).toContain(PASSWORD);
    expect(textIfThere(seen)).toContain(WRONG);
    const keyLines = (path: string): string[] =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => /^[0-9A-Za-z+/=]{20,}$/.test(line));
    const keys = [lab.pki.staticKey, lab.pki.server.key].flatMap(keyLines);
    expect(keys.length).toBeGreaterThan(10);
    const everything = [
      textIfThere(log),
      textIfThere(server.statusPath),
      management.lines.join('\n'),
      server.process.lines.join('\n'),
    ].join('\n');
    expect(everything.length).toBeGreaterThan(20_000);
    const marked = [PASSWORD, WRONG, TYPED, VARIABLE].flatMap(forms);
    expect([...marked, ...keys, 'SESS_ID_AT_'].filter((secret) => everything.includes(secret))).toEqual([]);
    management.close();
  });
});
