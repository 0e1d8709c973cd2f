import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStaticKey } from '../../protocol/wrap/static-key.ts';
import { readCrl } from './authority.ts';
import { addClient, createPki, renewCrl, revokeClient } from './files.ts';
import { checkProfile } from './profiles.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const LATER = new Date('2026-04-01T12:00:00Z');
const PROFILE = checkProfile({ serverName: 'vpn1', remote: '192.0.2.1', port: '1194', proto: 'udp', network: '10.8.0.0/24' });

const root = mkdtempSync(join(tmpdir(), 'tunnelscope-pki-'));
const folder = join(root, 'a', 'pki');
const text = (name: string): string => readFileSync(join(folder, name), 'utf8');
const certificate = (name: string): X509Certificate => new X509Certificate(text(name));
const revokedSerials = (): string[] => readCrl(text('crl.pem')).revoked.map((entry) => entry.serial);
const failure = (code: string, message: RegExp) => expect.objectContaining({ code, message: expect.stringMatching(message) });

let written: string[];
beforeAll(async () => {
  written = await createPki({ folder, profile: PROFILE, clients: ['alice', 'bob', 'alice'], days: 30, now: NOW });
});
afterAll(() => rmSync(root, { recursive: true }));

describe('a new PKI', () => {
  it('has the files it names and no others', () => {
    const server = ['ca.crt', 'ca.key', 'server.crt', 'server.key', 'tls-crypt.key', 'crl.pem', 'server.conf', 'client-template.conf'];
    const clients = ['alice.crt', 'alice.key', 'alice.ovpn', 'bob.crt', 'bob.key', 'bob.ovpn'];
    expect(written).toEqual([...server, ...clients]);
    expect(readdirSync(folder).sort()).toEqual([...written].sort());
  });

  it('lets only the owner read what holds a key', () => {
    const modes = Object.fromEntries(written.map((name) => [name, (statSync(join(folder, name)).mode & 0o777).toString(8)]));
    const secret = written.filter((name) => /PRIVATE KEY|Static key/.test(text(name)));
    expect(secret).toEqual(['ca.key', 'server.key', 'tls-crypt.key', 'alice.key', 'alice.ovpn', 'bob.key', 'bob.ovpn']);
    for (const name of written) expect([name, modes[name]]).toEqual([name, secret.includes(name) ? '600' : '644']);
  });

  it.each([
    ['server', 'CN=vpn1'],
    ['alice', 'CN=alice'],
    ['bob', 'CN=bob'],
  ])('has a certificate for %s that the authority signed and whose key fits', (name, subject) => {
    const own = certificate(`${name}.crt`);
    expect(own.subject).toBe(subject);
    expect(own.verify(certificate('ca.crt').publicKey)).toBe(true);
    expect(own.checkPrivateKey(createPrivateKey(text(`${name}.key`)))).toBe(true);
    expect(Date.parse(own.validTo)).toBe(Date.parse('2026-03-31T12:00:00Z'));
  });

  it('puts the same texts into a client profile', () => {
    const profile = text('alice.ovpn');
    for (const [tag, file] of [
      ['ca', 'ca.crt'],
      ['cert', 'alice.crt'],
      ['key', 'alice.key'],
      ['tls-crypt', 'tls-crypt.key'],
    ] as const) {
      expect(profile).toContain(`<${tag}>\n${text(file)}</${tag}>\n`);
    }
    expect(profile.startsWith(text('client-template.conf'))).toBe(true);
    expect(profile).not.toContain(text('ca.key').split('\n')[1]);
  });

  it('has a static key of 256 bytes and an empty revocation list that lasts as long as the authority', () => {
    expect(parseStaticKey(text('tls-crypt.key')).ok).toBe(true);
    const crl = readCrl(text('crl.pem'));
    expect(crl.revoked).toEqual([]);
    expect(crl.nextUpdate?.getTime()).toBe(Date.parse(certificate('ca.crt').validTo));
  });

  it('is never made over another', async () => {
    const before = text('ca.key');
    const again = createPki({ folder, profile: PROFILE, clients: [], days: 30, now: NOW });
    await expect(again).rejects.toEqual(failure('FILE', /already holds ca\.crt, ca\.key, server\.crt and 5 more/));
    expect(text('ca.key')).toBe(before);
  });

  it('is refused before anything is written when one file is in the way or one name is wrong', async () => {
    const other = mkdtempSync(join(root, 'other-'));
    writeFileSync(join(other, 'carol.ovpn'), 'mine');
    const request = { folder: other, profile: PROFILE, days: 30, now: NOW };
    await expect(createPki({ ...request, clients: ['carol'] })).rejects.toEqual(failure('FILE', /already holds carol\.ovpn/));
    await expect(createPki({ ...request, clients: ['dave', '../dave'] })).rejects.toEqual(failure('CLI', /cannot be the name/));
    await expect(createPki({ ...request, clients: ['vpn1'] })).rejects.toEqual(failure('CLI', /taken/));
    expect(readdirSync(other)).toEqual(['carol.ovpn']);
    expect(existsSync(join(root, 'dave.crt'))).toBe(false);
  });

  it('is refused with the reason when the folder cannot be made', async () => {
    writeFileSync(join(root, 'file'), '');
    const request = createPki({ folder: join(root, 'file', 'x'), profile: PROFILE, clients: [], days: 30, now: NOW });
    await expect(request).rejects.toEqual(failure('FILE', /ENOTDIR/));
  });
});

describe('a PKI in use', () => {
  it('gets one more client, from the template as it is now', async () => {
    writeFileSync(join(folder, 'client-template.conf'), `${text('client-template.conf')}route 192.0.2.0 255.255.255.0\n`);
    expect(await addClient(folder, 'carol', 10, LATER)).toEqual(['carol.crt', 'carol.key', 'carol.ovpn']);
    expect(certificate('carol.crt').verify(certificate('ca.crt').publicKey)).toBe(true);
    expect(Date.parse(certificate('carol.crt').validTo)).toBe(Date.parse('2026-04-11T12:00:00Z'));
    expect(text('carol.ovpn')).toContain('route 192.0.2.0 255.255.255.0\n<ca>');
    expect(statSync(join(folder, 'carol.key')).mode & 0o777).toBe(0o600);
  });

  it('gives no certificate that outlives its authority', async () => {
    await addClient(folder, 'long', 36_500, LATER);
    expect(certificate('long.crt').validTo).toBe(certificate('ca.crt').validTo);
  });

  it.each([
    ['alice', 'FILE', /already holds alice\.crt/],
    ['vpn1', 'CLI', /taken/],
    ['a/b', 'CLI', /cannot be the name/],
  ])('does not add %s', async (name, code, message) => {
    await expect(addClient(folder, name, 10, LATER)).rejects.toEqual(failure(code, message));
  });

  it('revokes clients one after the other, keeping the earlier dates', async () => {
    await addClient(folder, 'first', 10, NOW);
    await addClient(folder, 'second', 10, NOW);
    const first = await revokeClient(folder, 'first', NOW);
    const second = await revokeClient(folder, 'second', LATER);
    expect(first).toBe(certificate('first.crt').serialNumber.toLowerCase());
    const { revoked, thisUpdate, nextUpdate } = readCrl(text('crl.pem'));
    expect(revoked).toEqual([
      { serial: first, at: NOW },
      { serial: second, at: LATER },
    ]);
    expect(thisUpdate).toEqual(LATER);
    expect(nextUpdate?.getTime()).toBe(Date.parse(certificate('ca.crt').validTo));
    await expect(revokeClient(folder, 'first', LATER)).rejects.toEqual(failure('FILE', /revoked already/));
  });

  it('issues a revoked name anew, and the old certificate stays revoked', async () => {
    await addClient(folder, 'phone', 10, NOW);
    const old = await revokeClient(folder, 'phone', NOW);
    await addClient(folder, 'phone', 10, LATER);
    const fresh = certificate('phone.crt').serialNumber.toLowerCase();
    expect(fresh).not.toBe(old);
    expect(text('phone.ovpn')).toContain(text('phone.crt'));
    expect(revokedSerials()).toContain(old);
    expect(revokedSerials()).not.toContain(fresh);
  });

  it('signs its list anew for as long as it is told', async () => {
    const before = revokedSerials();
    await renewCrl(folder, LATER, new Date('2026-04-02T12:00:00Z'));
    expect(revokedSerials()).toEqual(before);
    expect(readCrl(text('crl.pem')).nextUpdate).toEqual(new Date('2026-04-02T12:00:00Z'));
    expect(statSync(join(folder, 'crl.pem')).mode & 0o777).toBe(0o644);
    expect(readdirSync(folder)).not.toContain('crl.pem.new');
  });

  it.each(['nobody', 'server', '../pki/alice'])('cannot revoke %s', async (name) => {
    await expect(revokeClient(folder, name, LATER)).rejects.toEqual(
      failure(name === 'nobody' ? 'FILE' : 'CLI', /no .*nobody|taken|cannot be the name/),
    );
  });

  it('lets one writer at its list, and leaves the list alone when it cannot be read', async () => {
    writeFileSync(join(folder, 'crl.pem.new'), '');
    await expect(revokeClient(folder, 'alice', LATER)).rejects.toEqual(failure('FILE', /crl\.pem\.new/));
    rmSync(join(folder, 'crl.pem.new'));
    writeFileSync(join(folder, 'crl.pem'), 'broken');
    await expect(revokeClient(folder, 'alice', LATER)).rejects.toEqual(failure('KEY_MATERIAL', /revocation list/));
    expect(text('crl.pem')).toBe('broken');
    expect(readdirSync(folder)).not.toContain('crl.pem.new');
  });

  it('says which file is missing where there is no PKI', async () => {
    await expect(addClient(join(root, 'none'), 'x', 1, NOW)).rejects.toEqual(failure('FILE', /none\/ca\.crt/));
  });
});
