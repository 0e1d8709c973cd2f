import { constants, createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';

/** PEM text with the name that errors call it by: its file, or `[[INLINE]]`. */
export interface NamedPem<T = string> {
  readonly name: string;
  readonly pem: T;
}

/** Everything that a TLS context is made of. Replaced whole when the configuration is read again. */
export interface TlsMaterial {
  /** Own certificate, then its intermediates. Undefined for a client that logs in by password alone. */
  readonly cert: NamedPem | undefined;
  readonly key: NamedPem<Secret> | undefined;
  /** Of an encrypted key. */
  readonly passphrase?: Secret | undefined;
  /** Trusted authorities; undefined with `peer-fingerprint` alone. */
  readonly ca: NamedPem | undefined;
  /** `extra-certs`: intermediates that are sent but not trusted. */
  readonly extraCerts?: NamedPem | undefined;
  /** TLS 1.2 when undefined. */
  readonly minVersion?: SecureVersion | undefined;
  readonly maxVersion?: SecureVersion | undefined;
  /** `tls-cipher`: names of OpenSSL or of IANA with dashes, joined by colons. */
  readonly ciphers?: string | undefined;
  /** `tls-ciphersuites`: TLS 1.3. */
  readonly cipherSuites?: string | undefined;
  /** `tls-groups`. */
  readonly groups?: string | undefined;
  /** `tls-cert-profile`; `legacy` when undefined. */
  readonly certProfile?: CertProfile | undefined;
  /** `verify-client-cert`: false for `none`. A client that sends none is refused by `protocol/verify`, not here. */
  readonly requestCertificate: boolean;
}

/** How strong keys and digests of certificates must be. */
export type CertProfile = 'insecure' | 'legacy' | 'preferred' | 'suiteb';

/** OpenSSL's security level a profile (facts: wire 7). */
const SECURITY_LEVELS: Readonly<Record<CertProfile, number>> = { insecure: 0, legacy: 1, preferred: 2, suiteb: 3 };

/** What stock allows without `tls-cipher`. */
const DEFAULT_CIPHERS = 'DEFAULT:!EXP:!LOW:!MEDIUM:!kDH:!kECDH:!DSS:!PSK:!SRP:!kRSA';
const SUITE_B_CIPHERS = 'SUITEB128';
const DEFAULT_SUITES = 'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256';

/**
 * No tickets (they would carry the client's chain), no renegotiation (OpenVPN has its own), no compression
 * (facts: wire 7).
 */
const SECURE_OPTIONS =
  constants.SSL_OP_NO_TICKET |
  constants.SSL_OP_NO_RENEGOTIATION |
  constants.SSL_OP_NO_COMPRESSION |
  constants.SSL_OP_CIPHER_SERVER_PREFERENCE;

/** A context ready for sessions of both roles, and the authorities to build chains with. */
export interface TlsContext {
  readonly secure: SecureContext;
  readonly authorities: readonly X509Certificate[];
  readonly requestCertificate: boolean;
  /** The peer's name is its fingerprint: chains need not end in a trusted authority. */
  readonly withoutAuthorities: boolean;
}

/** Makes a context. Throws `KEY_MATERIAL` in stock's words (facts: logging 13), naming the file, when something does not fit. */
export function createTlsContext(material: TlsMaterial): TlsContext {
  const authorities = material.ca === undefined ? [] : readAuthorities(material.ca);
  if (material.cert !== undefined) checkOwn(material, material.cert);
  try {
    const secure = createSecureContext(contextOptions(material));
    return { secure, authorities, requestCertificate: material.requestCertificate, withoutAuthorities: material.ca === undefined };
  } catch (thrown) {
    throw blame(material, thrown);
  }
}

function contextOptions(material: TlsMaterial): SecureContextOptions {
  const { cert, key, extraCerts, passphrase } = material;
  const { groups, minVersion, maxVersion, options } = contextWords(material);
  const own =
    cert === undefined || key === undefined
      ? {}
      : {
          cert: [cert.pem, extraCerts?.pem ?? ''].join('\n'),
          key: key.pem.reveal(),
          ...(passphrase && { passphrase: passphrase.reveal() }),
        };
  return {
    // An empty list trusts nobody; leaving it out would trust Node's own list of public authorities.
    ca: material.ca === undefined ? [] : [material.ca.pem],
    ...own,
    ciphers: cipherString(material),
    ...(groups !== undefined && { ecdhCurve: groups }),
    dhparam: 'auto',
    minVersion,
    maxVersion,
    secureOptions: options,
  };
}

/** What a context is told besides keys, in OpenSSL's words. */
export interface ContextWords {
  readonly options: number;
  readonly securityLevel: number;
  /** TLS 1.3. */
  readonly suites: string;
  /** TLS 1.2. */
  readonly ciphers: string;
  readonly groups: string | undefined;
  readonly minVersion: SecureVersion;
  readonly maxVersion: SecureVersion;
}

/** Translates the names of OpenVPN's options. */
export function contextWords(material: TlsMaterial): ContextWords {
  const profile = material.certProfile ?? 'legacy';
  const fallback = profile === 'suiteb' ? SUITE_B_CIPHERS : DEFAULT_CIPHERS;
  return {
    options: SECURE_OPTIONS,
    securityLevel: SECURITY_LEVELS[profile],
    suites: (material.cipherSuites ?? DEFAULT_SUITES).replaceAll('-', '_'),
    ciphers: material.ciphers === undefined ? fallback : material.ciphers.split(':').map(cipherName).join(':'),
    groups: material.groups === undefined ? undefined : groupNames(material.groups),
    minVersion: material.minVersion ?? 'TLSv1.2',
    maxVersion: material.maxVersion ?? 'TLSv1.3',
  };
}

/** All in one word, as Node takes it. */
function cipherString(material: TlsMaterial): string {
  const { suites, ciphers, securityLevel } = contextWords(material);
  return `${suites}:${ciphers}:@SECLEVEL=${securityLevel}`;
}

/** `TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384` becomes `ECDHE-RSA-AES256-GCM-SHA384`; other words are OpenSSL's already. */
function cipherName(word: string): string {
  const match = /^TLS-(?:(.+)-)?WITH-(.+)$/.exec(word);
  if (match === null) return word;
  const [, exchange = '', rest = ''] = match;
  const cipher = rest
    .replace(/^(AES|CAMELLIA|ARIA)-(\d+)/, '$1$2')
    .replace(/-CBC-SHA/, '-SHA')
    .replace(/^(CHACHA20-POLY1305)-SHA256$/, '$1');
  return exchange === 'RSA' ? cipher : `${exchange}-${cipher}`;
}

function groupNames(groups: string): string {
  return groups
    .split(':')
    .map((group) => (group === 'secp256r1' ? 'prime256v1' : group))
    .join(':');
}

/** True of an encrypted private key that this pass phrase, or none, does not open. */
export function needsPassphrase(key: Secret, passphrase?: Secret): boolean {
  if (!/^-----BEGIN ENCRYPTED|^Proc-Type: *4, *ENCRYPTED/m.test(key.reveal())) return false;
  if (passphrase === undefined) return true;
  try {
    createPrivateKey({ key: key.reveal(), passphrase: passphrase.reveal() });
    return false;
  } catch {
    return true;
  }
}

const CERTIFICATE_BLOCK = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/** The certificates of a PEM text. Throws what Node throws when one cannot be read. */
export function readCertificates(pem: string): X509Certificate[] {
  return (pem.match(CERTIFICATE_BLOCK) ?? []).map((block) => new X509Certificate(block));
}

function readAuthorities(ca: NamedPem): X509Certificate[] {
  try {
    const authorities = readCertificates(ca.pem);
    if (authorities.length > 0) return authorities;
  } catch (thrown) {
    throw unusable(`Cannot load CA certificate file ${ca.name} (${opensslError(thrown)})`, thrown);
  }
  throw unusable(`Cannot load CA certificate file ${ca.name} (no entries were read)`);
}

/** Own certificate and key: each can be read, and they belong together. */
function checkOwn(material: TlsMaterial, cert: NamedPem): void {
  const { key, extraCerts, passphrase } = material;
  const own = attempt(() => new X509Certificate(cert.pem), `Cannot load certificate file ${cert.name}`);
  if (extraCerts !== undefined) {
    const extra = attempt(() => readCertificates(extraCerts.pem), 'Error reading extra certificate');
    if (extra.length === 0) throw unusable('Error reading extra certificate');
  }
  if (key === undefined) throw unusable(`Cannot load private key file: certificate ${cert.name} has no key beside it`);
  const privateKey = attempt(
    () => createPrivateKey({ key: key.pem.reveal(), ...(passphrase && { passphrase: passphrase.reveal() }) }),
    `Cannot load private key file ${key.name}`,
  );
  if (!own.checkPrivateKey(privateKey)) throw unusable('Private key does not match the certificate');
}

function attempt<T>(read: () => T, text: string): T {
  try {
    return read();
  } catch (thrown) {
    throw unusable(text, thrown);
  }
}

/** Finds out what a context was refused for, by trying its parts apart. */
function blame(material: TlsMaterial, thrown: unknown): TunnelscopeError {
  const fails = (options: SecureContextOptions): boolean => {
    try {
      createSecureContext(options);
      return false;
    } catch {
      return true;
    }
  };
  const { ciphers, cipherSuites, groups } = material;
  if (groups !== undefined && fails({ ecdhCurve: groupNames(groups) })) {
    return unusable(`Failed to set allowed TLS group list: ${groups}`, thrown);
  }
  if (cipherSuites !== undefined && fails({ ciphers: cipherString({ ...material, ciphers: undefined }) })) {
    return unusable(`Failed to set restricted TLS 1.3 cipher list: ${cipherSuites}`, thrown);
  }
  if (ciphers !== undefined && fails({ ciphers: cipherString({ ...material, cipherSuites: undefined }) })) {
    return unusable(`Failed to set restricted TLS cipher list: ${ciphers}`, thrown);
  }
  if (material.cert !== undefined) return unusable(`Cannot load certificate file ${material.cert.name}`, thrown);
  return unusable(`TLS cannot be set up: ${opensslError(thrown)}`, thrown);
}

function unusable(text: string, thrown?: unknown): TunnelscopeError {
  if (thrown === undefined) return new TunnelscopeError('KEY_MATERIAL', text);
  return new TunnelscopeError('KEY_MATERIAL', `${text}: ${opensslError(thrown)}`, { cause: thrown });
}

/** `error:0A000102:SSL routines::unsupported protocol:`, as stock prints OpenSSL's errors; anything else in its own words. */
export function opensslError(thrown: unknown): string {
  return opensslWords(reasonOf(thrown).trim());
}

/** The same of a line of OpenSSL. */
export function opensslWords(message: string): string {
  const match = /error:([0-9A-F]{8}):([^:]*):[^:]*:([^:]*)/.exec(message);
  return match === null ? message : `error:${match[1]}:${match[2]}::${match[3]}:`;
}
