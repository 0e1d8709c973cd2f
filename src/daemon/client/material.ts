import { spawnSync } from 'node:child_process';
import { TunnelscopeError } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import type { ClientConfiguration } from '../../engine/client/configuration.ts';
import { needsPassphrase, type TlsMaterial } from '../../host/tls-context.ts';

/** Own certificate, key and authorities as PEM. */
interface Identity {
  readonly cert: string | undefined;
  readonly key: Secret | undefined;
  readonly ca: string | undefined;
  readonly name: string;
}

/** Whether the own key can be used with this pass phrase, or with none. */
export function isLocked({ client }: ClientConfiguration, passphrase: Secret | undefined): boolean {
  const { identity } = client;
  if (identity.kind === 'none' || identity.kind === 'absent' || identity.kind === 'folder') return false;
  if (identity.kind === 'pem') return needsPassphrase(identity.key, passphrase);
  return readPkcs12(identity, passphrase ?? new Secret('')) === undefined;
}

/** What TLS is made of. Throws KEY_MATERIAL. */
export function clientMaterial({ client }: ClientConfiguration, passphrase: Secret | undefined): TlsMaterial {
  const { tls } = client;
  const own = identityOf(client.identity, passphrase);
  const ca = tls.ca ?? own.ca;
  return {
    cert: own.cert === undefined ? undefined : { name: '[[cert]]', pem: own.cert },
    key: own.key === undefined ? undefined : { name: own.name, pem: own.key },
    passphrase: client.identity.kind === 'pem' ? passphrase : undefined,
    ca: ca === undefined ? undefined : { name: '[[ca]]', pem: ca },
    extraCerts: tls.extraCerts === undefined ? undefined : { name: '[[extra-certs]]', pem: tls.extraCerts },
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    ciphers: tls.ciphers,
    cipherSuites: tls.cipherSuites,
    groups: tls.groups,
    certProfile: tls.certProfile,
    requestCertificate: true,
  };
}

function identityOf(identity: ClientConfiguration['client']['identity'], passphrase: Secret | undefined): Identity {
  switch (identity.kind) {
    case 'none':
      return { cert: undefined, key: undefined, ca: undefined, name: '' };
    case 'absent':
      throw new TunnelscopeError('KEY_MATERIAL', `${identity.path} is not there`);
    case 'folder':
      throw new TunnelscopeError('KEY_MATERIAL', `nobody has chosen an identity of ${identity.path}`);
    case 'pem':
      return { cert: identity.cert, key: identity.key, ca: undefined, name: identity.keyName };
    case 'pkcs12': {
      const read = readPkcs12(identity, passphrase ?? new Secret(''));
      if (read === undefined) throw new TunnelscopeError('KEY_MATERIAL', `Cannot load PKCS#12 file ${identity.path}`);
      return read;
    }
  }
}

const BLOCKS = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** By the `openssl` program: Node does not give out what is in such a file. Undefined when the pass phrase does not fit. */
function readPkcs12(identity: { readonly path: string }, passphrase: Secret): Identity | undefined {
  const args = ['pkcs12', '-in', identity.path, '-passin', 'stdin', '-nodes'];
  const result = spawnSync('openssl', args, { input: `${passphrase.reveal()}\n` });
  if (result.error !== undefined) {
    throw new TunnelscopeError('KEY_MATERIAL', 'PKCS#12 files need the openssl program, which is not here', { cause: result.error });
  }
  if (result.status !== 0) return undefined;
  const blocks = [...result.stdout.toString('latin1').matchAll(BLOCKS)].map(([pem, kind]) => ({ pem, kind }));
  const certificates = blocks.filter(({ kind }) => kind === 'CERTIFICATE').map(({ pem }) => pem);
  const key = blocks.find(({ kind }) => kind?.endsWith('PRIVATE KEY') === true);
  const [cert, ...ca] = certificates;
  if (cert === undefined || key === undefined) return undefined;
  return { cert, key: new Secret(key.pem), ca: ca.length === 0 ? undefined : ca.join('\n'), name: identity.path };
}
