import 'reflect-metadata';
import { createPrivateKey, X509Certificate as NodeCertificate, KeyObject, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509';
import { reasonOf, TunnelscopeError } from '../../base/errors.ts';

/** The kinds of key pair an authority makes and signs with; P-256 is the default everywhere. */
export type KeyKind = 'p256' | 'rsa2048';

/** What a certificate may be used for (extended key usage). */
export type Purpose = keyof typeof PURPOSE_OIDS;

/** A new self-signed authority. Its certificate is valid from an hour before `now`, for `days` after it. */
export interface AuthorityRequest {
  readonly commonName: string;
  readonly days: number;
  readonly now: Date;
  readonly keyKind?: KeyKind;
}

/** An authority read back from its files. */
export interface StoredAuthority {
  readonly certPem: string;
  /** PKCS#8, SEC1 or PKCS#1, not encrypted. */
  readonly keyPem: string;
  readonly now: Date;
}

/** A certificate to issue. `notBefore` is an hour before the authority's `now` and `notAfter` the authority's own end unless given. */
export interface CertificateRequest {
  readonly commonName: string;
  /** Sets the extended key usage: server authentication or client authentication. */
  readonly kind: 'server' | 'client';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Extended key usage in place of what `kind` says; an empty list leaves the extension out. */
  readonly purposes?: readonly Purpose[];
  readonly keyKind?: KeyKind;
}

/** An issued certificate. Texts are PEM and end in a newline; `keyPem` is PKCS#8. */
export interface Issued {
  readonly certPem: string;
  /** The certificate followed by the intermediate authorities above it: what a `cert` file of a two-level authority holds. */
  readonly chainPem: string;
  readonly keyPem: string;
  /** Lower-case hexadecimal, as a CRL wants it. */
  readonly serial: string;
}

/** A revoked certificate; `at` is the list's own date unless given. Anything `issue` gave fits. */
export interface Revocation {
  readonly serial: string;
  readonly at?: Date;
}

/** A certificate revocation list to sign. `thisUpdate` is the authority's `now` unless given. */
export interface CrlRequest {
  readonly revoked: readonly Revocation[];
  readonly thisUpdate?: Date;
  readonly nextUpdate: Date;
}

/** What a revocation list says. */
export interface CrlContent {
  readonly thisUpdate: Date;
  readonly nextUpdate: Date | undefined;
  readonly revoked: readonly Required<Revocation>[];
}

const PURPOSE_OIDS = {
  serverAuth: ExtendedKeyUsage.serverAuth,
  clientAuth: ExtendedKeyUsage.clientAuth,
  codeSigning: ExtendedKeyUsage.codeSigning,
} as const;

const KEY_ALGORITHMS = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa2048: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
} as const;

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const CRL_NUMBER_OID = '2.5.29.20';

interface KeyPair {
  readonly publicKey: webcrypto.CryptoKey;
  readonly privateKey: webcrypto.CryptoKey;
  readonly keyPem: string;
}

/** Makes an authority of its own: a root. */
export async function createAuthority(request: AuthorityRequest): Promise<Authority> {
  const keys = await newKeyPair(request.keyKind);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: nameOf(request.commonName),
    notBefore: wholeSecond(request.now.getTime() - HOUR),
    notAfter: wholeSecond(request.now.getTime() + request.days * DAY),
    signingAlgorithm: KEY_ALGORITHMS[request.keyKind ?? 'p256'],
    keys,
    extensions: [...authorityExtensions(), await SubjectKeyIdentifierExtension.create(keys.publicKey)],
  });
  return new Authority(certificate, keys.privateKey, keys.keyPem, request.now, '');
}

/**
 * An authority from its certificate and key, to issue or revoke more. Throws `KEY_MATERIAL` when they cannot be read,
 * do not belong together, or the key is neither P-256 nor RSA.
 */
export async function loadAuthority(stored: StoredAuthority): Promise<Authority> {
  try {
    const key = createPrivateKey(stored.keyPem);
    if (!new NodeCertificate(stored.certPem).checkPrivateKey(key)) throw new Error('the key is not the key of the certificate');
    const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
    const algorithm = KEY_ALGORITHMS[kindOfKey(key)];
    const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
    return new Authority(new X509Certificate(stored.certPem), privateKey, stored.keyPem, stored.now, '');
  } catch (thrown) {
    throw new TunnelscopeError('KEY_MATERIAL', `cannot use this certificate authority: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

/** Reads a revocation list back. Throws `KEY_MATERIAL` when it is not one. */
export function readCrl(pem: string): CrlContent {
  try {
    const crl = new X509Crl(pem);
    const revoked = crl.entries.map((entry) => ({ serial: entry.serialNumber.toLowerCase(), at: entry.revocationDate }));
    return { thisUpdate: crl.thisUpdate, nextUpdate: crl.nextUpdate, revoked };
  } catch (thrown) {
    throw new TunnelscopeError('KEY_MATERIAL', `cannot read this revocation list: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

/** A certificate authority that holds its key. Made by `createAuthority`, `loadAuthority` or another authority's `issueAuthority`. */
export class Authority {
  readonly certPem: string;
  /** PKCS#8 PEM, not encrypted: for a file of mode 0600 and nothing else. */
  readonly keyPem: string;
  /** Lower-case hexadecimal. */
  readonly serial: string;
  /** When the authority's own certificate ends. */
  readonly notAfter: Date;
  readonly #certificate: X509Certificate;
  readonly #signingKey: webcrypto.CryptoKey;
  readonly #now: Date;
  readonly #intermediatesPem: string;

  /** Use the functions above. `intermediatesPem` is this authority's certificate and those above it short of the root; empty for a root. */
  constructor(certificate: X509Certificate, signingKey: webcrypto.CryptoKey, keyPem: string, now: Date, intermediatesPem: string) {
    this.certPem = pemOf(certificate);
    this.keyPem = keyPem;
    this.serial = certificate.serialNumber.toLowerCase();
    this.notAfter = certificate.notAfter;
    this.#certificate = certificate;
    this.#signingKey = signingKey;
    this.#now = now;
    this.#intermediatesPem = intermediatesPem;
  }

  /** Makes a key pair and a certificate for it. */
  async issue(request: CertificateRequest): Promise<Issued> {
    const keys = await newKeyPair(request.keyKind);
    const purposes = request.purposes ?? [request.kind === 'server' ? 'serverAuth' : 'clientAuth'];
    const extensions: Extension[] = [new BasicConstraintsExtension(false), new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true)];
    if (purposes.length > 0) extensions.push(new ExtendedKeyUsageExtension(purposes.map((purpose) => PURPOSE_OIDS[purpose])));
    const certificate = await this.#sign(request, keys, extensions);
    const certPem = pemOf(certificate);
    return { certPem, chainPem: certPem + this.#intermediatesPem, keyPem: keys.keyPem, serial: certificate.serialNumber.toLowerCase() };
  }

  /** Makes an intermediate authority below this one. */
  async issueAuthority(request: Omit<CertificateRequest, 'kind' | 'purposes'>): Promise<Authority> {
    const keys = await newKeyPair(request.keyKind);
    const certificate = await this.#sign(request, keys, authorityExtensions());
    return new Authority(certificate, keys.privateKey, keys.keyPem, this.#now, pemOf(certificate) + this.#intermediatesPem);
  }

  /** Signs a revocation list, as PEM. */
  async crl(request: CrlRequest): Promise<string> {
    const thisUpdate = wholeSecond((request.thisUpdate ?? this.#now).getTime());
    const crl = await X509CrlGenerator.create({
      issuer: this.#certificate.subjectName,
      thisUpdate,
      nextUpdate: wholeSecond(request.nextUpdate.getTime()),
      signingAlgorithm: this.#signatureAlgorithm(),
      signingKey: this.#signingKey,
      entries: request.revoked.map(({ serial, at }) => ({
        serialNumber: serial,
        revocationDate: wholeSecond((at ?? thisUpdate).getTime()),
        // A reason is always given: without one the library encodes an empty extension list, which RFC 5280 5.1 does not allow.
        reason: X509CrlReason.privilegeWithdrawn,
      })),
      extensions: [await this.#authorityKeyIdentifier(), crlNumber(thisUpdate)],
    });
    return pemText('X509 CRL', crl.rawData);
  }

  async #sign(request: Omit<CertificateRequest, 'kind'>, keys: KeyPair, extensions: readonly Extension[]): Promise<X509Certificate> {
    return X509CertificateGenerator.create({
      serialNumber: newSerial(),
      subject: nameOf(request.commonName),
      issuer: this.#certificate.subjectName,
      notBefore: wholeSecond((request.notBefore ?? new Date(this.#now.getTime() - HOUR)).getTime()),
      notAfter: wholeSecond((request.notAfter ?? this.notAfter).getTime()),
      publicKey: keys.publicKey,
      signingKey: this.#signingKey,
      signingAlgorithm: this.#signatureAlgorithm(),
      extensions: [...extensions, await SubjectKeyIdentifierExtension.create(keys.publicKey), await this.#authorityKeyIdentifier()],
    });
  }

  #signatureAlgorithm(): { readonly name: string; readonly hash: string } {
    return { name: this.#signingKey.algorithm.name, hash: 'SHA-256' };
  }

  /** The authority's own key identifier when its certificate has one: an authority made elsewhere may compute it differently. */
  async #authorityKeyIdentifier(): Promise<AuthorityKeyIdentifierExtension> {
    const own = this.#certificate.getExtension(SubjectKeyIdentifierExtension);
    if (own !== null) return new AuthorityKeyIdentifierExtension(own.keyId);
    return AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey);
  }
}

function authorityExtensions(): Extension[] {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

async function newKeyPair(kind: KeyKind = 'p256'): Promise<KeyPair> {
  const { publicKey, privateKey } = await webcrypto.subtle.generateKey(KEY_ALGORITHMS[kind], true, ['sign', 'verify']);
  const keyPem = KeyObject.from(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { publicKey, privateKey, keyPem };
}

function kindOfKey(key: KeyObject): KeyKind {
  if (key.asymmetricKeyType === 'rsa') return 'rsa2048';
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'p256';
  throw new Error('its key is neither P-256 nor RSA');
}

/** A name of one common name, typed: in plain strings the library gives commas, quotes and a leading `#` a meaning. */
function nameOf(commonName: string): Name {
  return new Name([{ CN: [{ utf8String: commonName }] }]);
}

/** 16 random bytes, positive and with no leading zero byte, so that every tool prints the same digits. */
function newSerial(): string {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x7f) | 0x40, 0);
  return serial.toString('hex');
}

/** Certificates count in seconds; a fraction would be encoded in some date forms and is not allowed there (RFC 5280 4.1.2.5). */
function wholeSecond(unixMilliseconds: number): Date {
  return new Date(Math.floor(unixMilliseconds / 1000) * 1000);
}

/** Lists must be numbered upwards (RFC 5280 5.2.3); the date of issue in seconds does. */
function crlNumber(thisUpdate: Date): Extension {
  return new Extension(CRL_NUMBER_OID, false, derInteger(Math.floor(thisUpdate.getTime() / 1000)));
}

/** DER wants the shortest form, and a leading zero byte where the top bit would read as a minus sign. */
function derInteger(value: number): Buffer {
  const digits = value.toString(16);
  const even = digits.length % 2 === 0 ? digits : `0${digits}`;
  const content = Buffer.from(Number.parseInt(even.slice(0, 2), 16) < 0x80 ? even : `00${even}`, 'hex');
  return Buffer.concat([Buffer.from([0x02, content.length]), content]);
}

function pemOf(certificate: X509Certificate): string {
  return pemText('CERTIFICATE', certificate.rawData);
}

/** Written here because the library labels revocation lists `CRL`, which OpenSSL does not read. */
function pemText(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}
