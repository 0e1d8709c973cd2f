import type { WallTime } from '../../base/units.ts';
import { CRL } from '../../messages/crl.ts';
import type { Row, RowArgs } from '../../messages/row.ts';
import { TLS } from '../../messages/tls.ts';
import { VERIFY } from '../../messages/verify.ts';
import type { CertificateFacts } from './certificate.ts';
import type { CrlCheck } from './crl.ts';
import { checkExtendedKeyUsage, checkKeyUsage, checkName } from './leaf-rules.ts';
import { type ChainReason, chainReason } from './reasons.ts';
import type { VerifyRules } from './rules.ts';
import { USERNAME_LIMIT, usernameOf } from './username.ts';

/** What is known of a peer when its TLS handshake is done. */
export interface VerifyInput {
  /** Leaf first; empty when the peer sent none. */
  readonly chain: readonly CertificateFacts[];
  /** What the TLS library holds against the chain; any value refuses (`TlsPeer.chainError`). */
  readonly chainError: string | undefined;
  readonly rules: VerifyRules;
  /** Undefined without `crl-verify`. */
  readonly crl: CrlCheck | undefined;
  readonly wall: WallTime;
}

/** A line for the log, with the depth it speaks of: `tls-verify` runs before the VERIFY OK of each depth. */
export interface VerifyLine {
  readonly row: Row;
  readonly args: Readonly<Record<string, string | number>>;
  readonly depth: number;
}

/** Why a peer was refused. Only `revoked` is for good; all others may heal without a change at the peer. */
export type RefusalReason =
  | 'revoked'
  | 'crl-expired'
  | 'crl-not-yet-valid'
  | 'crl-not-loaded'
  | 'crl-unusable'
  | 'expired'
  | 'not-yet-valid'
  | 'untrusted'
  | 'purpose'
  | 'fingerprint'
  | 'username'
  | 'ku'
  | 'eku'
  | 'name'
  | 'missing'
  | 'other';

/** A refusal: whose fault at which depth, in words for people. */
export interface VerifyRefusal {
  readonly why: RefusalReason;
  readonly depth: number;
  readonly text: string;
}

/** The verdict on a peer. */
export interface VerifyOutcome {
  /** What stock logs, in its order: from the root to the leaf, ending with the first error (facts: logging 13). */
  readonly lines: readonly VerifyLine[];
  /** The name by `x509-username-field`, also of refused peers where it can be told; undefined without a certificate. */
  readonly commonName: string | undefined;
  readonly refused: VerifyRefusal | undefined;
}

/** The longest chain that is walked; more is refused. */
export const MAX_CHAIN = 16;

/** Judges a peer. Checks in stock's order: chain and purpose, revocation, then from the root down dates and the leaf's own rules. */
export function verifyPeer(input: VerifyInput): VerifyOutcome {
  const [leaf] = input.chain;
  if (leaf === undefined) return withoutCertificate(input.rules);
  const lines: VerifyLine[] = [];
  const refused = judge(input, new Lines(lines));
  return { lines, commonName: usernameOf(leaf, input.rules.usernameField), refused };
}

function withoutCertificate(rules: VerifyRules): VerifyOutcome {
  if (rules.clientCertificate !== 'require') return { lines: [], commonName: undefined, refused: undefined };
  const text = 'peer did not return a certificate';
  const lines = [{ row: TLS.library, args: { error: `error:0A0000C7:SSL routines::${text}:` }, depth: 0 }];
  return { lines, commonName: undefined, refused: { why: 'missing', depth: 0, text } };
}

/** Collects lines; its refusing methods add the line and give the refusal. */
class Lines {
  readonly #lines: VerifyLine[];

  constructor(lines: VerifyLine[]) {
    this.#lines = lines;
  }

  add<T extends string>(depth: number, row: Row<T>, args: RowArgs<T>): void {
    this.#lines.push({ row, args, depth });
  }

  /** `VERIFY ERROR: depth=0, error=certificate has expired: CN=alice, serial=1`. */
  refuse(chain: readonly CertificateFacts[], refusal: VerifyRefusal): VerifyRefusal {
    const { depth, text } = refusal;
    const certificate = chain[depth];
    const subject = certificate?.subject ?? '';
    this.add(depth, VERIFY.error, { depth, reason: text, subject, serial: certificate?.serial ?? '0' });
    return refusal;
  }
}

function judge(input: VerifyInput, lines: Lines): VerifyRefusal | undefined {
  const { chain } = input;
  const malformed = chain.findIndex((certificate) => certificate.malformed);
  if (malformed >= 0) return lines.refuse(chain, { why: 'other', depth: malformed, text: 'certificate cannot be read' });
  const reason = reasonOf(input);
  if (reason?.stage === 'chain') return lines.refuse(chain, { why: reason.why, depth: depthOf(reason, chain), text: reason.text });
  return checkLists(input, lines) ?? walk(input, reason, lines);
}

/** What the library holds against the chain. It reports the last error: one that may not issue also has the wrong purpose. */
function reasonOf({ chain, chainError, rules }: VerifyInput): ChainReason | undefined {
  if (chainError === undefined || rules.fingerprintsInsteadOfCa === true) return undefined;
  const hidden = chainError === 'INVALID_PURPOSE' && notAuthority(chain) > 0;
  return chainReason(hidden ? 'INVALID_CA' : chainError);
}

/** Where a code points when it does not say the depth. */
function depthOf(reason: ChainReason, chain: readonly CertificateFacts[]): number {
  const top = chain.length - 1;
  if (reason.at === 'top') return top;
  if (reason.at === 'leaf') return 0;
  const depth = notAuthority(chain);
  return depth > 0 ? depth : top;
}

/** The depth of the first issuer that may not issue; -1 when all may. */
function notAuthority(chain: readonly CertificateFacts[]): number {
  return chain.findIndex((certificate, depth) => depth > 0 && certificate.isAuthority !== true);
}

/** Revocation lists of a file. */
function checkLists(input: VerifyInput, lines: Lines): VerifyRefusal | undefined {
  const { chain, crl, wall } = input;
  if (crl?.kind !== 'file') return undefined;
  const { missing, refused } = crl.store.check(chain, wall);
  for (const depth of missing) {
    lines.add(depth, VERIFY.crlMissing, { depth, reason: 'unable to get certificate CRL', subject: chain[depth]?.subject ?? '' });
  }
  if (refused !== undefined) return lines.refuse(chain, refused);
  if (crl.store.count > 0) return undefined;
  lines.add(chain.length - 1, VERIFY.crlNotLoaded, {});
  return { why: 'crl-not-loaded', depth: chain.length - 1, text: 'CRL not loaded' };
}

/** From the root down. A reason of the library that no certificate's dates explain is held against the leaf. */
function walk(input: VerifyInput, reason: ChainReason | undefined, lines: Lines): VerifyRefusal | undefined {
  const { chain, rules, wall } = input;
  for (const [depth, certificate] of [...chain.entries()].toReversed()) {
    const byFingerprint = rules.fingerprintsInsteadOfCa === true;
    const dates = byFingerprint ? undefined : checkDates(certificate, depth, wall);
    if (dates !== undefined) return lines.refuse(chain, dates);
    if (reason !== undefined && depth === 0) return lines.refuse(chain, { why: reason.why, depth, text: reason.text });
    const refused = checkCertificate(input, certificate, depth, lines);
    if (refused !== undefined) return refused;
    lines.add(depth, VERIFY.ok, { depth, subject: certificate.subject });
  }
  return undefined;
}

/** OpenSSL counts the very second of the end as past. */
function checkDates(certificate: CertificateFacts, depth: number, wall: WallTime): VerifyRefusal | undefined {
  if (certificate.notBefore > wall) return { why: 'not-yet-valid', depth, text: 'certificate is not yet valid' };
  if (certificate.notAfter <= wall) return { why: 'expired', depth, text: 'certificate has expired' };
  return undefined;
}

/** What OpenVPN itself checks of a certificate that the library let pass. */
function checkCertificate(input: VerifyInput, certificate: CertificateFacts, depth: number, lines: Lines): VerifyRefusal | undefined {
  if (certificate.subject === '') {
    lines.add(depth, VERIFY.noSubject, { depth });
    return { why: 'username', depth, text: 'the certificate has no subject' };
  }
  if (depth >= MAX_CHAIN) {
    lines.add(depth, VERIFY.chainTooLong, { depth, limit: MAX_CHAIN });
    return { why: 'untrusted', depth, text: `the certificate chain is longer than ${MAX_CHAIN}` };
  }
  const refused = depth === 0 ? checkLeaf(certificate, input.rules, lines) : undefined;
  if (refused !== undefined) return refused;
  if (input.crl?.kind === 'directory' && input.crl.isRevoked(certificate.serial)) {
    lines.add(depth, CRL.revoked, { depth, subject: certificate.subject, serial: certificate.serial });
    return { why: 'revoked', depth, text: 'certificate revoked' };
  }
  return undefined;
}

function checkLeaf(leaf: CertificateFacts, rules: VerifyRules, lines: Lines): VerifyRefusal | undefined {
  const username = usernameOf(leaf, rules.usernameField);
  if (username === undefined) {
    lines.add(0, VERIFY.noUsername, { field: rules.usernameField, subject: leaf.subject, limit: USERNAME_LIMIT });
    return { why: 'username', depth: 0, text: `the certificate has no usable ${rules.usernameField}` };
  }
  if (rules.fingerprints !== undefined && !rules.fingerprints.includes(leaf.sha256)) {
    lines.add(0, VERIFY.fingerprintError, { fingerprint: leaf.sha256 });
    return { why: 'fingerprint', depth: 0, text: 'the certificate is not among the configured fingerprints' };
  }
  const say = <T extends string>(row: Row<T>, args: RowArgs<T>): void => lines.add(0, row, args);
  if (!checkKeyUsage(leaf, rules, say)) return { why: 'ku', depth: 0, text: 'the key usage of the certificate does not fit' };
  if (!checkExtendedKeyUsage(leaf, rules, say))
    return { why: 'eku', depth: 0, text: 'the extended key usage of the certificate does not fit' };
  if (!checkName(leaf, username, rules, say)) return { why: 'name', depth: 0, text: 'the certificate has another name' };
  return undefined;
}
