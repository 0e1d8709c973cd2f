import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WallTime } from '../../base/units.ts';
import { type CertificateFacts, certificateFacts } from './certificate.ts';
import { CrlStore } from './crl.ts';
import { type Crl, readCrls, serialKey } from './crl-file.ts';
import { signedBy } from './crl-signature.ts';

const WALL = Date.parse('2026-11-22T16:00:00Z') as WallTime;

function golden(name: string): Buffer {
  return readFileSync(new URL(`../../../test/golden/verify/${name}`, import.meta.url));
}

function facts(name: string): CertificateFacts {
  return certificateFacts(new X509Certificate(golden(`${name}.crt`)));
}

function only(name: string): Crl {
  const [crl] = readCrls(golden(`${name}.crl`)).crls;
  if (crl === undefined) throw new Error(`${name}.crl holds no list`);
  return crl;
}

describe('readCrls', () => {
  it('reads what OpenSSL wrote', () => {
    const crl = only('ca');
    expect(crl).toMatchObject({ issuer: 'CN=Test CA', issuerKey: facts('ca').subjectKey, scope: 'all', unhandledCritical: false });
    expect([...crl.revoked]).toEqual([serialKey(BigInt(facts('cli').serial))]);
    expect(new Date(only('expired').thisUpdate).toISOString()).toBe('2020-01-01T00:00:00.000Z');
    expect(new Date(only('expired').nextUpdate ?? 0).toISOString()).toBe('2020-02-01T00:00:00.000Z');
  });

  it('reads several from one file, and one in DER', () => {
    expect(readCrls(golden('both.crl')).crls.map((crl) => crl.issuer)).toEqual(['CN=Test CA', 'CN=Inter CA']);
    const der = Buffer.from(
      golden('ca.crl')
        .toString()
        .replace(/-----[^-]+-----/g, ''),
      'base64',
    );
    expect(readCrls(der).crls).toHaveLength(1);
  });

  it('passes over other blocks', () => {
    expect(readCrls(Buffer.concat([golden('ca.crt'), golden('ca.crl')]))).toMatchObject({ crls: [{ issuer: 'CN=Test CA' }], faults: [] });
  });

  it.each([
    ['an empty file', Buffer.alloc(0)],
    ['garbage', golden('garbage.crl')],
    ['a certificate', golden('ca.crt')],
    ['a delta list', golden('delta.crl')],
    ['a damaged list', Buffer.from('-----BEGIN X509 CRL-----\nMAAA\n-----END X509 CRL-----\n')],
  ])('names what is wrong with %s', (_what, file) => {
    const { crls, faults } = readCrls(file);
    expect(crls).toEqual([]);
    expect(faults).toHaveLength(1);
  });

  it('keeps the good lists of a file with a bad one', () => {
    const file = Buffer.concat([golden('ca.crl'), Buffer.from('-----BEGIN X509 CRL-----\nMAAA\n-----END X509 CRL-----\n')]);
    expect(readCrls(file)).toMatchObject({ crls: [{ issuer: 'CN=Test CA' }], faults: [expect.stringContaining('2 of 2')] });
  });

  it('takes cut and changed lists without throwing', () => {
    const der = Buffer.from(
      golden('ca.crl')
        .toString()
        .replace(/-----[^-]+-----/g, ''),
      'base64',
    );
    for (let length = 0; length < der.length; length++) expect(readCrls(der.subarray(0, length)).crls).toEqual([]);
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.nat(255), (at, value) => {
        const bytes = Buffer.from(der);
        bytes[at] = value;
        const { crls, faults } = readCrls(bytes);
        expect(crls.length + faults.length).toBe(1);
      }),
    );
  });
});

describe('signedBy', () => {
  it.each(['ca', 'rsaca', 'edca', 'pssca', 'inter'])('knows the hand of %s', (name) => {
    expect(signedBy(only(name), facts(name).der)).toBe(true);
    expect(signedBy(only(name), facts('other').der)).toBe(false);
    expect(signedBy({ ...only(name), signed: Buffer.concat([only(name).signed, Buffer.alloc(1)]) }, facts(name).der)).toBe(false);
  });

  it('knows PSS signatures of plain RSA keys', () => {
    expect(signedBy(only('rsaca_pss'), facts('rsaca').der)).toBe(true);
    expect(signedBy(only('rsaca_pss'), facts('pssca').der)).toBe(false);
  });

  it('is not led by the algorithm that a list names', () => {
    expect(signedBy({ ...only('ca'), signatureAlgorithm: only('rsaca').signatureAlgorithm }, facts('ca').der)).toBe(false);
    expect(signedBy({ ...only('ca'), signatureAlgorithm: Buffer.from('3000', 'hex') }, facts('ca').der)).toBe(false);
    expect(signedBy(only('ca'), Buffer.from('3000', 'hex'))).toBe(false);
  });
});

describe('CrlStore', () => {
  const check = (store: CrlStore, ...chain: readonly string[]) => store.check(chain.map(facts), WALL);
  const REVOKED = { depth: 0, why: 'revoked', text: 'certificate revoked' };

  it('prefers a list in its dates, then the newest', () => {
    const [clean, listed] = [only('ca_clean'), only('ca')];
    const older = { ...listed, thisUpdate: (clean.thisUpdate - 1000) as WallTime };
    const newer = { ...listed, thisUpdate: (clean.thisUpdate + 1000) as WallTime };
    expect(check(new CrlStore([clean, older]), 'cli', 'ca').refused).toBeUndefined();
    expect(check(new CrlStore([clean, newer]), 'cli', 'ca').refused).toEqual(REVOKED);
    expect(check(new CrlStore([newer, clean]), 'cli', 'ca').refused).toEqual(REVOKED);
    expect(check(new CrlStore([only('expired'), listed, only('future')]), 'cli', 'ca').refused).toEqual(REVOKED);
  });

  it('believes no list that another key signed', () => {
    expect(check(new CrlStore([only('forged')]), 'cli', 'ca').refused).toEqual({
      depth: 0,
      why: 'crl-unusable',
      text: 'CRL signature failure',
    });
  });

  it('passes over a list whose key identifier is another', () => {
    expect(check(new CrlStore([{ ...only('ca'), authorityKeyId: '00' }]), 'cli', 'ca')).toEqual({ missing: [0, 1], refused: undefined });
  });

  it('believes no list that demands what we do not know', () => {
    const refusal = { depth: 0, why: 'crl-unusable', text: 'unhandled critical CRL extension' };
    expect(check(new CrlStore([only('critical')]), 'cli', 'ca').refused).toEqual(refusal);
    expect(check(new CrlStore([only('only_attributes')]), 'cli', 'ca').refused).toEqual(refusal);
  });

  it('asks a list only about the kind of certificate it is for', () => {
    expect(check(new CrlStore([only('only_users')]), 'cli', 'ca').missing).toEqual([1]);
    expect(check(new CrlStore([only('only_authorities')]), 'cli', 'ca').missing).toEqual([0]);
  });

  it('believes no list of an authority that may not sign lists', () => {
    const ca = { ...facts('ca'), keyUsage: 0x04 };
    const { refused } = new CrlStore([only('ca')]).check([facts('rsa'), ca], WALL);
    expect(refused).toMatchObject({ why: 'crl-unusable', text: 'key usage does not include CRL signing' });
  });

  it('names the authorities without a list', () => {
    const authorities = [facts('ca'), facts('inter'), facts('rsaca')];
    const missing = new CrlStore(readCrls(golden('both.crl')).crls).missingFor(authorities);
    expect(missing.map((authority) => authority.subject)).toEqual(['CN=rsaca']);
  });

  it('gives the same answer when asked again', () => {
    const store = new CrlStore([only('ca')]);
    expect([1, 2, 3].map(() => check(store, 'cli', 'ca').refused?.why)).toEqual(['revoked', 'revoked', 'revoked']);
  });
});
