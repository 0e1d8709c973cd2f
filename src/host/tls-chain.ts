import type { X509Certificate } from 'node:crypto';
import { type CertificateFacts, certificateFacts } from '../protocol/verify/certificate.ts';

/** One more than `protocol/verify` accepts, so that it sees when a chain is too long. */
const LONGEST = 17;

/** A chain as far as signatures hold it together. */
export interface PeerChain {
  /** Leaf first. */
  readonly facts: readonly CertificateFacts[];
  /** It ends in one of the authorities. */
  readonly trusted: boolean;
}

/** Authorities turn up in every handshake, and reading one costs more than looking it up. */
const authorityFacts = new WeakMap<X509Certificate, CertificateFacts>();

/**
 * Builds a peer's chain: from the leaf upwards, each issuer taken from the authorities if one of them fits, else from
 * what the peer sent. Every link's signature is checked, because a revocation list is looked up by its issuer: with a
 * look-alike issuer of its own a revoked peer would be spoken of by no list.
 */
export function buildChain(
  leaf: X509Certificate,
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  wall: number,
): PeerChain {
  const facts = [certificateFacts(leaf)];
  let current = leaf;
  while (facts.length < LONGEST && !current.checkIssued(current)) {
    const trusted = newestOf(
      authorities.filter((candidate) => issued(candidate, current)),
      wall,
    );
    const issuer = trusted ?? sent.find((candidate) => issued(candidate, current));
    if (issuer === undefined) break;
    facts.push(trusted === undefined ? certificateFacts(issuer) : factsOfAuthority(issuer));
    current = issuer;
  }
  return { facts, trusted: authorities.some((authority) => authority.raw.equals(current.raw)) };
}

/** The other certificates that came with one that Node tells of, in the order in which they certify each other. */
export function sentWith(leaf: X509Certificate): X509Certificate[] {
  const sent: X509Certificate[] = [];
  let next = leaf.issuerCertificate;
  while (next !== undefined && sent.length < LONGEST) {
    sent.push(next);
    next = next.issuerCertificate;
  }
  return sent;
}

function issued(candidate: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(candidate) && certificate.verify(candidate.publicKey);
  } catch {
    return false;
  }
}

/** Of several certificates of one authority, one that is in its dates, and of those the one that lasts longest. */
function newestOf(candidates: readonly X509Certificate[], wall: number): X509Certificate | undefined {
  const rank = (candidate: X509Certificate): readonly [number, number] => {
    const { notBefore, notAfter } = factsOfAuthority(candidate);
    return [notBefore <= wall && notAfter > wall ? 1 : 0, notAfter];
  };
  let best: X509Certificate | undefined;
  for (const candidate of candidates) {
    if (best === undefined) best = candidate;
    else {
      const [valid, end] = rank(candidate);
      const [bestValid, bestEnd] = rank(best);
      if (valid > bestValid || (valid === bestValid && end > bestEnd)) best = candidate;
    }
  }
  return best;
}

function factsOfAuthority(authority: X509Certificate): CertificateFacts {
  const known = authorityFacts.get(authority);
  if (known !== undefined) return known;
  const facts = certificateFacts(authority);
  authorityFacts.set(authority, facts);
  return facts;
}
