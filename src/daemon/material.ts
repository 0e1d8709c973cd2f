import { X509Certificate } from 'node:crypto';
import { TunnelscopeError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Now } from '../base/units.ts';
import type { Configuration } from '../engine/settings-from-options.ts';
import { createTlsContext, needsPassphrase, type TlsMaterial } from '../host/tls-context.ts';
import type { Notes } from '../messages/notes.ts';
import { START } from '../messages/start.ts';
import { type CertificateFacts, certificateFacts } from '../protocol/verify/certificate.ts';

/** Key material that was tried and can be used. */
export interface Material {
  readonly tls: TlsMaterial;
  /** The configured authorities. */
  readonly authorities: readonly CertificateFacts[];
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Makes TLS material of a configuration and tries it; `given` is the pass phrase that somebody gave. Undefined when the private
 * key waits for its pass phrase, and management clients are to be asked for it. Throws KEY_MATERIAL in stock's words.
 */
export function loadMaterial({ server, daemon }: Configuration, given: Secret | undefined, notes: Notes, now: Now): Material | undefined {
  const { tls } = daemon;
  const asks = tls.asksPassphrase !== 'never';
  if (asks && needsPassphrase(tls.key, given)) {
    if (tls.asksPassphrase !== 'terminal') return undefined;
    throw new TunnelscopeError('KEY_MATERIAL', 'Error: private key password verification failed');
  }
  const material: TlsMaterial = {
    cert: { name: '[[cert]]', pem: tls.cert },
    key: { name: '[[key]]', pem: tls.key },
    passphrase: asks ? given : tls.passphrase,
    ca: tls.ca === undefined ? undefined : { name: '[[ca]]', pem: tls.ca },
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    ciphers: tls.ciphers,
    cipherSuites: tls.cipherSuites,
    groups: tls.groups,
    certProfile: tls.certProfile,
    requestCertificate: server.auth.clientCertificate !== 'none',
  };
  createTlsContext(material);
  noteDates(tls.cert, notes, now);
  return { tls: material, authorities: factsOf(tls.ca ?? '') };
}

function noteDates(pem: string, notes: Notes, now: Now): void {
  const [own] = factsOf(pem);
  if (own === undefined) throw new TunnelscopeError('KEY_MATERIAL', 'Cannot load certificate file');
  if (own.notAfter < now.wall) notes.add(START.certificateExpired, {});
  if (own.notBefore > now.wall) notes.add(START.certificateNotYetValid, {});
}

function factsOf(pem: string): CertificateFacts[] {
  return (pem.match(PEM_CERTIFICATE) ?? []).map((block) => certificateFacts(new X509Certificate(block)));
}
