import { readFileSync } from 'node:fs';
import { Secret } from '../../../src/base/secret.ts';
import { milliseconds, seconds } from '../../../src/base/units.ts';
import type { ClientSettings } from '../../../src/engine/client-types.ts';
import type { TlsMaterial } from '../../../src/host/tls-context.ts';
import { udpLink } from '../../../src/protocol/data/link.ts';
import { parseStaticKey } from '../../../src/protocol/wrap/static-key.ts';

/** What a client over UDP with tls-crypt and a certificate is made of, for programs that play many; files by their paths. */
export interface PlainClientSetup {
  readonly server: { readonly ip: string; readonly port: number };
  readonly staticKey: string;
}

/** Its settings. Throws when the static key cannot be read. `version` is its IV_VER. */
export function plainClientSettings(setup: PlainClientSetup, version: string): ClientSettings {
  const key = parseStaticKey(readFileSync(setup.staticKey, 'utf8'));
  if (!key.ok) throw new Error(key.error);
  return {
    remote: udpLink(setup.server.ip, setup.server.port),
    wrap: { kind: 'tls-crypt', key: key.value },
    timing: { tlsTimeout: seconds(2), handWindow: seconds(60), tranWindow: seconds(3600), renegotiateAfter: milliseconds(0) },
    maxPacketSize: 1250,
    dataCiphers: ['AES-256-GCM'],
    fallbackCipher: undefined,
    cipher: undefined,
    auth: 'SHA1',
    tunMtu: 1500,
    credentials: undefined,
    verify: { remoteCertTls: 'server', usernameField: 'CN', clientCertificate: 'require' },
    version,
    platform: 'linux',
    peerInfo: [],
    exitNotify: true,
    muteReplayWarnings: false,
  };
}

/** Its keys, out of PEM files. */
export function plainClientMaterial(files: { readonly ca: string; readonly cert: string; readonly key: string }): TlsMaterial {
  return {
    ca: { name: 'ca', pem: readFileSync(files.ca, 'utf8') },
    cert: { name: 'cert', pem: readFileSync(files.cert, 'utf8') },
    key: { name: 'key', pem: new Secret(readFileSync(files.key, 'utf8')) },
    requestCertificate: true,
  };
}
