import { type Authority, createAuthority, type Issued } from '../../src/cli/pki/authority.ts';

/** Certificates for unit tests: good ones, and one for each way to be refused. All keys are P-256 unless said. */
export interface TestPki {
  /** The moment they are made for: good ones are valid from an hour before it for a year. */
  readonly now: Date;
  /** `CN=Test CA`; issued all that follow but those of `foreign`. */
  readonly ca: Authority;
  /** `CN=Test Intermediate CA`, below `ca`. */
  readonly intermediate: Authority;
  /** Of the same name as `ca` but another key, so that only the signature tells them apart. */
  readonly foreignCa: Authority;
  /** `CN=server`, for server authentication. */
  readonly server: Issued;
  /** `CN=alice` and `CN=bob`, for client authentication. */
  readonly alice: Issued;
  readonly bob: Issued;
  /** `CN=rsa`, a client with an RSA key of 2048 bits. */
  readonly rsa: Issued;
  /** `CN=deep`, a client of `intermediate`; use its `chainPem`. */
  readonly deep: Issued;
  /** `CN=expired`: ended a day before `now`. */
  readonly expired: Issued;
  /** `CN=early`: begins a day after `now`. */
  readonly early: Issued;
  /** `CN=revoked`: on `crl`. */
  readonly revoked: Issued;
  /** `CN=alice` again, issued by `foreignCa`. */
  readonly foreign: Issued;
  /** `CN=wrong-purpose`, a client with a server's extended key usage. */
  readonly wrongPurpose: Issued;
  /** `CN=no-purpose`, a client without extended key usage. */
  readonly noPurpose: Issued;
  /** Lists of `ca` (with `revoked` on it) and of `intermediate` (empty), valid for a month. */
  readonly crl: string;
  readonly intermediateCrl: string;
  /** A list of `ca` that lapsed a day before `now`, with nobody on it. */
  readonly lapsedCrl: string;
}

const DAY = 86_400_000;
const made = new Map<number, Promise<TestPki>>();

/**
 * The certificates for tests, made once for each moment asked for. node:tls judges validity by the real clock: leave
 * `now` out wherever it takes part.
 */
export function testPki(now?: Date): Promise<TestPki> {
  const key = now?.getTime() ?? Number.NaN;
  const known = made.get(key);
  if (known !== undefined) return known;
  const making = makePki(now ?? new Date());
  made.set(key, making);
  return making;
}

async function makePki(now: Date): Promise<TestPki> {
  const days = (count: number): Date => new Date(now.getTime() + count * DAY);
  const ca = await createAuthority({ commonName: 'Test CA', days: 365, now });
  const foreignCa = await createAuthority({ commonName: 'Test CA', days: 365, now });
  const intermediate = await ca.issueAuthority({ commonName: 'Test Intermediate CA' });
  const client = (commonName: string, more: Partial<Parameters<Authority['issue']>[0]> = {}): Promise<Issued> =>
    ca.issue({ commonName, kind: 'client', ...more });
  const revoked = await client('revoked');
  return {
    now,
    ca,
    foreignCa,
    intermediate,
    server: await ca.issue({ commonName: 'server', kind: 'server' }),
    alice: await client('alice'),
    bob: await client('bob'),
    rsa: await client('rsa', { keyKind: 'rsa2048' }),
    deep: await intermediate.issue({ commonName: 'deep', kind: 'client' }),
    expired: await client('expired', { notBefore: days(-10), notAfter: days(-1) }),
    early: await client('early', { notBefore: days(1), notAfter: days(10) }),
    revoked,
    foreign: await foreignCa.issue({ commonName: 'alice', kind: 'client' }),
    wrongPurpose: await client('wrong-purpose', { purposes: ['serverAuth'] }),
    noPurpose: await client('no-purpose', { purposes: [] }),
    crl: await ca.crl({ revoked: [revoked], nextUpdate: days(30) }),
    intermediateCrl: await intermediate.crl({ revoked: [], nextUpdate: days(30) }),
    lapsedCrl: await ca.crl({ revoked: [], thisUpdate: days(-30), nextUpdate: days(-1) }),
  };
}
