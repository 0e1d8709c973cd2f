import type { Row, RowArgs } from '../../messages/row.ts';
import { VERIFY } from '../../messages/verify.ts';
import type { CertificateFacts } from './certificate.ts';
import { EXTENDED_KEY_USAGES } from './oids.ts';
import type { VerifyRules } from './rules.ts';

/** Takes the lines that a check writes. */
export type Say = <T extends string>(row: Row<T>, args: RowArgs<T>) => void;

const PURPOSE_NAMES = { client: 'TLS Web Client Authentication', server: 'TLS Web Server Authentication' } as const;

/** `remote-cert-ku`, or the part of `remote-cert-tls` that asks for any key usage. True when satisfied. */
export function checkKeyUsage(leaf: CertificateFacts, rules: VerifyRules, say: Say): boolean {
  const allowed = rules.remoteCertKu ?? (rules.remoteCertTls === undefined ? undefined : []);
  if (allowed === undefined) return true;
  const fits = hasKeyUsage(leaf.keyUsage, allowed, say);
  say(fits ? VERIFY.keyUsageOk : VERIFY.keyUsageError, {});
  return fits;
}

function hasKeyUsage(found: number | undefined, allowed: readonly number[], say: Say): boolean {
  if (found === undefined) {
    say(VERIFY.keyUsageMissing, {});
    return false;
  }
  if (allowed.length === 0) return true;
  say(VERIFY.validatingKeyUsage, {});
  if (allowed.some((bits) => (found & bits) === bits)) return true;
  say(VERIFY.keyUsageFound, { found: hex4(found) });
  for (const bits of allowed) say(VERIFY.keyUsageExpected, { expected: hex4(bits) });
  return false;
}

function hex4(bits: number): string {
  return bits.toString(16).padStart(4, '0');
}

/** `remote-cert-eku`, or the part of `remote-cert-tls` that asks for an end's purpose. True when satisfied. */
export function checkExtendedKeyUsage(leaf: CertificateFacts, rules: VerifyRules, say: Say): boolean {
  const expected = rules.remoteCertEku ?? (rules.remoteCertTls === undefined ? undefined : PURPOSE_NAMES[rules.remoteCertTls]);
  if (expected === undefined) return true;
  const fits = hasExtendedKeyUsage(leaf.extendedKeyUsage, expected, say);
  say(fits ? VERIFY.extendedKeyUsageOk : VERIFY.extendedKeyUsageError, {});
  return fits;
}

/** Compares OpenSSL's long name first, then the OID, and says each comparison, as stock does. */
function hasExtendedKeyUsage(found: readonly string[] | undefined, expected: string, say: Say): boolean {
  if (found === undefined) {
    say(VERIFY.extendedKeyUsageMissing, {});
    return false;
  }
  say(VERIFY.validatingExtendedKeyUsage, {});
  for (const oid of found) {
    const name = EXTENDED_KEY_USAGES.find((usage) => usage.oid === oid)?.long ?? oid;
    say(VERIFY.extendedKeyUsageName, { found: name, expected });
    if (name === expected) return true;
    say(VERIFY.extendedKeyUsageOid, { found: oid, expected });
    if (oid === expected) return true;
  }
  return false;
}

/** `verify-x509-name`. True when satisfied. */
export function checkName(leaf: CertificateFacts, username: string, rules: VerifyRules, say: Say): boolean {
  const wanted = rules.verifyName;
  if (wanted === undefined) return true;
  const { subject } = leaf;
  const fits = { subject: subject === wanted.value, name: username === wanted.value, 'name-prefix': username.startsWith(wanted.value) };
  if (fits[wanted.type]) say(VERIFY.nameOk, { name: subject });
  else say(VERIFY.nameError, { subject, name: wanted.value });
  return fits[wanted.type];
}
