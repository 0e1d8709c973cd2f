/** Names that OpenSSL prints for object identifiers in subjects: its short names. Unlisted ones are printed in dots. */
export const SUBJECT_FIELDS: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.12': 'title',
  '2.5.4.13': 'description',
  '2.5.4.15': 'businessCategory',
  '2.5.4.16': 'postalAddress',
  '2.5.4.17': 'postalCode',
  '2.5.4.18': 'postOfficeBox',
  '2.5.4.20': 'telephoneNumber',
  '2.5.4.41': 'name',
  '2.5.4.42': 'GN',
  '2.5.4.43': 'initials',
  '2.5.4.44': 'generationQualifier',
  '2.5.4.45': 'x500UniqueIdentifier',
  '2.5.4.46': 'dnQualifier',
  '2.5.4.65': 'pseudonym',
  '2.5.4.72': 'role',
  '2.5.4.97': 'organizationIdentifier',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.3': 'mail',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
  '1.2.840.113549.1.9.2': 'unstructuredName',
  '1.2.840.113549.1.9.8': 'unstructuredAddress',
  '1.3.6.1.4.1.311.60.2.1.1': 'jurisdictionL',
  '1.3.6.1.4.1.311.60.2.1.2': 'jurisdictionST',
  '1.3.6.1.4.1.311.60.2.1.3': 'jurisdictionC',
};

/** Signature algorithms as the `Control Channel` line names them, and the digest where the algorithm fixes one. */
export const SIGNATURES: Readonly<
  Record<string, { readonly name: string; readonly digest: string | undefined; readonly kind: 'rsa' | 'pss' | 'ecdsa' | 'eddsa' }>
> = {
  '1.2.840.113549.1.1.4': { name: 'RSA-MD5', digest: undefined, kind: 'rsa' },
  '1.2.840.113549.1.1.5': { name: 'RSA-SHA1', digest: 'sha1', kind: 'rsa' },
  '1.2.840.113549.1.1.14': { name: 'RSA-SHA224', digest: 'sha224', kind: 'rsa' },
  '1.2.840.113549.1.1.11': { name: 'RSA-SHA256', digest: 'sha256', kind: 'rsa' },
  '1.2.840.113549.1.1.12': { name: 'RSA-SHA384', digest: 'sha384', kind: 'rsa' },
  '1.2.840.113549.1.1.13': { name: 'RSA-SHA512', digest: 'sha512', kind: 'rsa' },
  '1.2.840.113549.1.1.10': { name: 'RSASSA-PSS', digest: undefined, kind: 'pss' },
  '1.2.840.10045.4.1': { name: 'ecdsa-with-SHA1', digest: 'sha1', kind: 'ecdsa' },
  '1.2.840.10045.4.3.1': { name: 'ecdsa-with-SHA224', digest: 'sha224', kind: 'ecdsa' },
  '1.2.840.10045.4.3.2': { name: 'ecdsa-with-SHA256', digest: 'sha256', kind: 'ecdsa' },
  '1.2.840.10045.4.3.3': { name: 'ecdsa-with-SHA384', digest: 'sha384', kind: 'ecdsa' },
  '1.2.840.10045.4.3.4': { name: 'ecdsa-with-SHA512', digest: 'sha512', kind: 'ecdsa' },
  '1.3.101.112': { name: 'ED25519', digest: undefined, kind: 'eddsa' },
  '1.3.101.113': { name: 'ED448', digest: undefined, kind: 'eddsa' },
};

/** Digests that RSASSA-PSS parameters name. */
export const DIGESTS: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.4': 'sha224',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Elliptic curves: OpenSSL's name and size in bits. */
export const CURVES: Readonly<Record<string, { readonly name: string; readonly bits: number }>> = {
  '1.2.840.10045.3.1.1': { name: 'prime192v1', bits: 192 },
  '1.2.840.10045.3.1.7': { name: 'prime256v1', bits: 256 },
  '1.3.132.0.10': { name: 'secp256k1', bits: 256 },
  '1.3.132.0.33': { name: 'secp224r1', bits: 224 },
  '1.3.132.0.34': { name: 'secp384r1', bits: 384 },
  '1.3.132.0.35': { name: 'secp521r1', bits: 521 },
  '1.3.36.3.3.2.8.1.1.7': { name: 'brainpoolP256r1', bits: 256 },
  '1.3.36.3.3.2.8.1.1.11': { name: 'brainpoolP384r1', bits: 384 },
  '1.3.36.3.3.2.8.1.1.13': { name: 'brainpoolP512r1', bits: 512 },
};

/** Public key algorithms. */
export const KEY_TYPES = {
  rsa: '1.2.840.113549.1.1.1',
  rsaPss: '1.2.840.113549.1.1.10',
  ec: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
  ed448: '1.3.101.113',
} as const;

/** Extensions that are looked at. */
export const EXTENSIONS = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  deltaCrl: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  authorityKeyId: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const;

/** Extended key usages: OpenSSL's long name, which the log prints, and its short name. */
export const EXTENDED_KEY_USAGES: readonly { readonly oid: string; readonly long: string; readonly short: string }[] = [
  { oid: '1.3.6.1.5.5.7.3.1', long: 'TLS Web Server Authentication', short: 'serverAuth' },
  { oid: '1.3.6.1.5.5.7.3.2', long: 'TLS Web Client Authentication', short: 'clientAuth' },
  { oid: '1.3.6.1.5.5.7.3.3', long: 'Code Signing', short: 'codeSigning' },
  { oid: '1.3.6.1.5.5.7.3.4', long: 'E-mail Protection', short: 'emailProtection' },
  { oid: '1.3.6.1.5.5.7.3.5', long: 'IPSec End System', short: 'ipsecEndSystem' },
  { oid: '1.3.6.1.5.5.7.3.6', long: 'IPSec Tunnel', short: 'ipsecTunnel' },
  { oid: '1.3.6.1.5.5.7.3.7', long: 'IPSec User', short: 'ipsecUser' },
  { oid: '1.3.6.1.5.5.7.3.8', long: 'Time Stamping', short: 'timeStamping' },
  { oid: '1.3.6.1.5.5.7.3.9', long: 'OCSP Signing', short: 'OCSPSigning' },
  { oid: '1.3.6.1.5.5.7.3.17', long: 'ipsec Internet Key Exchange', short: 'ipsecIKE' },
  { oid: '1.3.6.1.5.5.8.2.2', long: 'IP Security IKE Intermediate', short: 'iKEIntermediate' },
  { oid: '1.3.6.1.4.1.311.10.3.3', long: 'Microsoft Server Gated Crypto', short: 'msSGC' },
  { oid: '1.3.6.1.4.1.311.20.2.2', long: 'Microsoft Smartcard Login', short: 'msSmartcardLogin' },
  { oid: '2.5.29.37.0', long: 'Any Extended Key Usage', short: 'anyExtendedKeyUsage' },
];
