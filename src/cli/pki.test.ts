import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCrl } from './pki/authority.ts';
import { pki } from './pki.ts';

const root = mkdtempSync(join(tmpdir(), 'tunnelscope-pki-command-'));
afterAll(() => rmSync(root, { recursive: true }));

/** The command's exit code and what it printed. */
async function run(...argv: string[]): Promise<{ code: number; printed: string }> {
  let printed = '';
  const code = await pki(argv, (text) => {
    printed += text;
  });
  return { code, printed };
}

const profilesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.ovpn'))
    .sort();

describe('pki DIR', () => {
  it.each([
    ['one client unless told', [], ['client1.ovpn']],
    ['as many as told', ['--clients', '3'], ['client1.ovpn', 'client2.ovpn', 'client3.ovpn']],
    ['the named ones', ['--names', 'bob,alice'], ['alice.ovpn', 'bob.ovpn']],
    ['both', ['--names', 'bob', '--clients=1'], ['bob.ovpn', 'client1.ovpn']],
    ['none', ['--clients', '0'], []],
  ])('makes %s', async (what, options, profiles) => {
    const folder = join(root, what);
    expect((await run(folder, ...options)).code).toBe(0);
    expect(profilesIn(folder)).toEqual(profiles);
  });

  it('hands every option to the files and says how to go on', async () => {
    const folder = join(root, 'all of it');
    const options = ['--server-name', 'vpn1', '--remote', 'vpn.example.net', '--port', '443', '--proto', 'tcp', '--network', '10.9.0.0/20'];
    const { printed } = await run(...options, folder);
    const server = readFileSync(join(folder, 'server.conf'), 'utf8');
    const client = readFileSync(join(folder, 'client1.ovpn'), 'utf8');
    expect(server).toMatch(/^port 443$[^]*^proto tcp$[^]*^server 10\.9\.0\.0 255\.255\.240\.0$/m);
    expect(client).toMatch(/^remote vpn\.example\.net 443$[^]*^verify-x509-name vpn1 name$/m);
    expect(printed).toContain(`tunnelscope run --config '${folder}/server.conf'`);
    expect(printed).toContain('vpn.example.net port 443');
  });

  it.each([
    [[], /expected DIR, got nothing/],
    [['a', 'b'], /expected DIR, got "a" "b"/],
    [[''], /expected DIR/],
    [['a', '--bogus'], /--bogus/],
    [['a', '--port'], /--port/],
    [['a', '--clients', '-1'], /--clients/],
    [['a', '--clients', '1001'], /--clients "1001" is not usable: give a number from 0 to 1000/],
    [['a', '--days', '0'], /--days/],
    [['a', '--names', 'x,,y'], /""/],
    [['a', '--names', 'x,a/b'], /"a\/b"/],
    [['add', 'a'], /expected DIR NAME/],
    [['revoke', 'a', 'b', 'c'], /expected DIR NAME/],
    [['revoke', 'a', 'b', '--days', '1'], /--days/],
  ])('refuses %j', async (argv, message) => {
    await expect(run(...argv)).rejects.toMatchObject({ code: 'CLI', message: expect.stringMatching(message) });
  });
});

describe('pki add, revoke and crl', () => {
  it('change the PKI and say what they did', async () => {
    const folder = join(root, 'used');
    await run(folder);
    expect((await run('add', folder, 'carol', '--days', '5')).printed).toContain('carol.ovpn');
    expect(profilesIn(folder)).toEqual(['carol.ovpn', 'client1.ovpn']);
    expect((await run('revoke', folder, 'carol')).printed).toMatch(/^Revoked carol, serial [0-9a-f]{32}: /);
    expect((await run('crl', folder, '--days', '2')).printed).toMatch(/valid until \d{4}-\d\d-\d\d\./);
    const { revoked, thisUpdate, nextUpdate } = readCrl(readFileSync(join(folder, 'crl.pem'), 'utf8'));
    expect(revoked).toHaveLength(1);
    expect((nextUpdate?.getTime() ?? 0) - thisUpdate.getTime()).toBe(2 * 86_400_000);
  });
});
