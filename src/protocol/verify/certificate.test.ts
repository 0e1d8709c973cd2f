import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CertificateFacts, certificateFacts } from './certificate.ts';
import { usernameOf } from './username.ts';

function golden(name: string): X509Certificate {
  return new X509Certificate(readFileSync(new URL(`../../../test/golden/verify/${name}.crt`, import.meta.url)));
}

function facts(name: string): CertificateFacts {
  return certificateFacts(golden(name));
}

describe('certificateFacts', () => {
  it('tells what stock gave to a tls-verify script', () => {
    expect(facts('cli')).toMatchObject({
      malformed: false,
      subject: 'C=DE, O=-Ex, OU=a, b, CN=first, CN=-alice x, emailAddress=a@b, x500UniqueIdentifier=uid',
      commonName: '-alice x',
      issuer: 'CN=Test CA',
      serial: '173294993414313392693596102118088524972911079780',
      serialHex: '1e:5a:d0:f6:75:f5:7f:e4:6f:6a:f8:3b:28:80:8b:0b:23:f5:b1:64',
      sha1: '9c:a2:cc:96:e5:d6:3d:91:83:54:38:1b:f9:7b:6f:34:03:93:cd:35',
      sha256: 'd7:d3:19:12:b9:72:24:a6:10:ae:6c:4c:d6:cf:5f:78:57:91:0d:9c:59:39:94:59:96:06:ec:aa:7a:11:6b:7c',
      keyUsage: 0x88,
      extendedKeyUsage: ['1.3.6.1.5.5.7.3.2', '1.2.3.4'],
      isAuthority: undefined,
    });
  });

  it('keeps fields in order, with repeated ones', () => {
    expect(facts('cli').subjectFields).toEqual([
      ['C', 'DE'],
      ['O', '-Ex'],
      ['OU', 'a, b'],
      ['CN', 'first'],
      ['CN', '-alice x'],
      ['emailAddress', 'a@b'],
      ['x500UniqueIdentifier', 'uid'],
    ]);
  });

  it('filters fields but escapes the subject', () => {
    const odd = facts('odd');
    expect(odd.subject).toBe(
      'OU=val + O=multi, OU=Grüße €, GN=g, SN=s, street=st, serialNumber=ser, UID=u, DC=dc, title=t, name=n, pseudonym=p, dnQualifier=q, CN=a\\0Ab\\7Fc\\09d\\\\e,f\u0085g',
    );
    expect(odd.commonName).toBe('a_b_c_d\\e,f_g');
    expect(odd.altNames).toEqual([
      { kind: 'email', value: 'x@y' },
      { kind: 'dns', value: 'foo' },
    ]);
  });

  it.each([
    ['cli', '256 bits ECprime256v1'],
    ['p384', '384 bits ECsecp384r1'],
    ['rsa', '2048 bits RSA'],
    ['rsapss', '2048 bits RSA-PSS'],
    ['ed', '256 bits ED25519'],
    ['ed4', '456 bits ED448'],
  ])('describes the key of %s as stock does', (name, description) => {
    expect(facts(name)).toMatchObject({ keyDescription: description, signatureAlgorithm: 'ecdsa-with-SHA256', malformed: false });
  });

  it('agrees with Node about dates, authority and key identifiers', () => {
    for (const name of ['ca', 'inter', 'leaf2', 'exp', 'fut']) {
      const x509 = golden(name);
      const found = certificateFacts(x509);
      expect(new Date(found.notBefore)).toEqual(new Date(x509.validFrom));
      expect(new Date(found.notAfter)).toEqual(new Date(x509.validTo));
      expect(found.isAuthority ?? false).toBe(x509.ca);
    }
    expect(facts('leaf2').authorityKeyId).toBe(facts('inter').subjectKeyId);
    expect(facts('leaf2').issuerKey).toBe(facts('inter').subjectKey);
    expect(facts('inter').issuerKey).toBe(facts('forged').issuerKey);
  });

  it('calls certificates malformed that are cut or extended', () => {
    const der = golden('cli').raw;
    for (let length = 0; length < der.length; length++) expect(certificateFacts({ raw: der.subarray(0, length) }).malformed).toBe(true);
    expect(certificateFacts({ raw: Buffer.concat([der, Buffer.alloc(1)]) }).malformed).toBe(true);
  });

  it('takes any bytes without throwing', () => {
    const der = golden('odd').raw;
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.uint8Array({ minLength: 1, maxLength: 8 }), (at, patch) => {
        const bytes = Buffer.from(der);
        bytes.set(patch.subarray(0, bytes.length - at), at);
        expect(typeof certificateFacts({ raw: bytes }).malformed).toBe('boolean');
      }),
    );
  });
});

describe('usernameOf', () => {
  it.each([
    ['cli', 'CN', '-alice x'],
    ['san2', 'cn', 'san2'],
    ['san2', 'O CN', 'org_san2'],
    ['san2', 'ext:subjectAltName', 'two@y'],
    ['odd', 'OU', 'Grüße €'],
    ['odd', 'serialNumber', '0x1E5AD0F675F57FE46F6AF83B28808B0B23F5B16A'],
    ['rsa', 'OU', undefined],
    ['rsa', 'CN OU', undefined],
    ['rsa', '', undefined],
    ['rsa', 'ext:subjectAltName', undefined],
  ])('picks from %s the field %s', (name, field, username) => {
    expect(usernameOf(facts(name), field)).toBe(username);
  });

  it('takes 64 bytes and no more', () => {
    const named = (commonName: string): CertificateFacts => ({ ...facts('rsa'), subjectFields: [['CN', commonName]] });
    expect(usernameOf(named('a'.repeat(64)), 'CN')).toHaveLength(64);
    expect(usernameOf(named('a'.repeat(65)), 'CN')).toBeUndefined();
    expect(usernameOf(named('ü'.repeat(33)), 'CN')).toBeUndefined();
    expect(usernameOf(named(''), 'CN')).toBeUndefined();
  });
});
