import type { Result } from '../../base/result.ts';
import { fail, ok } from '../../base/result.ts';
import type { WallTime } from '../../base/units.ts';
import { nameKey, nameText, readName } from './certificate.ts';
import { DerReader, integerValue, oidText, TAG, timeValue } from './der.ts';
import { EXTENSIONS } from './oids.ts';

/** One revocation list. */
export interface Crl {
  /** As subjects are printed. */
  readonly issuer: string;
  /** Compares with `CertificateFacts.subjectKey` of the issuer. */
  readonly issuerKey: string;
  readonly thisUpdate: WallTime;
  /** Undefined when the list never expires. */
  readonly nextUpdate: WallTime | undefined;
  /** Serial numbers as `serialKey` writes them. */
  readonly revoked: ReadonlySet<string>;
  /** Lower-case hex; undefined without the extension. */
  readonly authorityKeyId: string | undefined;
  /** Which certificates of its issuer it speaks of. */
  readonly scope: 'all' | 'users' | 'authorities';
  /** It says something binding that we do not understand: nothing may pass on its word (RFC 5280 5.2). */
  readonly unhandledCritical: boolean;
  /** What the signature covers, and the signature. */
  readonly signed: Buffer;
  readonly signatureAlgorithm: Buffer;
  readonly signature: Buffer;
}

/** What a `crl-verify` file holds: the lists that could be read, and a word for each block that could not. */
export interface CrlFile {
  readonly crls: readonly Crl[];
  readonly faults: readonly string[];
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/g;
const PEM_LABELS = new Set(['X509 CRL', 'CRL']);

/** Reads all lists of a file: PEM blocks (others than CRLs are passed over), or one list in DER. */
export function readCrls(file: Buffer): CrlFile {
  const text = file.toString('latin1');
  const blocks = text.includes('-----BEGIN') ? pemBlocks(text) : [file];
  const crls: Crl[] = [];
  const faults: string[] = [];
  for (const [index, block] of blocks.entries()) {
    const crl = readCrl(block);
    if (crl.ok) crls.push(crl.value);
    else faults.push(`revocation list ${index + 1} of ${blocks.length}: ${crl.error}`);
  }
  if (blocks.length === 0) faults.push('it holds no revocation list');
  return { crls, faults };
}

function pemBlocks(text: string): Buffer[] {
  const blocks: Buffer[] = [];
  for (const [, label = '', body = ''] of text.matchAll(PEM_BLOCK)) {
    if (PEM_LABELS.has(label)) blocks.push(Buffer.from(body, 'base64'));
  }
  return blocks;
}

/** A serial number as the sets of revoked ones hold it. */
export function serialKey(serial: bigint): string {
  return serial.toString(16);
}

/** Reads one list in DER (RFC 5280 5.1). The error says what is wrong with it. */
export function readCrl(der: Buffer): Result<Crl, string> {
  const root = new DerReader(der);
  const list = root.enter(TAG.sequence);
  root.end();
  const signed = list.takeWhole(TAG.sequence);
  const signatureAlgorithm = list.takeWhole(TAG.sequence);
  const signature = list.take(TAG.bitString).subarray(1);
  list.end();

  const tbs = root.over(signed).enter(TAG.sequence);
  tbs.optional(TAG.integer);
  const innerAlgorithm = tbs.takeWhole(TAG.sequence);
  const issuer = readName(tbs);
  const thisUpdate = timeValue(tbs.any());
  const dated = tbs.peek() === TAG.utcTime || tbs.peek() === TAG.generalizedTime;
  const nextUpdate = dated ? timeValue(tbs.any()) : undefined;
  const entries = tbs.peek() === TAG.sequence ? readEntries(tbs.enter(TAG.sequence)) : NO_ENTRIES;
  const extensions = readExtensions(tbs);
  tbs.end();
  if (root.failed || thisUpdate === undefined || (dated && nextUpdate === undefined))
    return fail('it is not a revocation list, or damaged');
  if (!innerAlgorithm.equals(signatureAlgorithm)) return fail('it names two signature algorithms');
  if (extensions.delta) return fail('it only lists changes to another list (delta CRL), which is not supported');
  return ok({
    issuer: nameText(issuer),
    issuerKey: nameKey(issuer),
    thisUpdate: thisUpdate as WallTime,
    nextUpdate: nextUpdate as WallTime | undefined,
    revoked: entries.revoked,
    authorityKeyId: extensions.authorityKeyId,
    scope: extensions.scope,
    unhandledCritical: extensions.unhandledCritical || entries.unhandledCritical,
    signed,
    signatureAlgorithm,
    signature,
  });
}

interface Entries {
  readonly revoked: ReadonlySet<string>;
  readonly unhandledCritical: boolean;
}

const NO_ENTRIES: Entries = { revoked: new Set(), unhandledCritical: false };

function readEntries(list: DerReader): Entries {
  const revoked = new Set<string>();
  let unhandledCritical = false;
  while (!list.atEnd) {
    const entry = list.enter(TAG.sequence);
    revoked.add(serialKey(integerValue(entry.take(TAG.integer))));
    if (timeValue(entry.any()) === undefined) entry.fail();
    if (entry.atEnd) continue;
    const extensions = entry.enter(TAG.sequence);
    while (!extensions.atEnd) if (readExtension(extensions).critical) unhandledCritical = true;
    entry.end();
  }
  return { revoked, unhandledCritical };
}

interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Buffer;
}

function readExtension(list: DerReader): Extension {
  const extension = list.enter(TAG.sequence);
  const oid = oidText(extension.take(TAG.oid)) ?? '';
  const critical = (extension.optional(TAG.boolean)?.[0] ?? 0) !== 0;
  const value = extension.take(TAG.octetString);
  extension.end();
  return { oid, critical, value };
}

function readExtensions(tbs: DerReader): Pick<Crl, 'authorityKeyId' | 'scope' | 'unhandledCritical'> & { readonly delta: boolean } {
  const found = { authorityKeyId: undefined as string | undefined, scope: 'all' as Crl['scope'], unhandledCritical: false, delta: false };
  const explicit = tbs.optional(TAG.context0);
  if (explicit === undefined) return found;
  const list = tbs.over(explicit).enter(TAG.sequence);
  while (!list.atEnd) {
    const { oid, critical, value } = readExtension(list);
    if (oid === EXTENSIONS.authorityKeyId) {
      found.authorityKeyId = list.over(value).enter(TAG.sequence).optional(TAG.contextPrimitive0)?.toString('hex');
    } else if (oid === EXTENSIONS.deltaCrl) found.delta = true;
    else if (oid === EXTENSIONS.issuingDistributionPoint) {
      const scope = readScope(list.over(value).enter(TAG.sequence));
      if (scope === undefined) found.unhandledCritical = true;
      else found.scope = scope;
    } else if (critical && oid !== EXTENSIONS.crlNumber) found.unhandledCritical = true;
  }
  return found;
}

const ONLY_USERS = 0x81;
const ONLY_AUTHORITIES = 0x82;

/** The scope in an issuing distribution point; undefined for what we do not support: by reason, indirect, attributes. */
function readScope(point: DerReader): Crl['scope'] | undefined {
  let scope: Crl['scope'] | undefined = 'all';
  while (!point.atEnd) {
    const { tag, content } = point.any();
    if (tag === TAG.context0 || content[0] === 0) continue;
    if (tag === ONLY_USERS && scope === 'all') scope = 'users';
    else if (tag === ONLY_AUTHORITIES && scope === 'all') scope = 'authorities';
    else scope = undefined;
  }
  return scope;
}
