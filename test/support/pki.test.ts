import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readCrl } from '../../src/cli/pki/authority.ts';
import { testPki } from './pki.ts';

const NOW = new Date('2026-03-01T12:00:00Z');
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const pki = await testPki(NOW);

type ClientName = 'alice' | 'bob' | 'rsa' | 'deep' | 'expired' | 'early' | 'revoked' | 'foreign' | 'wrongPurpose' | 'noPurpose';

/** What can be wrong with a client's certificate, in words. */
function faults(name: ClientName): string[] {
  const certificate = new X509Certificate(pki[name].certPem);
  const issuer = new X509Certificate(name === 'deep' ? pki.intermediate.certPem : pki.ca.certPem);
  const checks: [string, boolean][] = [
    ['signature', certificate.verify(issuer.publicKey)],
    ['begins later', Date.parse(certificate.validFrom) <= NOW.getTime()],
    ['ended', Date.parse(certificate.validTo) > NOW.getTime()],
    ['revoked', !readCrl(pki.crl).revoked.some((entry) => entry.serial === pki[name].serial)],
    ['purpose', certificate.keyUsage?.join() === CLIENT_AUTH],
  ];
  return checks.filter(([, good]) => !good).map(([fault]) => fault);
}

describe('the certificates for tests', () => {
  it.each([
    ['alice', []],
    ['bob', []],
    ['rsa', []],
    ['deep', []],
    ['expired', ['ended']],
    ['early', ['begins later']],
    ['revoked', ['revoked']],
    ['foreign', ['signature']],
    ['wrongPurpose', ['purpose']],
    ['noPurpose', ['purpose']],
  ] as const)('%s has the faults %j and no others', (name, expected) => {
    expect(faults(name)).toEqual(expected);
  });

  it('has a server, and a chain for the client of the intermediate authority', () => {
    expect(new X509Certificate(pki.server.certPem).keyUsage).toEqual([SERVER_AUTH]);
    expect(pki.deep.chainPem).toBe(pki.deep.certPem + pki.intermediate.certPem);
    expect(new X509Certificate(pki.foreign.certPem).issuer).toBe(new X509Certificate(pki.alice.certPem).issuer);
  });

  it('has lists in force and one that lapsed', () => {
    const lasting = (pem: string): boolean => (readCrl(pem).nextUpdate?.getTime() ?? 0) > NOW.getTime();
    expect([pki.crl, pki.intermediateCrl, pki.lapsedCrl].map(lasting)).toEqual([true, true, false]);
  });

  it('is made once for a moment', async () => {
    expect(testPki(NOW)).toBe(testPki(new Date(NOW)));
    expect(await testPki()).toBe(await testPki());
    expect(await testPki()).not.toBe(pki);
  });
});
