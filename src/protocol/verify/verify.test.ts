import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { WallTime } from '../../base/units.ts';
import { renderRow } from '../../messages/row.ts';
import { type CertificateFacts, certificateFacts } from './certificate.ts';
import { type CrlCheck, CrlStore } from './crl.ts';
import { readCrls } from './crl-file.ts';
import type { VerifyRules } from './rules.ts';
import { type VerifyInput, type VerifyOutcome, verifyPeer } from './verify.ts';

const GOLDEN = new URL('../../../test/golden/verify/', import.meta.url);
/** When stock was asked. */
const WALL = Date.parse('2026-11-22T16:00:00Z') as WallTime;
const RULES: VerifyRules = { usernameField: 'CN', clientCertificate: 'require' };
const RSA_SERIAL = '173294993414313392693596102118088524972911079781';

function golden(name: string): Buffer {
  return readFileSync(new URL(name, GOLDEN));
}

function facts(...names: readonly string[]): CertificateFacts[] {
  const blocks = names.flatMap(
    (name) =>
      golden(`${name}.crt`)
        .toString()
        .match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? [],
  );
  return blocks.map((pem) => certificateFacts(new X509Certificate(pem)));
}

function lists(name: string): CrlCheck {
  return { kind: 'file', store: new CrlStore(readCrls(golden(`${name}.crl`)).crls) };
}

const directory: CrlCheck = { kind: 'directory', isRevoked: (serial) => serial === RSA_SERIAL };

const CLI_FINGERPRINT = certificateFacts(new X509Certificate(golden('cli.crt'))).sha256;

/** The chain as the TLS device builds it, the code that Node reports, what was configured, and why it is refused. */
interface Case {
  readonly chain: readonly string[];
  readonly error?: string;
  readonly rules?: Partial<VerifyRules>;
  readonly crl?: CrlCheck;
  readonly why?: string;
}

const CASES: Readonly<Record<string, Case>> = {
  plain: { chain: ['cli', 'ca'] },
  'odd-subject': { chain: ['odd', 'ca'] },
  'no-common-name': { chain: ['nocn', 'ca'], why: 'username' },
  'empty-subject': { chain: ['empty', 'ca'], why: 'username' },
  'two-level': { chain: ['leaf2', 'inter', 'ca'], crl: lists('both') },
  'crl-of-root-only': { chain: ['leaf2', 'inter', 'ca'], crl: lists('ca') },
  'crl-of-other-authority': { chain: ['rsa', 'ca'], crl: lists('inter') },
  'leaf-revoked': { chain: ['leaf2', 'inter', 'ca'], crl: lists('both_rev'), why: 'revoked' },
  'authority-revoked': { chain: ['leaf2', 'inter', 'ca'], crl: lists('both_revinter'), why: 'revoked' },
  'crl-expired': { chain: ['rsa', 'ca'], crl: lists('expired'), why: 'crl-expired' },
  'crl-expired-and-revoked': { chain: ['cli', 'ca'], crl: lists('expired_rev'), why: 'crl-expired' },
  'crl-not-yet-valid': { chain: ['rsa', 'ca'], crl: lists('future'), why: 'crl-not-yet-valid' },
  'crl-empty': { chain: ['rsa', 'ca'], crl: lists('empty'), why: 'crl-not-loaded' },
  'crl-garbage': { chain: ['rsa', 'ca'], crl: lists('garbage'), why: 'crl-not-loaded' },
  'directory-revoked': { chain: ['rsa', 'ca'], crl: directory, why: 'revoked' },
  'directory-passes': { chain: ['leaf2', 'inter', 'ca'], crl: directory },
  expired: { chain: ['exp', 'ca'], error: 'CERT_HAS_EXPIRED', why: 'expired' },
  'not-yet-valid': { chain: ['fut', 'ca'], error: 'CERT_NOT_YET_VALID', why: 'not-yet-valid' },
  'authority-expired': { chain: ['uexpchain', 'ca'], error: 'CERT_HAS_EXPIRED', why: 'expired' },
  'not-an-authority': { chain: ['underchain', 'ca'], error: 'INVALID_PURPOSE', why: 'untrusted' },
  'self-signed': { chain: ['self'], error: 'DEPTH_ZERO_SELF_SIGNED_CERT', why: 'untrusted' },
  'forged-issuer': { chain: ['forged'], error: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', why: 'untrusted' },
  'unknown-authority': { chain: ['other'], error: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', why: 'untrusted' },
  'unknown-authority-sent': { chain: ['otherchain'], error: 'SELF_SIGNED_CERT_IN_CHAIN', why: 'untrusted' },
  'missing-intermediate': { chain: ['leaf2'], error: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', why: 'untrusted' },
  'wrong-purpose': { chain: ['srvcli', 'ca'], error: 'INVALID_PURPOSE', why: 'purpose' },
  'remote-cert-tls': { chain: ['cli', 'ca'], rules: { remoteCertTls: 'client' } },
  'remote-cert-tls-no-ku': { chain: ['noku', 'ca'], rules: { remoteCertTls: 'client' }, why: 'ku' },
  'remote-cert-tls-no-eku': { chain: ['noeku', 'ca'], rules: { remoteCertTls: 'client' }, why: 'eku' },
  'remote-cert-tls-server': { chain: ['cli', 'ca'], rules: { remoteCertTls: 'server' }, why: 'eku' },
  'remote-cert-ku': { chain: ['cli', 'ca'], rules: { remoteCertKu: [0x20, 0x80] } },
  'remote-cert-ku-fails': { chain: ['cli', 'ca'], rules: { remoteCertKu: [0x20, 0xe0] }, why: 'ku' },
  'remote-cert-ku-missing': { chain: ['rsa', 'ca'], rules: { remoteCertKu: [0x20] }, why: 'ku' },
  'remote-cert-eku-oid': { chain: ['cli', 'ca'], rules: { remoteCertEku: '1.2.3.4' } },
  'remote-cert-eku-short-name': { chain: ['cli', 'ca'], rules: { remoteCertEku: 'clientAuth' }, why: 'eku' },
  'remote-cert-eku-missing': { chain: ['noeku', 'ca'], rules: { remoteCertEku: 'TLS Web Client Authentication' }, why: 'eku' },
  name: { chain: ['rsa', 'ca'], rules: { verifyName: { value: 'rsa', type: 'name' } } },
  'name-fails': { chain: ['rsa', 'ca'], rules: { verifyName: { value: 'nope', type: 'name' } }, why: 'name' },
  subject: { chain: ['rsa', 'ca'], rules: { verifyName: { value: 'CN=rsa', type: 'subject' } } },
  'subject-fails': { chain: ['rsa', 'ca'], rules: { verifyName: { value: 'CN=nope', type: 'subject' } }, why: 'name' },
  'name-prefix': { chain: ['odd', 'ca'], rules: { verifyName: { value: 'a_b_c_d\\e', type: 'name-prefix' } } },
  'name-prefix-fails': { chain: ['rsa', 'ca'], rules: { verifyName: { value: 'x', type: 'name-prefix' } }, why: 'name' },
  fingerprint: { chain: ['cli', 'ca'], rules: { fingerprints: [CLI_FINGERPRINT] } },
  'fingerprint-fails': { chain: ['rsa', 'ca'], rules: { fingerprints: [CLI_FINGERPRINT] }, why: 'fingerprint' },
  'username-missing': { chain: ['rsa', 'ca'], rules: { usernameField: 'OU' }, why: 'username' },
  'fingerprint-before-ku': { chain: ['rsa', 'ca'], rules: { fingerprints: [CLI_FINGERPRINT], remoteCertKu: [0x20] }, why: 'fingerprint' },
  'username-before-fingerprint': { chain: ['nocn', 'ca'], rules: { fingerprints: [CLI_FINGERPRINT] }, why: 'username' },
};

const STOCK = new Map(
  golden('stock-lines.txt')
    .toString()
    .split(/^# /m)
    .slice(1)
    .map((section): [string, string[]] => {
      const [name = '', ...lines] = section.trimEnd().split('\n');
      // Stock leaves this control character as it is (a listed difference).
      return [name, lines.map((line) => line.replaceAll('\u0085', '_'))];
    }),
);

function verify(more: Partial<VerifyInput>): VerifyOutcome {
  return verifyPeer({ chain: facts('cli', 'ca'), chainError: undefined, rules: RULES, crl: undefined, wall: WALL, ...more });
}

function logged(outcome: VerifyOutcome): string[] {
  return outcome.lines.map(({ row, args }) => `${row.word.toString(16)} ${renderRow(row, args)}`);
}

describe('verifyPeer', () => {
  it('has a case for each of the recordings', () => {
    expect(Object.keys(CASES)).toEqual([...STOCK.keys()]);
  });

  it.each(Object.entries(CASES))('says what stock says: %s', (name, { chain, error, rules, crl, why }) => {
    const outcome = verify({ chain: facts(...chain), chainError: error, rules: { ...RULES, ...rules }, crl });
    expect(logged(outcome)).toEqual(STOCK.get(name));
    expect(outcome.refused?.why).toBe(why);
  });

  it('names the peer, also when it is refused', () => {
    expect(verify({}).commonName).toBe('-alice x');
    expect(verify({ chainError: 'CERT_HAS_EXPIRED' }).commonName).toBe('-alice x');
  });

  it.each([
    ['require', 'missing'],
    ['optional', undefined],
    ['none', undefined],
  ] as const)('without a certificate when it is %s', (clientCertificate, why) => {
    const outcome = verify({ chain: [], rules: { ...RULES, clientCertificate } });
    expect(outcome.refused?.why).toBe(why);
    expect(outcome.commonName).toBeUndefined();
  });

  it.each(['CERT_HAS_EXPIRED', 'CERT_SIGNATURE_FAILURE', 'UNABLE_TO_GET_CRL', 'EE certificate key too weak', 'SOMETHING_NEW'])(
    'refuses on %s even when nothing else is wrong',
    (chainError) => {
      const outcome = verify({ chainError });
      expect(outcome.refused).toBeDefined();
      expect(logged(outcome).at(-1)).toContain('VERIFY ERROR: depth=0, error=');
    },
  );

  it('refuses by the dates alone, to the second', () => {
    const [leaf, ca] = facts('cli', 'ca');
    if (leaf === undefined || ca === undefined) throw new Error('no certificates');
    const chain = [{ ...leaf, notBefore: (WALL - 1000) as WallTime, notAfter: (WALL + 1000) as WallTime }, ca];
    const refusedAt = (offset: number): string | undefined => verify({ chain, wall: (WALL + offset) as WallTime }).refused?.why;
    expect([-1001, -1000, 999, 1000].map(refusedAt)).toEqual(['not-yet-valid', undefined, undefined, 'expired']);
  });

  it('tells a revoked certificate from one that has expired as well', () => {
    const [leaf] = facts('cli', 'ca');
    const store = new CrlStore(readCrls(golden('ca.crl')).crls.map((crl) => ({ ...crl, nextUpdate: undefined })));
    const wall = ((leaf?.notAfter ?? 0) + 1) as WallTime;
    expect(verify({ crl: { kind: 'file', store }, wall, chainError: 'CERT_HAS_EXPIRED' }).refused?.why).toBe('revoked');
  });

  it('takes the fingerprint for the chain only when told so', () => {
    const [self] = facts('self');
    const rules = { ...RULES, fingerprints: [self?.sha256 ?? ''] };
    const input = { chain: facts('self'), chainError: 'DEPTH_ZERO_SELF_SIGNED_CERT' };
    expect(verify({ ...input, rules }).refused?.why).toBe('untrusted');
    expect(verify({ ...input, rules: { ...rules, fingerprintsInsteadOfCa: true } }).refused).toBeUndefined();
    const others = { ...RULES, fingerprints: [CLI_FINGERPRINT], fingerprintsInsteadOfCa: true };
    expect(verify({ ...input, rules: others }).refused?.why).toBe('fingerprint');
  });

  it('refuses a certificate that cannot be read', () => {
    const outcome = verify({ chain: [certificateFacts({ raw: Buffer.from('3000', 'hex') })] });
    expect(outcome.refused).toMatchObject({ why: 'other', depth: 0 });
  });

  it('refuses a chain that is too long', () => {
    const [leaf, ca] = facts('cli', 'ca');
    if (leaf === undefined || ca === undefined) throw new Error('no certificates');
    const chain = (length: number): CertificateFacts[] => [leaf, ...Array.from({ length: length - 1 }, () => ca)];
    expect(verify({ chain: chain(16) }).refused).toBeUndefined();
    expect(verify({ chain: chain(17) }).refused).toMatchObject({ why: 'untrusted', depth: 16 });
  });
});
