/**
 * Why OpenSSL says that a chain does not verify: the code that Node names, the words that OpenSSL prints, and when in a
 * verification it comes up. The order matters because Node reports the last error, and stock stops at the first.
 */
export interface ChainReason {
  readonly text: string;
  readonly why: 'untrusted' | 'purpose' | 'expired' | 'not-yet-valid' | 'other';
  /** Building the chain and judging its use comes before revocation; signatures and dates come after. */
  readonly stage: 'chain' | 'walk';
  /** Which certificate it is about, as far as the code tells. */
  readonly at: 'leaf' | 'top' | 'authority';
}

/** A row a code. `UNABLE_TO_VERIFY_LEAF_SIGNATURE` follows on a missing issuer, which is what stock reports. */
export const CHAIN_REASONS: Readonly<Record<string, ChainReason>> = {
  UNABLE_TO_GET_ISSUER_CERT: { text: 'unable to get issuer certificate', why: 'untrusted', stage: 'chain', at: 'top' },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: { text: 'unable to get local issuer certificate', why: 'untrusted', stage: 'chain', at: 'top' },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: { text: 'unable to get local issuer certificate', why: 'untrusted', stage: 'chain', at: 'top' },
  DEPTH_ZERO_SELF_SIGNED_CERT: { text: 'self-signed certificate', why: 'untrusted', stage: 'chain', at: 'leaf' },
  SELF_SIGNED_CERT_IN_CHAIN: { text: 'self-signed certificate in certificate chain', why: 'untrusted', stage: 'chain', at: 'top' },
  CERT_CHAIN_TOO_LONG: { text: 'certificate chain too long', why: 'untrusted', stage: 'chain', at: 'top' },
  INVALID_CA: { text: 'invalid CA certificate', why: 'untrusted', stage: 'chain', at: 'authority' },
  PATH_LENGTH_EXCEEDED: { text: 'path length constraint exceeded', why: 'untrusted', stage: 'chain', at: 'authority' },
  INVALID_PURPOSE: { text: 'unsuitable certificate purpose', why: 'purpose', stage: 'chain', at: 'leaf' },
  CERT_UNTRUSTED: { text: 'certificate not trusted', why: 'untrusted', stage: 'chain', at: 'top' },
  CERT_REJECTED: { text: 'certificate rejected', why: 'untrusted', stage: 'chain', at: 'top' },
  CERT_REVOKED: { text: 'certificate revoked', why: 'other', stage: 'chain', at: 'leaf' },
  OUT_OF_MEM: { text: 'out of memory', why: 'other', stage: 'chain', at: 'leaf' },
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: { text: "unable to decrypt certificate's signature", why: 'untrusted', stage: 'walk', at: 'leaf' },
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: { text: 'unable to decode issuer public key', why: 'untrusted', stage: 'walk', at: 'leaf' },
  CERT_SIGNATURE_FAILURE: { text: 'certificate signature failure', why: 'untrusted', stage: 'walk', at: 'leaf' },
  CERT_NOT_YET_VALID: { text: 'certificate is not yet valid', why: 'not-yet-valid', stage: 'walk', at: 'leaf' },
  CERT_HAS_EXPIRED: { text: 'certificate has expired', why: 'expired', stage: 'walk', at: 'leaf' },
  ERROR_IN_CERT_NOT_BEFORE_FIELD: {
    text: "format error in certificate's notBefore field",
    why: 'other',
    stage: 'walk',
    at: 'leaf',
  },
  ERROR_IN_CERT_NOT_AFTER_FIELD: { text: "format error in certificate's notAfter field", why: 'other', stage: 'walk', at: 'leaf' },
};

/** The reason behind what the TLS device reported: a code of the table, or OpenSSL's own words for any other. */
export function chainReason(chainError: string): ChainReason {
  return CHAIN_REASONS[chainError] ?? { text: chainError, why: 'other', stage: 'chain', at: 'leaf' };
}
