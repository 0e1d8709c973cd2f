import { beforeAll, describe, expect, it } from 'vitest';
import { type TestPki, testPki } from '../../test/support/pki.ts';
import { Secret } from '../base/secret.ts';
import { createPrivateKey } from 'node:crypto';
import { createTlsContext, opensslError, readCertificates, type TlsMaterial } from './tls-context.ts';

let pki: TestPki;
let good: TlsMaterial;

beforeAll(async () => {
  pki = await testPki();
  good = {
    cert: { name: 'server.crt', pem: pki.server.certPem },
    key: { name: 'server.key', pem: new Secret(pki.server.keyPem) },
    ca: { name: 'ca.crt', pem: pki.ca.certPem },
    requestCertificate: true,
  };
});

const named = (pem: string) => ({ name: 'f.pem', pem });
const secret = (pem: string) => ({ name: 'f.key', pem: new Secret(pem) });

function encrypted(): string {
  return createPrivateKey(pki.server.keyPem)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' })
    .toString();
}

describe('createTlsContext', () => {
  it('knows the authorities', () => {
    const ca = { name: 'ca.crt', pem: `text before\n${pki.ca.certPem}${pki.intermediate.certPem}` };
    expect(createTlsContext({ ...good, ca }).authorities.map((each) => each.subject)).toEqual(['CN=Test CA', 'CN=Test Intermediate CA']);
  });

  it.each<[string, () => Partial<TlsMaterial>]>([
    ['an encrypted key with its passphrase', () => ({ key: secret(encrypted()), passphrase: new Secret('secret') })],
    ['extra certificates', () => ({ extraCerts: named(pki.intermediate.certPem) })],
    ['no certificate of its own', () => ({ cert: undefined, key: undefined })],
    ['ciphers of IANA', () => ({ ciphers: 'TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384:TLS-ECDHE-RSA-WITH-CHACHA20-POLY1305-SHA256' })],
    ['ciphers of OpenSSL', () => ({ ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })],
    ['suites', () => ({ cipherSuites: 'TLS_AES_256_GCM_SHA384:TLS-CHACHA20-POLY1305-SHA256' })],
    ['groups', () => ({ groups: 'secp256r1:X25519' })],
    ['every profile', () => ({ certProfile: 'suiteb' })],
    ['TLS 1.3 alone', () => ({ minVersion: 'TLSv1.3' })],
    ['TLS 1.2 alone', () => ({ maxVersion: 'TLSv1.2' })],
  ])('takes %s', (_what, more) => {
    expect(createTlsContext({ ...good, ...more() }).requestCertificate).toBe(true);
  });

  it.each<[string, () => Partial<TlsMaterial>]>([
    ['Cannot load CA certificate file f.pem (no entries were read)', () => ({ ca: named('garbage') })],
    ['Cannot load CA certificate file f.pem (', () => ({ ca: named('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----') })],
    ['Cannot load certificate file f.pem', () => ({ cert: named('garbage') })],
    ['Cannot load private key file f.key', () => ({ key: secret('garbage') })],
    ['Cannot load private key file f.key', () => ({ key: secret(encrypted()), passphrase: new Secret('wrong') })],
    ['Cannot load private key file f.key', () => ({ key: secret(encrypted()) })],
    ['certificate server.crt has no key beside it', () => ({ key: undefined })],
    ['Private key does not match the certificate', () => ({ key: secret(pki.alice.keyPem) })],
    ['Error reading extra certificate', () => ({ extraCerts: named('garbage') })],
    ['Failed to set restricted TLS cipher list: NOPE', () => ({ ciphers: 'NOPE' })],
    ['Failed to set restricted TLS 1.3 cipher list: TLS_NOPE', () => ({ cipherSuites: 'TLS_NOPE' })],
    ['Failed to set allowed TLS group list: NOPE:X25519', () => ({ groups: 'NOPE:X25519' })],
  ])('says %s', (text, more) => {
    expect(() => createTlsContext({ ...good, ...more() })).toThrow(
      expect.objectContaining({ code: 'KEY_MATERIAL', message: expect.stringContaining(text) }),
    );
  });

  it('never shows a key or its passphrase', () => {
    const passphrase = 'correct horse';
    try {
      createTlsContext({ ...good, key: secret(encrypted()), passphrase: new Secret(passphrase) });
      expect.unreachable();
    } catch (thrown) {
      expect(`${String(thrown)} ${JSON.stringify(thrown)}`).not.toContain(passphrase);
      expect(JSON.stringify(good)).not.toContain('PRIVATE KEY');
    }
  });
});

describe('opensslError', () => {
  it('takes out what differs between runs and versions', () => {
    const message =
      '805CE56A517F0000:error:0A000102:SSL routines:tls_early_post_process_client_hello:unsupported protocol:../deps/x.c:1664:\n';
    expect(opensslError(new Error(message))).toBe('error:0A000102:SSL routines::unsupported protocol:');
    expect(opensslError(new Error('other words\n'))).toBe('other words');
  });
});

describe('readCertificates', () => {
  it('reads all of a file, and none of nothing', () => {
    expect(readCertificates(pki.deep.chainPem)).toHaveLength(2);
    expect(readCertificates('')).toEqual([]);
  });
});
