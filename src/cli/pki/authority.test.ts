import { execFileSync } from 'node:child_process';
import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, loadAuthority, readCrl } from './authority.ts';

const NOW = new Date('2026-03-01T12:00:00.750Z');
const DAY = 86_400_000;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';

let ca: Authority;
let caCertificate: X509Certificate;

beforeAll(async () => {
  ca = await createAuthority({ commonName: 'Test CA', days: 100, now: NOW });
  caCertificate = new X509Certificate(ca.certPem);
});

describe('an authority', () => {
  it('is a self-signed certificate authority, valid from an hour ago for the given days', () => {
    expect(caCertificate.ca).toBe(true);
    expect(caCertificate.subject).toBe('CN=Test CA');
    expect(caCertificate.verify(caCertificate.publicKey)).toBe(true);
    expect(caCertificate.checkPrivateKey(createPrivateKey(ca.keyPem))).toBe(true);
    expect(Date.parse(caCertificate.validFrom)).toBe(Date.parse('2026-03-01T11:00:00Z'));
    expect(Date.parse(caCertificate.validTo)).toBe(Date.parse('2026-06-09T12:00:00Z'));
  });

  it.each([
    ['server' as const, [SERVER_AUTH]],
    ['client' as const, [CLIENT_AUTH]],
  ])('issues a %s certificate that it has signed, with that purpose alone', async (kind, purposes) => {
    const issued = await ca.issue({ commonName: 'alice', kind });
    const certificate = new X509Certificate(issued.certPem);
    expect(certificate.ca).toBe(false);
    expect(certificate.subject).toBe('CN=alice');
    expect(certificate.checkIssued(caCertificate)).toBe(true);
    expect(certificate.verify(caCertificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(issued.keyPem))).toBe(true);
    expect(certificate.keyUsage).toEqual(purposes);
    expect(certificate.serialNumber.toLowerCase()).toBe(issued.serial);
    expect(Date.parse(certificate.validTo)).toBe(Date.parse(caCertificate.validTo));
    expect(issued.chainPem).toBe(issued.certPem);
  });

  it('issues what tests of refusals need: other purposes, none, and any dates', async () => {
    const wrong = new X509Certificate((await ca.issue({ commonName: 'a', kind: 'client', purposes: ['codeSigning'] })).certPem);
    const none = new X509Certificate((await ca.issue({ commonName: 'b', kind: 'client', purposes: [] })).certPem);
    const notBefore = new Date(NOW.getTime() - 9 * DAY);
    const notAfter = new Date(NOW.getTime() - 2 * DAY);
    const expired = new X509Certificate((await ca.issue({ commonName: 'c', kind: 'client', notBefore, notAfter })).certPem);
    expect(wrong.keyUsage).toEqual([CODE_SIGNING]);
    expect(none.keyUsage).toBeUndefined();
    expect(Date.parse(expired.validFrom)).toBe(Date.parse('2026-02-20T12:00:00Z'));
    expect(Date.parse(expired.validTo)).toBe(Date.parse('2026-02-27T12:00:00Z'));
  });

  it('keeps a name with the syntax of distinguished names in it whole', async () => {
    const issued = await ca.issue({ commonName: 'a, CN=root+O="x"', kind: 'client' });
    expect(new X509Certificate(issued.certPem).toLegacyObject().subject).toEqual({ CN: 'a, CN=root+O="x"' });
  });

  it('never gives a serial twice', async () => {
    const issued = await Promise.all(Array.from({ length: 20 }, () => ca.issue({ commonName: 'x', kind: 'client' })));
    expect(new Set(issued.map((one) => one.serial)).size).toBe(20);
    for (const one of issued) expect(one.serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  });

  it('works with RSA keys too', async () => {
    const rsa = await createAuthority({ commonName: 'RSA CA', days: 1, now: NOW, keyKind: 'rsa2048' });
    const issued = new X509Certificate((await rsa.issue({ commonName: 'r', kind: 'server', keyKind: 'rsa2048' })).certPem);
    expect(issued.publicKey.asymmetricKeyType).toBe('rsa');
    expect(issued.verify(new X509Certificate(rsa.certPem).publicKey)).toBe(true);
  });

  it('makes an intermediate authority, whose certificates carry it in their chain', async () => {
    const mid = await ca.issueAuthority({ commonName: 'Mid CA' });
    const midCertificate = new X509Certificate(mid.certPem);
    expect(midCertificate.ca).toBe(true);
    expect(midCertificate.verify(caCertificate.publicKey)).toBe(true);
    const issued = await mid.issue({ commonName: 'deep', kind: 'client' });
    expect(new X509Certificate(issued.certPem).verify(midCertificate.publicKey)).toBe(true);
    expect(issued.chainPem).toBe(issued.certPem + mid.certPem);
  });
});

describe('a stored authority', () => {
  it('is the same authority when read back', async () => {
    const again = await loadAuthority({ certPem: ca.certPem, keyPem: ca.keyPem, now: NOW });
    const issued = new X509Certificate((await again.issue({ commonName: 'later', kind: 'client' })).certPem);
    expect(issued.verify(caCertificate.publicKey)).toBe(true);
    expect(issued.checkIssued(caCertificate)).toBe(true);
    expect(again.serial).toBe(ca.serial);
  });

  it.each([
    [
      'a key that is not its own',
      async () => (await createAuthority({ commonName: 'x', days: 1, now: NOW })).keyPem,
      'not the key of the certificate',
    ],
    ['no key at all', () => Promise.resolve('nothing'), 'cannot use this certificate authority'],
    [
      'a key of another kind',
      () => Promise.resolve(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      'cannot use',
    ],
  ])('is refused with %s', async (_what, keyPem, text) => {
    const loading = loadAuthority({ certPem: ca.certPem, keyPem: await keyPem(), now: NOW });
    await expect(loading).rejects.toMatchObject({ code: 'KEY_MATERIAL', message: expect.stringContaining(text) });
  });
});

describe('a revocation list', () => {
  it('reads back as it was made, serials in lower case without leading zeros', async () => {
    const gone = await ca.issue({ commonName: 'gone', kind: 'client' });
    const at = new Date('2026-02-01T00:00:00Z');
    const pem = await ca.crl({ revoked: [gone, { serial: '00FF', at }], nextUpdate: new Date(NOW.getTime() + DAY) });
    expect(readCrl(pem)).toEqual({
      thisUpdate: new Date('2026-03-01T12:00:00Z'),
      nextUpdate: new Date('2026-03-02T12:00:00Z'),
      revoked: [
        { serial: gone.serial, at: new Date('2026-03-01T12:00:00Z') },
        { serial: 'ff', at },
      ],
    });
  });

  it('may be empty', async () => {
    expect(readCrl(await ca.crl({ revoked: [], nextUpdate: NOW })).revoked).toEqual([]);
  });

  it('is refused when it is something else', () => {
    expect(() => readCrl(ca.certPem)).toThrow(expect.objectContaining({ code: 'KEY_MATERIAL' }));
    expect(() => readCrl('')).toThrow(expect.objectContaining({ code: 'KEY_MATERIAL' }));
  });
});

const OPENSSL = hasOpenssl();

describe.skipIf(!OPENSSL)('OpenSSL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-authority-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const openssl = (...args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });

  it('verifies the chain with the list, and names the revoked one', async () => {
    const root = await createAuthority({ commonName: 'Root', days: 10, now: new Date() });
    const mid = await root.issueAuthority({ commonName: 'Mid', keyKind: 'rsa2048' });
    const good = await mid.issue({ commonName: 'good', kind: 'client' });
    const bad = await mid.issue({ commonName: 'bad', kind: 'client' });
    const nextUpdate = new Date(Date.now() + DAY);
    const lists = (await root.crl({ revoked: [], nextUpdate })) + (await mid.crl({ revoked: [bad], nextUpdate }));
    const common = [
      'verify',
      '-crl_check_all',
      '-x509_strict',
      '-CRLfile',
      file('crl.pem', lists),
      '-CAfile',
      file('ca.crt', root.certPem),
    ];
    common.push('-purpose', 'sslclient', '-untrusted', file('mid.crt', mid.certPem));
    expect(openssl(...common, file('good.crt', good.certPem))).toContain('OK');
    expect(() => openssl(...common, file('bad.crt', bad.certPem))).toThrow(/certificate revoked/);
    expect(openssl('crl', '-in', file('one.pem', await mid.crl({ revoked: [bad], nextUpdate })), '-noout', '-crlnumber')).toMatch(
      /crlNumber=0x[0-9A-F]+/,
    );
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
