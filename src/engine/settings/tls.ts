import { OPTIONS } from '../../messages/options.ts';
import type { Directive } from '../../options/parse.ts';
import type { VerifyRules } from '../../protocol/verify/rules.ts';
import { Secret } from '../../base/secret.ts';
import type { CrlSource, TlsSettings, TlsVersion } from '../daemon-settings.ts';
import type { Collected } from './collected.ts';

/** Certificates, keys and what TLS may use; undefined when something is missing, which is then an error. */
export function tlsSettings(collected: Collected): TlsSettings | undefined {
  const ca = collected.material('ca');
  const cert = required(collected, 'cert', 'You must define certificate file (--cert) or PKCS#12 file (--pkcs12)');
  const key = required(collected, 'key', 'You must define private key file (--key) or PKCS#12 file (--pkcs12)');
  if (!collected.has('ca') && !collected.has('peer-fingerprint')) {
    collected.error('You must define CA file (--ca) or CA path (--capath) and/or peer fingerprint verification (--peer-fingerprint)');
  }
  const extra = collected.material('extra-certs');
  const settings = {
    ca: ca?.text.reveal(),
    passphrase: passphraseOf(collected),
    asksPassphrase: asksPassphraseOf(collected),
    dh: dhOf(collected),
    ...tlsChoices(collected),
  };
  if (cert === undefined || key === undefined) return undefined;
  return { ...settings, cert: [cert, extra].map((each) => each?.text.reveal() ?? '').join(''), key: key.text };
}

/** What TLS may use. */
export function tlsChoices(
  collected: Collected,
): Pick<TlsSettings, 'minVersion' | 'maxVersion' | 'ciphers' | 'cipherSuites' | 'groups' | 'certProfile'> {
  return {
    ...versionsOf(collected),
    ciphers: collected.value('tls-cipher')?.split(':').map(opensslCipher).join(':'),
    cipherSuites: collected.value('tls-ciphersuites')?.split(':').map(opensslSuite).join(':'),
    groups: collected.value('tls-groups')?.split(':').map(opensslGroup).join(':'),
    certProfile: profileOf(collected),
  };
}

function required(collected: Collected, name: string, missing: string) {
  if (!collected.has(name)) collected.error(missing);
  return collected.material(name);
}

function dhOf(collected: Collected): string | undefined {
  if (!collected.has('dh')) collected.error('You must define DH file (--dh)');
  return collected.value('dh') === 'none' ? undefined : collected.material('dh')?.text.reveal();
}

/** The first line of the file. */
function passphraseOf(collected: Collected): Secret | undefined {
  const directive = collected.last('askpass');
  if (directive === undefined || directive.values.length === 0) return undefined;
  const material = collected.material('askpass');
  return material && new Secret(material.text.reveal().split(/\r?\n/, 1)[0] ?? '');
}

/** Where no file has the pass phrase: management clients if they are to be asked, else the terminal (facts: management 14). */
function asksPassphraseOf(collected: Collected): TlsSettings['asksPassphrase'] {
  const inFile = (collected.last('askpass')?.values.length ?? 0) > 0;
  if (inFile) return 'never';
  if (!collected.has('management-query-passwords')) return 'terminal';
  return collected.has('auth-nocache') ? 'each time' : 'kept';
}

const VERSIONS: Readonly<Record<string, TlsVersion>> = { '1.0': 'TLSv1', '1.1': 'TLSv1.1', '1.2': 'TLSv1.2', '1.3': 'TLSv1.3' };

function versionsOf(collected: Collected): Pick<TlsSettings, 'minVersion' | 'maxVersion'> {
  const min = collected.value('tls-version-min') ?? '1.2';
  const max = collected.value('tls-version-max') ?? '1.3';
  if (min > max) collected.error('--tls-version-min bigger than --tls-version-max', collected.last('tls-version-min'));
  return { minVersion: VERSIONS[min] ?? 'TLSv1.2', maxVersion: VERSIONS[max] ?? 'TLSv1.3' };
}

function profileOf(collected: Collected): TlsSettings['certProfile'] {
  const profile = collected.value('tls-cert-profile');
  return profile === 'insecure' || profile === 'preferred' || profile === 'suiteb' ? profile : 'legacy';
}

/** `TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384` is `ECDHE-RSA-AES256-GCM-SHA384` to OpenSSL; other names pass as they are. */
function opensslCipher(name: string): string {
  if (!name.startsWith('TLS-')) return name;
  return name
    .slice('TLS-'.length)
    .replace(/^RSA-WITH-/, '')
    .replace('-WITH-', '-')
    .replace(/(AES|CAMELLIA|ARIA)-(\d+)/, '$1$2')
    .replace(/-CBC/, '')
    .replace('CHACHA20-POLY1305-SHA256', 'CHACHA20-POLY1305');
}

/** `TLS-AES-256-GCM-SHA384` is `TLS_AES_256_GCM_SHA384` to OpenSSL. */
function opensslSuite(name: string): string {
  return name.replaceAll('-', '_');
}

function opensslGroup(name: string): string {
  return name === 'secp256r1' ? 'prime256v1' : name;
}

/** Where revoked certificates are named. */
export function crlSource(collected: Collected): CrlSource | undefined {
  const directive = collected.last('crl-verify');
  if (directive === undefined) return undefined;
  if (directive.block !== undefined) return { kind: 'text', pem: directive.block.reveal() };
  const [path = '', dir] = directive.values;
  if (dir === 'dir') {
    collected.checkPath('--crl-verify directory', path, 'directory');
    return { kind: 'directory', path };
  }
  collected.checkPath('--crl-verify', path, 'read');
  return { kind: 'file', path };
}

/** What a client's certificate must satisfy beside its chain. */
export function verifyRules(collected: Collected): VerifyRules {
  const fingerprints = collected.all('peer-fingerprint').flatMap((directive) => fingerprintsOf(collected, directive));
  const peer = collected.value('remote-cert-tls');
  const ku = collected.last('remote-cert-ku');
  const name = collected.last('verify-x509-name');
  const eku = collected.value('remote-cert-eku');
  const mode = collected.value('verify-client-cert');
  return {
    ...(peer !== undefined && { remoteCertTls: peer === 'client' ? 'client' : 'server' }),
    ...(ku !== undefined && { remoteCertKu: ku.values.map((usage) => keyUsage(collected, ku, usage)) }),
    ...(eku !== undefined && { remoteCertEku: eku }),
    ...(name !== undefined && { verifyName: { value: name.values[0] ?? '', type: nameType(name.values[1]) } }),
    ...(fingerprints.length > 0 && { fingerprints, fingerprintsInsteadOfCa: !collected.has('ca') }),
    usernameField: usernameField(collected),
    clientCertificate: mode === 'none' || mode === 'optional' ? mode : 'require',
  };
}

function nameType(text: string | undefined): 'subject' | 'name' | 'name-prefix' {
  return text === 'name' || text === 'name-prefix' ? text : 'subject';
}

function keyUsage(collected: Collected, directive: Directive, usage: string): number {
  if (/^(?:0x)?[0-9a-fA-F]{1,4}$/.test(usage)) return Number.parseInt(usage.replace(/^0x/, ''), 16);
  collected.error(`--remote-cert-ku: '${usage}' is not a key usage in hex`, directive);
  return 0;
}

/** One by value, or one a line of a block; blank lines and comments pass. */
function fingerprintsOf(collected: Collected, directive: Directive): string[] {
  const lines = directive.block?.reveal().split('\n') ?? directive.values;
  const found: string[] = [];
  for (const line of lines.map((each) => each.trim()).filter((each) => each !== '' && !/^[#;]/.test(each))) {
    const bytes = line.split(':');
    if (!bytes.every((byte) => /^[0-9a-fA-F]{1,2}$/.test(byte))) collected.error(`format error in hash fingerprint: ${line}`, directive);
    else if (bytes.length !== 32)
      collected.error(`hash fingerprint is wrong length - expected 32 bytes, got ${bytes.length}: ${line}`, directive);
    else found.push(bytes.map((byte) => byte.padStart(2, '0').toLowerCase()).join(':'));
  }
  return found;
}

/** Stock writes a field that has only small letters in capitals, and says so. */
function usernameField(collected: Collected): string {
  const directive = collected.last('x509-username-field');
  const fields = (directive?.values ?? ['CN']).map((field) => {
    if (field.startsWith('ext:')) {
      if (field !== 'ext:subjectAltName') collected.error(`Unsupported x509-username-field extension: ${field}`, directive);
      return field;
    }
    const upper = field.toUpperCase();
    if (field !== field.toLowerCase() || field === upper) return field;
    collected.warn(OPTIONS.usernameFieldUpcased, { field: upper });
    return upper;
  });
  return fields.join(' ');
}
