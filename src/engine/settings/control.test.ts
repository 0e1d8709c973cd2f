import { describe, expect, it } from 'vitest';
import { accepted, refused, SERVER, STATIC_KEY } from '../../../test/support/configuration.ts';

describe('control channel and TLS', () => {
  it('has the defaults of facts: wire 24', () => {
    expect(accepted(SERVER).server).toMatchObject({
      control: {
        wrap: { kind: 'none' },
        tlsTimeout: 2000,
        handWindow: 60_000,
        tranWindow: 3_600_000,
        renegotiate: { after: 3_600_000, bytes: 0, packets: 0 },
        dataCiphers: ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'],
        fallbackCipher: undefined,
        auth: 'SHA1',
        maxPacketSize: 1250,
      },
      replayWindow: { size: 64, seconds: 15 },
      maxClients: 1024,
      connectFreq: undefined,
      connectFreqInitial: { count: 100, per: 10_000 },
      tunMtu: 1500,
      statusVersion: 1,
    });
  });

  it('reads static keys from files and blocks, with their direction', () => {
    const file = accepted(`${SERVER}tls-auth ta.key 0\nauth SHA256\n`).server.control.wrap;
    expect(file).toMatchObject({ kind: 'tls-auth', direction: 0, digest: 'SHA256' });
    const block = accepted(`${SERVER}key-direction 1\n<tls-auth>\n${STATIC_KEY}</tls-auth>\n`).server.control.wrap;
    expect(block).toMatchObject({ kind: 'tls-auth', direction: 1, digest: 'SHA1' });
    const crypt = accepted(`${SERVER}tls-crypt ta.key\n`).server.control.wrap;
    expect(crypt.kind === 'tls-crypt' && crypt.key.reveal().length).toBe(256);
    expect(refused(`${SERVER}tls-crypt server.key\n`)[0]).toMatch(
      /^Options error: --tls-crypt: no line .* in file 'server\.key' \(server\.conf:9\)$/,
    );
  });

  it('refuses ciphers and digests that it does not speak', () => {
    expect(refused(`${SERVER}data-ciphers AES-256-GCM:AES-256-CBC\n`)[0]).toMatch(
      /^Options error: --data-ciphers list contains unsupported ciphers or is too long\./,
    );
    expect(refused(`${SERVER}data-ciphers-fallback AES-256-CBC\n`)[0]).toMatch(/--data-ciphers-fallback: AES-256-CBC is not supported/);
    expect(refused(`${SERVER}auth foo\n`)[0]).toMatch(/Message hash algorithm 'foo' not found/);
    expect(
      accepted(`${SERVER}data-ciphers chacha20-poly1305:aes-192-gcm\ndata-ciphers-fallback AES-128-GCM\n`).server.control,
    ).toMatchObject({
      dataCiphers: ['CHACHA20-POLY1305', 'AES-192-GCM'],
      fallbackCipher: 'AES-128-GCM',
    });
  });

  it('hands TLS what Node understands', () => {
    const { tls } = accepted(
      `${SERVER}extra-certs extra.crt\naskpass pass.txt\ntls-version-min 1.3\ntls-cert-profile preferred\ntls-groups X25519:secp256r1\n` +
        'tls-cipher TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384:TLS-DHE-RSA-WITH-AES-128-CBC-SHA256:TLS-RSA-WITH-AES-256-GCM-SHA384:TLS-ECDHE-RSA-WITH-CHACHA20-POLY1305-SHA256:ECDHE+AESGCM\n' +
        'tls-ciphersuites TLS-AES-256-GCM-SHA384:TLS_CHACHA20_POLY1305_SHA256\n',
    ).daemon;
    expect(tls).toMatchObject({
      cert: 'CERT PEM\nEXTRA PEM\n',
      minVersion: 'TLSv1.3',
      certProfile: 'preferred',
      groups: 'X25519:prime256v1',
      ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384:DHE-RSA-AES128-SHA256:AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE+AESGCM',
      cipherSuites: 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
    });
    expect(tls.passphrase?.reveal()).toBe('sesame');
    expect(tls.dh).toBeUndefined();
  });

  it('shows no secret when settings are printed', () => {
    const { server, daemon } = accepted(
      `${SERVER}tls-crypt ta.key\naskpass pass.txt\nmanagement 127.0.0.1 0 pass.txt\nauth-gen-token\n<key>\nHIDDEN\n</key>\n`,
    );
    const printed = JSON.stringify({ server, daemon });
    expect(printed).not.toMatch(/HIDDEN|sesame|KEY PEM/);
    expect(printed).toContain('[secret]');
  });

  it('makes rules for certificates', () => {
    const fingerprint = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0')).join(':');
    expect(
      accepted(`${SERVER}remote-cert-tls client\nverify-x509-name C1 name-prefix\nremote-cert-ku 80 a0\nx509-username-field emailAddress\n`)
        .server.verify,
    ).toEqual({
      remoteCertTls: 'client',
      verifyName: { value: 'C1', type: 'name-prefix' },
      remoteCertKu: [0x80, 0xa0],
      usernameField: 'emailAddress',
      clientCertificate: 'require',
    });
    const prints = `<peer-fingerprint>\n# a client\n${fingerprint.toUpperCase()}\n\n</peer-fingerprint>\n`;
    expect(accepted(`${SERVER.replace('ca ca.crt\n', '')}${prints}`).server.verify).toMatchObject({
      fingerprints: [fingerprint],
      fingerprintsInsteadOfCa: true,
    });
  });

  it.each([
    ['crl-verify crl.pem\n', { kind: 'file', path: 'crl.pem' }],
    ['crl-verify ccd dir\n', { kind: 'directory', path: 'ccd' }],
    ['<crl-verify>\nCRL\n</crl-verify>\n', { kind: 'text', pem: 'CRL\n' }],
  ])('%j says where revocations are', (lines, expected) => {
    expect(accepted(`${SERVER}${lines}`).daemon.crl).toEqual(expected);
  });
});
