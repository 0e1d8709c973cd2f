import type { WallTime } from '../../base/units.ts';
import type { CertificateFacts } from './certificate.ts';
import { type Crl, serialKey } from './crl-file.ts';
import { signedBy } from './crl-signature.ts';

/** How `crl-verify` is asked: lists from a file, or a directory with a file for each revoked serial number. */
export type CrlCheck =
  | { readonly kind: 'file'; readonly store: CrlStore }
  /** Answers at once for a serial number in decimal. */
  | { readonly kind: 'directory'; isRevoked(serial: string): boolean };

/** What the lists say of a chain: depths whose issuer has no list, and the first thing that refuses. */
export interface CrlFindings {
  /** Depths that no list speaks of; they pass with a warning. Ends where `refused` begins. */
  readonly missing: readonly number[];
  readonly refused: CrlRefusal | undefined;
}

/** Why the lists refuse. `text` is OpenSSL's reason. Only `revoked` is for good. */
export interface CrlRefusal {
  readonly depth: number;
  readonly why: 'revoked' | 'crl-expired' | 'crl-not-yet-valid' | 'crl-unusable';
  readonly text: string;
}

/** First encoded byte of the key usage extension: cRLSign. */
const CRL_SIGN = 0x02;
/** Verified signatures remembered: a file has few lists, and a chain few issuers. */
const MAX_VERDICTS = 64;

/** The revocation lists in force. Replaced, not changed, when the file changes. */
export class CrlStore {
  readonly #crls: readonly Crl[];
  /** Signature checks cost as much as a handshake's, and their answer never changes. */
  readonly #verdicts = new Map<string, boolean>();

  constructor(crls: readonly Crl[]) {
    this.#crls = crls;
  }

  /** How many lists were loaded. With none, every peer is refused. */
  get count(): number {
    return this.#crls.length;
  }

  /** Those of these authorities that no list is of: to be named at start and reload. */
  missingFor(authorities: readonly CertificateFacts[]): CertificateFacts[] {
    return authorities.filter((authority) => !this.#crls.some((crl) => isOf(crl, authority)));
  }

  /** Asks the lists about every certificate of a chain, leaf first. */
  check(chain: readonly CertificateFacts[], wall: WallTime): CrlFindings {
    const missing: number[] = [];
    for (const [depth, certificate] of chain.entries()) {
      const issuer = chain[depth + 1] ?? (certificate.subjectKey === certificate.issuerKey ? certificate : undefined);
      const crl = issuer === undefined ? undefined : this.#pick(issuer, certificate, wall);
      if (issuer === undefined || crl === undefined) {
        missing.push(depth);
        continue;
      }
      const refusal = this.#judge(crl, issuer, certificate, wall);
      if (refusal !== undefined) return { missing, refused: { depth, ...refusal } };
    }
    return { missing, refused: undefined };
  }

  /** The list to believe: one that is in its dates before one that is not, then the newest. */
  #pick(issuer: CertificateFacts, certificate: CertificateFacts, wall: WallTime): Crl | undefined {
    const kind = certificate.isAuthority === true ? 'authorities' : 'users';
    let best: Crl | undefined;
    for (const crl of this.#crls) {
      if (!isOf(crl, issuer) || (crl.scope !== 'all' && crl.scope !== kind)) continue;
      if (best === undefined || rank(crl, wall) > rank(best, wall)) best = crl;
      else if (rank(crl, wall) === rank(best, wall) && crl.thisUpdate > best.thisUpdate) best = crl;
    }
    return best;
  }

  /** In OpenSSL's order: the issuer's right, the dates, the signature, what it demands, and at last what it lists. */
  #judge(crl: Crl, issuer: CertificateFacts, certificate: CertificateFacts, wall: WallTime): Omit<CrlRefusal, 'depth'> | undefined {
    if (issuer.keyUsage !== undefined && (issuer.keyUsage & CRL_SIGN) === 0) {
      return { why: 'crl-unusable', text: 'key usage does not include CRL signing' };
    }
    if (isEarly(crl, wall)) return { why: 'crl-not-yet-valid', text: 'CRL is not yet valid' };
    if (isLate(crl, wall)) return { why: 'crl-expired', text: 'CRL has expired' };
    if (!this.#isSignedBy(crl, issuer)) return { why: 'crl-unusable', text: 'CRL signature failure' };
    if (crl.unhandledCritical) return { why: 'crl-unusable', text: 'unhandled critical CRL extension' };
    if (crl.revoked.has(serialKey(BigInt(certificate.serial)))) return { why: 'revoked', text: 'certificate revoked' };
    return undefined;
  }

  #isSignedBy(crl: Crl, issuer: CertificateFacts): boolean {
    const key = `${this.#crls.indexOf(crl)} ${issuer.sha256}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = signedBy(crl, issuer.der);
    if (this.#verdicts.size >= MAX_VERDICTS) this.#verdicts.clear();
    this.#verdicts.set(key, verdict);
    return verdict;
  }
}

/** The same name, and no key identifiers that contradict it: an authority may have had another key under its name. */
function isOf(crl: Crl, issuer: CertificateFacts): boolean {
  if (crl.issuerKey !== issuer.subjectKey) return false;
  return crl.authorityKeyId === undefined || issuer.subjectKeyId === undefined || crl.authorityKeyId === issuer.subjectKeyId;
}

function isEarly(crl: Crl, wall: WallTime): boolean {
  return crl.thisUpdate > wall;
}

/** OpenSSL counts the very second of the date as past. */
function isLate(crl: Crl, wall: WallTime): boolean {
  return crl.nextUpdate !== undefined && crl.nextUpdate <= wall;
}

function rank(crl: Crl, wall: WallTime): number {
  return isEarly(crl, wall) || isLate(crl, wall) ? 0 : 1;
}
