import { constants, X509Certificate, verify } from 'node:crypto';
import { DerReader, integerValue, oidText, TAG } from './der.ts';
import { DIGESTS, SIGNATURES } from './oids.ts';

/** What was signed, how, and the signature, as CRLs and certificates carry them. */
export interface Signed {
  readonly signed: Buffer;
  /** The algorithm identifier, whole. */
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
}

type KeyObject = X509Certificate['publicKey'];

/** True when the holder of this certificate signed it. Anything unknown, malformed or mismatched is false. */
export function signedBy(signed: Signed, issuerDer: Buffer): boolean {
  const algorithm = new DerReader(signed.signatureAlgorithm).enter(TAG.sequence);
  const signature = SIGNATURES[oidText(algorithm.take(TAG.oid)) ?? ''];
  if (signature === undefined) return false;
  try {
    const key = new X509Certificate(issuerDer).publicKey;
    if (signature.kind === 'pss') return verifyPss(signed, key, algorithm);
    if (!KEY_OF_KIND[signature.kind].includes(key.asymmetricKeyType ?? '')) return false;
    if (signature.kind !== 'eddsa' && signature.digest === undefined) return false;
    return verify(signature.digest ?? null, signed.signed, key, signed.signature);
  } catch {
    return false;
  }
}

const KEY_OF_KIND: Readonly<Record<'rsa' | 'ecdsa' | 'eddsa', readonly string[]>> = {
  rsa: ['rsa'],
  ecdsa: ['ec'],
  eddsa: ['ed25519', 'ed448'],
};

const DEFAULT_SALT = 20n;

function verifyPss(signed: Signed, key: KeyObject, algorithm: DerReader): boolean {
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'rsa-pss') return false;
  const parameters = algorithm.enter(TAG.sequence);
  const hash = parameters.optional(TAG.context0);
  parameters.optional(TAG.context1);
  const salt = parameters.optional(TAG.context2);
  const digest = hash === undefined ? 'sha1' : DIGESTS[oidText(parameters.over(hash).enter(TAG.sequence).take(TAG.oid)) ?? ''];
  const saltLength = salt === undefined ? DEFAULT_SALT : integerValue(parameters.over(salt).take(TAG.integer));
  if (algorithm.failed || digest === undefined || saltLength < 0n || saltLength > 512n) return false;
  const padded = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(saltLength) };
  return verify(digest, signed.signed, padded, signed.signature);
}
