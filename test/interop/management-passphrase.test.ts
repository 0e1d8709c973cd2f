import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DIFFERENCES } from '../../src/base/differences.ts';
import { type Program, READY, type Server } from './support/daemons.ts';
import { type Lab, textIfThere, useLab } from './support/lab.ts';
import { comparable, Talk } from './support/management-talk.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** `management-query-passwords` on a server: the pass phrase of the private key is asked of management clients. */

const NEED = ">PASSWORD:Need 'Private Key' password";

async function locked(lab: Lab, program: Program, lines: readonly string[] = []): Promise<Server> {
  const key = createPrivateKey(readFileSync(lab.pki.server.key));
  const pem = key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'open sesame' }).toString();
  const path = lab.file(pem, 0o600);
  const server = await lab.server({
    program,
    without: ['key', 'persist-key'],
    lines: [`key ${path}`, 'management-query-passwords', ...lines],
    wait: false,
  });
  await server.process.waitFor('Need password(s) from management interface, waiting...');
  return server;
}

const needs = (talk: Talk, count: number): Promise<boolean> =>
  eventually(`prompt ${count}`, () => talk.lines.filter((line) => line === NEED).length === count);

/** Everything that is said from the first prompt over a wrong and a right answer, a restart and `forget-passwords` to the next prompt. */
async function course(lab: Lab, program: Program): Promise<string[]> {
  const server = await locked(lab, program, ['auth-retry interact']);
  const first = await Talk.open(server.managementPath);
  await needs(first, 1);
  first.close();
  await server.process.waitFor('MANAGEMENT: Client disconnected');
  const talk = await Talk.open(server.managementPath);
  const asked = [
    await talk.ask('state on'),
    await talk.ask('status', 'nclients', 'load-stats', 'username "Private Key" x', 'password Auth x', 'needok "Private Key" ok'),
    await talk.ask('password "Private Key" wrong'),
  ];
  await needs(talk, 2);
  asked.push(await talk.ask('password "Private Key" "open sesame"'));
  await server.process.waitFor(READY);
  let from = server.process.mark();
  asked.push(await talk.ask('password "Private Key" "open sesame"', 'signal SIGUSR1'));
  await server.process.waitFor(READY, { from });
  from = server.process.mark();
  asked.push(await talk.ask('forget-passwords', 'signal SIGUSR1'));
  await needs(talk, 3);
  await talk.ask('password "Private Key" "open sesame"');
  await server.process.waitFor(READY, { from });
  talk.close();
  const unasked = talk.lines.filter((line) => line.startsWith('>'));
  const warned = server.process.lines.filter((line) => line.includes('may cache passwords')).length;
  expect(server.process.lines.filter((line) => line.includes('sesame'))).toEqual([]);
  await server.process.stop();
  return [...asked.flat(), ...unasked, `${warned} warnings`].map(comparable);
}

describe.skipIf(!requireInterop())('the pass phrase of the private key', () => {
  const lab = useLab([]);

  it('is asked for and kept as with stock', async () => {
    expect(await course(lab, 'ours')).toEqual(await course(lab, 'stock'));
  }, 60_000);

  it('is forgotten when the management client leaves, and waiting for it can be ended', async () => {
    const server = await locked(lab, 'ours', ['management-forget-disconnect']);
    const talk = await Talk.open(server.managementPath);
    await needs(talk, 1);
    expect(await talk.ask('password "Private Key" "open sesame"')).toEqual([
      "SUCCESS: 'Private Key' password entered, but not yet verified",
    ]);
    await server.process.waitFor(READY);
    talk.close();
    await server.process.waitFor('MANAGEMENT: Client disconnected');
    const from = server.process.mark();
    server.process.signal('SIGUSR1');
    await server.process.waitFor('Need password(s) from management interface, waiting...', { from });
    expect(await server.process.stop()).toMatchObject({ code: 0 });
    expect(textIfThere(server.managementPath)).toBe('');
    expect(DIFFERENCES.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['management.wrong-passphrase', 'management.signal-while-asking']),
    );
  }, 60_000);
});
