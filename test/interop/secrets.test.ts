import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { READY, TUNNEL_SERVER4 } from './support/daemons.ts';
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
