import { Secret } from '../../base/secret.ts';
import type { Collected } from '../settings/collected.ts';
import { tlsChoices } from '../settings/tls.ts';
import type { ClientTlsSettings, IdentitySettings, LoginSettings } from './configuration.ts';

/** The own certificate and key: `cert` and `key`, or `pkcs12`; a client may have none when it logs in by password. */
export function identityOf(collected: Collected): IdentitySettings {
  if (collected.has('identity-dir')) return folderOf(collected);
  if (collected.has('identity')) collected.error('--identity needs --identity-dir', collected.last('identity'));
  const absent = (['pkcs12', 'cert', 'key'] as const).find((name) => isOnMedium(collected, name));
  if (absent !== undefined) return { kind: 'absent', path: collected.value(absent) ?? '' };
  if (collected.has('pkcs12')) {
    for (const name of ['cert', 'key'] as const) {
      if (collected.has(name)) collected.error(`Parameter --${name} cannot be used when --pkcs12 is also specified.`, collected.last(name));
    }
    const directive = collected.last('pkcs12');
    if (directive?.block !== undefined) collected.error('--pkcs12 as a block is not in this release; give it as a file', directive);
    const path = directive?.values[0] ?? '';
    collected.checkPath('--pkcs12', path, 'read');
    return { kind: 'pkcs12', path };
  }
  if (!collected.has('cert') && !collected.has('key')) {
    if (!collected.has('auth-user-pass')) {
      collected.error(
        'No client-side authentication method is specified.  You must use either --cert/--key, --pkcs12, or --auth-user-pass',
      );
    }
    return { kind: 'none' };
  }
  if (!collected.has('cert')) collected.error('You must define certificate file (--cert) or PKCS#12 file (--pkcs12)');
  if (!collected.has('key')) collected.error('You must define private key file (--key) or PKCS#12 file (--pkcs12)');
  const cert = collected.material('cert');
  const key = collected.material('key');
  if (cert === undefined || key === undefined) return { kind: 'none' };
  return { kind: 'pem', cert: cert.text.reveal(), key: key.text, keyName: key.name };
}

/** Whoever answers questions can be asked to insert what a file is on. */
function isOnMedium(collected: Collected, name: 'pkcs12' | 'cert' | 'key'): boolean {
  const directive = collected.last(name);
  if (directive === undefined || directive.block !== undefined || !collected.has('management-query-passwords')) return false;
  const [path = ''] = directive.values;
  return path !== '[inline]' && collected.files.check(path, 'read')?.endsWith(NOT_THERE) === true;
}

/** How the system's reason for a missing file ends. */
const NOT_THERE = '(errno=2)';

function folderOf(collected: Collected): IdentitySettings {
  for (const name of ['cert', 'key', 'pkcs12'] as const) {
    if (collected.has(name)) collected.error(`--${name} cannot be used with --identity-dir`, collected.last(name));
  }
  const path = collected.value('identity-dir') ?? '';
  collected.checkPath('--identity-dir', path, 'directory');
  return { kind: 'folder', path, name: collected.value('identity') };
}

/** What TLS may use, and whom it trusts. */
export function clientTls(collected: Collected): ClientTlsSettings {
  if (!collected.has('ca') && !collected.has('peer-fingerprint') && !collected.has('pkcs12')) {
    collected.error('You must define CA file (--ca) or CA path (--capath) and/or peer fingerprint verification (--peer-fingerprint)');
  }
  const file = (collected.last('askpass')?.values.length ?? 0) > 0 ? collected.material('askpass') : undefined;
  return {
    ...tlsChoices(collected),
    ca: collected.material('ca')?.text.reveal(),
    extraCerts: collected.material('extra-certs')?.text.reveal(),
    passphrase: file && new Secret(file.text.reveal().split(/\r?\n/, 1)[0] ?? ''),
  };
}

/** `auth-user-pass` with what it read, and how logins go on when they fail. */
export function loginOf(collected: Collected): LoginSettings | undefined {
  const directive = collected.last('auth-user-pass');
  const challenge = collected.last('static-challenge')?.values;
  if (directive === undefined) {
    if (challenge !== undefined) collected.error('--static-challenge needs --auth-user-pass', collected.last('static-challenge'));
    return undefined;
  }
  const isRead = directive.block !== undefined || directive.values.length > 0;
  const lines = isRead ? collected.material('auth-user-pass')?.text.reveal().split(/\r?\n/) : undefined;
  const retry = collected.value('auth-retry');
  return {
    username: lines?.[0] === '' ? undefined : lines?.[0],
    password: lines?.[1] === undefined || lines[1] === '' ? undefined : new Secret(lines[1]),
    retry: retry === 'nointeract' || retry === 'interact' ? retry : 'none',
    challenge: challenge && { text: challenge[0] ?? '', echo: challenge[1] === '1' },
    forget: collected.has('auth-nocache'),
  };
}
