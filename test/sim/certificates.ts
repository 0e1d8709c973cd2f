import { createHash } from 'node:crypto';
import type { WallTime } from '../../src/base/units.ts';
import type { CertificateFacts } from '../../src/protocol/verify/certificate.ts';

/** What one end shows in fake TLS handshakes. */
export interface FakeIdentity {
  /** Leaf first; empty for an end without a certificate. */
  readonly chain: readonly CertificateFacts[];
  /** What its peer's TLS library would hold against the chain: an OpenSSL code such as `CERT_HAS_EXPIRED`. */
  readonly chainError?: string | undefined;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** Facts of a certificate that was never made: the digests follow from name and serial. */
export function fakeFacts(commonName: string, more: Partial<CertificateFacts> = {}): CertificateFacts {
  const serial = more.serial ?? String(createHash('sha1').update(commonName).digest().readUInt32BE());
  const seed = Buffer.from(`${commonName}|${serial}`);
  const digest = (algorithm: string): string => createHash(algorithm).update(seed).digest('hex').match(/../g)?.join(':') ?? '';
  return {
    malformed: false,
    subject: `CN=${commonName}`,
    commonName,
    subjectFields: [['CN', commonName]],
    issuer: 'CN=Test CA',
    subjectKey: `cn=${commonName}`,
    issuerKey: 'cn=test ca',
    serial,
    serialHex: Number(serial).toString(16),
    sha1: digest('sha1'),
    sha256: digest('sha256'),
    notBefore: 0 as WallTime,
    notAfter: 4e12 as WallTime,
    keyUsage: 0x80,
    extendedKeyUsage: [CLIENT_AUTH],
    isAuthority: false,
    altNames: [],
    subjectKeyId: undefined,
    authorityKeyId: undefined,
    keyDescription: '256 bits ECprime256v1',
    signatureAlgorithm: 'ecdsa-with-SHA256',
    der: seed,
    ...more,
  };
}

const CA = fakeFacts('Test CA', { isAuthority: true, keyUsage: 0x06, extendedKeyUsage: undefined });

/** A client's certificate and the authority above it. */
export function clientIdentity(commonName: string, more: Partial<CertificateFacts> = {}, chainError?: string): FakeIdentity {
  return { chain: [fakeFacts(commonName, more), CA], chainError };
}

/** A server's certificate and the authority above it. */
export function serverIdentity(commonName = 'server', more: Partial<CertificateFacts> = {}): FakeIdentity {
  return { chain: [fakeFacts(commonName, { extendedKeyUsage: [SERVER_AUTH], ...more }), CA] };
}
