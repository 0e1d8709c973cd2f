import { createHash } from 'node:crypto';
import { printable } from '../../base/printable.ts';
import type { WallTime } from '../../base/units.ts';
import { DerReader, integerValue, oidText, stringValue, TAG, timeValue } from './der.ts';
import { CURVES, EXTENSIONS, KEY_TYPES, SIGNATURES, SUBJECT_FIELDS } from './oids.ts';

/** What log, environment, rules and CRL check need of one certificate of a peer's chain. */
export interface CertificateFacts {
  /** True when it could not be read through; such a certificate is always refused, and the other facts may be empty. */
  readonly malformed: boolean;
  /**
   * As OpenVPN prints it: `C=DE, O=Example, CN=alice`, in the order of the certificate (facts: wire 7); control
   * characters as `\0A`, a backslash doubled, as OpenSSL writes them.
   */
  readonly subject: string;
  /** The last CN of the subject, control characters made `_`; undefined when there is none. A leading `-` stays, as with stock. */
  readonly commonName: string | undefined;
  /**
   * Name and value of each part of the subject, in order, control characters made `_`: `X509_N_<name>` of the
   * environment, where stock calls a repeated field `X509_N_OU_1`.
   */
  readonly subjectFields: readonly (readonly [name: string, value: string])[];
  readonly issuer: string;
  /** Two names are the same (RFC 5280 7.1: letter case, blanks and string types aside) when these strings are equal. */
  readonly subjectKey: string;
  readonly issuerKey: string;
  /** `tls_serial_N`, and what VERIFY ERROR and CRL directories use. */
  readonly serial: string;
  /** `tls_serial_hex_N`: pairs joined by colons. */
  readonly serialHex: string;
  /** `tls_digest_N`: SHA-1, pairs joined by colons. */
  readonly sha1: string;
  /** `tls_digest_sha256_N`: pairs joined by colons. */
  readonly sha256: string;
  readonly notBefore: WallTime;
  readonly notAfter: WallTime;
  /**
   * The key usage as OpenVPN counts it, first encoded byte low: digitalSignature is 0x80, keyAgreement 0x08,
   * decipherOnly 0x8000. Undefined without the extension.
   */
  readonly keyUsage: number | undefined;
  /** OIDs in dots; undefined without the extension. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  /** Basic constraints say that it may issue; undefined without the extension. */
  readonly isAuthority: boolean | undefined;
  /** Values of the subject alternative name, as `x509-username-field ext:subjectAltName` picks from them. */
  readonly altNames: readonly { readonly kind: 'email' | 'dns' | 'uri'; readonly value: string }[];
  /** Lower-case hex; undefined without the extension. */
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
  /** `256 bits ECprime256v1`, for the Control Channel line (facts: logging 13). */
  readonly keyDescription: string;
  /** `ecdsa-with-SHA256`, for the same line. */
  readonly signatureAlgorithm: string;
  /** The certificate itself, in DER. */
  readonly der: Buffer;
}

/** True when both hold the same certificates in the same order. */
export function sameChain(a: readonly CertificateFacts[], b: readonly CertificateFacts[]): boolean {
  return a.length === b.length && a.every((facts, depth) => facts.sha256 === b[depth]?.sha256);
}

/** Reads a certificate. Never throws: what cannot be read gives `malformed` facts. */
export function certificateFacts(x509: { readonly raw: Buffer }): CertificateFacts {
  const der = x509.raw;
  const root = new DerReader(der);
  const certificate = root.enter(TAG.sequence);
  root.end();
  const tbs = certificate.enter(TAG.sequence);
  const signatureOid = oidText(certificate.enter(TAG.sequence).take(TAG.oid)) ?? '';
  certificate.take(TAG.bitString);

  tbs.optional(TAG.context0);
  const serialBytes = tbs.take(TAG.integer);
  tbs.take(TAG.sequence);
  const issuer = readName(tbs);
  const validity = tbs.enter(TAG.sequence);
  const notBefore = timeValue(validity.any());
  const notAfter = timeValue(validity.any());
  if (notBefore === undefined || notAfter === undefined) tbs.fail();
  const subject = readName(tbs);
  const keyDescription = describeKey(tbs.enter(TAG.sequence));
  tbs.optional(TAG.contextPrimitive1);
  tbs.optional(TAG.contextPrimitive2);
  const extensions = readExtensions(tbs, tbs.optional(TAG.context3));
  const details = readDetails(tbs, extensions);

  const subjectFields = subject.flat().map(([name, value]) => [name, printable(value)] as const);

  return {
    malformed: root.failed,
    subject: nameText(subject),
    commonName: subjectFields.findLast(([name]) => name === 'CN')?.[1],
    subjectFields,
    issuer: nameText(issuer),
    subjectKey: nameKey(subject),
    issuerKey: nameKey(issuer),
    serial: integerValue(serialBytes).toString(),
    serialHex: colons(magnitude(serialBytes)),
    sha1: colons(createHash('sha1').update(der).digest()),
    sha256: colons(createHash('sha256').update(der).digest()),
    notBefore: (notBefore ?? 0) as WallTime,
    notAfter: (notAfter ?? 0) as WallTime,
    ...details,
    keyDescription,
    signatureAlgorithm: SIGNATURES[signatureOid]?.name ?? signatureOid,
    der,
  };
}

/** An X.501 name: its parts in order, each with one field, or several where they are joined by `+`. Values as they came. */
export type Name = readonly (readonly (readonly [name: string, value: string])[])[];

/** Reads a whole encoded name. */
export function readName(reader: DerReader): Name {
  const name = reader.enter(TAG.sequence);
  const parts: (readonly [string, string])[][] = [];
  while (!name.atEnd) {
    const part = name.enter(TAG.set);
    const fields: (readonly [string, string])[] = [];
    while (!part.atEnd) {
      const field = part.enter(TAG.sequence);
      const oid = oidText(field.take(TAG.oid)) ?? '';
      if (oid === '') field.fail();
      fields.push([SUBJECT_FIELDS[oid] ?? oid, stringValue(field.any())]);
    }
    parts.push(fields);
  }
  return reader.failed ? [] : parts;
}

/** The name in one line: `C=DE, O=Example, CN=alice`; several fields of one part with ` + ` between. */
export function nameText(name: Name): string {
  return name.map((fields) => fields.map(([field, value]) => `${field}=${escaped(value)}`).join(' + ')).join(', ');
}

/** The name in a form that is equal for names that RFC 5280 7.1 calls equal. */
export function nameKey(name: Name): string {
  const folded = (value: string): string => value.trim().replace(/\s+/g, ' ').toLowerCase();
  return JSON.stringify(name.map((fields) => fields.map(([field, value]) => `${field}=${folded(value)}`).toSorted()));
}

/** Lower-case hex pairs joined by colons, as stock prints serials and digests. */
export function colons(bytes: Buffer): string {
  return bytes.toString('hex').match(/../g)?.join(':') ?? '';
}

/** As OpenSSL escapes a value inside a subject. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  return text.replace(/[\x00-\x1f\x7f\\]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
    return character === '\\' ? '\\\\' : `\\${code}`;
  });
}

function magnitude(integer: Buffer): Buffer {
  const value = integerValue(integer);
  const hex = (value < 0n ? -value : value).toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

function describeKey(info: DerReader): string {
  const algorithm = info.enter(TAG.sequence);
  const oid = oidText(algorithm.take(TAG.oid)) ?? '';
  if (oid === KEY_TYPES.ec) {
    const curveOid = algorithm.peek() === TAG.oid ? (oidText(algorithm.take(TAG.oid)) ?? '') : '';
    const curve = CURVES[curveOid];
    return curve === undefined ? `EC ${curveOid}` : `${curve.bits} bits EC${curve.name}`;
  }
  if (oid === KEY_TYPES.rsa || oid === KEY_TYPES.rsaPss) {
    const bits = info.take(TAG.bitString);
    const modulus = info.over(bits.subarray(1)).enter(TAG.sequence).take(TAG.integer);
    return `${integerValue(modulus).toString(2).length} bits ${oid === KEY_TYPES.rsa ? 'RSA' : 'RSA-PSS'}`;
  }
  if (oid === KEY_TYPES.ed25519) return '256 bits ED25519';
  if (oid === KEY_TYPES.ed448) return '456 bits ED448';
  return `${oid} key`;
}

/** Values of the extensions by OID; a repeated one fails the certificate (RFC 5280 4.2). */
function readExtensions(tbs: DerReader, explicit: Buffer | undefined): ReadonlyMap<string, Buffer> {
  const found = new Map<string, Buffer>();
  if (explicit === undefined) return found;
  const list = tbs.over(explicit).enter(TAG.sequence);
  while (!list.atEnd) {
    const extension = list.enter(TAG.sequence);
    const oid = oidText(extension.take(TAG.oid));
    extension.optional(TAG.boolean);
    const value = extension.take(TAG.octetString);
    if (oid === undefined || found.has(oid)) list.fail();
    else found.set(oid, value);
  }
  return found;
}

type Details = Pick<CertificateFacts, 'keyUsage' | 'extendedKeyUsage' | 'isAuthority' | 'altNames' | 'subjectKeyId' | 'authorityKeyId'>;

function readDetails(tbs: DerReader, extensions: ReadonlyMap<string, Buffer>): Details {
  const read = <T>(oid: string, parse: (reader: DerReader) => T): T | undefined => {
    const value = extensions.get(oid);
    return value === undefined ? undefined : parse(tbs.over(value));
  };
  return {
    keyUsage: read(EXTENSIONS.keyUsage, readKeyUsage),
    extendedKeyUsage: read(EXTENSIONS.extendedKeyUsage, readOids),
    isAuthority: read(EXTENSIONS.basicConstraints, (reader) => reader.enter(TAG.sequence).optional(TAG.boolean)?.[0] === 0xff),
    altNames: read(EXTENSIONS.subjectAltName, readAltNames) ?? [],
    subjectKeyId: read(EXTENSIONS.subjectKeyId, (reader) => reader.take(TAG.octetString).toString('hex')),
    authorityKeyId: read(EXTENSIONS.authorityKeyId, (reader) =>
      reader.enter(TAG.sequence).optional(TAG.contextPrimitive0)?.toString('hex'),
    ),
  };
}

function readKeyUsage(reader: DerReader): number {
  const bits = reader.take(TAG.bitString);
  const low = bits[1] ?? 0;
  const high = bits[2] ?? 0;
  return low | (high << 8);
}

function readOids(reader: DerReader): string[] {
  const list = reader.enter(TAG.sequence);
  const oids: string[] = [];
  while (!list.atEnd) {
    const oid = oidText(list.take(TAG.oid));
    if (oid === undefined) list.fail();
    else oids.push(oid);
  }
  return oids;
}

const ALT_NAME_KINDS: Readonly<Record<number, 'email' | 'dns' | 'uri'>> = { 0x81: 'email', 0x82: 'dns', 0x86: 'uri' };

function readAltNames(reader: DerReader): { kind: 'email' | 'dns' | 'uri'; value: string }[] {
  const list = reader.enter(TAG.sequence);
  const names: { kind: 'email' | 'dns' | 'uri'; value: string }[] = [];
  while (!list.atEnd) {
    const name = list.any();
    const kind = ALT_NAME_KINDS[name.tag];
    if (kind !== undefined) names.push({ kind, value: printable(name.content.toString('latin1')) });
  }
  return names;
}
