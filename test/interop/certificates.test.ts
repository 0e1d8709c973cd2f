import { createHash, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READY, SERVER, TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { requireInterop } from './support/require.ts';

const ALL = { sent: 5, received: 5 };
const ours = SERVER === 'ours';

/** SHA-256 of a certificate as `peer-fingerprint` wants it. */
function fingerprintOf(path: string): string {
  const hex = createHash('sha256')
    .update(new X509Certificate(readFileSync(path)).raw)
    .digest('hex');
  return (hex.match(/../g) ?? []).join(':').toUpperCase();
}

describe.skipIf(!requireInterop())('the certificate of a stock client', () => {
  const lab = useLab(['alice', 'bob']);

  it.each([
    ['by its whole subject', 'verify-x509-name "CN=alice"', 'verify-x509-name "CN=bob"', 'bob'],
    ['by its name', 'verify-x509-name alice name', 'verify-x509-name ali name', 'ali'],
    ['by what its name begins with', 'verify-x509-name ali name-prefix', 'verify-x509-name lice name-prefix', 'lice'],
  ])('is known %s', async (_how, right, wrong, wanted) => {
    const server = await lab.server({ lines: [right] });
    const alice = await lab.client('alice');
    await server.process.waitFor('VERIFY X509NAME OK: CN=alice');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    await server.process.stop();
    await alice.process.stop();
    const strict = await lab.server({ lines: [wrong] });
    await lab.client('alice', { wait: false });
    await strict.process.waitFor(new RegExp(`VERIFY X509NAME ERROR: CN=alice, must be (?:CN=)?${wanted}$`));
    expect(strict.process.matching('Peer Connection Initiated')).toEqual([]);
  });

  it.each([
    ['a name', 'remote-cert-eku "TLS Web Client Authentication"', 'remote-cert-eku "Code Signing"'],
    ['an OID', 'remote-cert-eku 1.3.6.1.5.5.7.3.2', 'remote-cert-eku 1.3.6.1.5.5.7.3.3'],
  ])('must have the purpose that remote-cert-eku gives by %s', async (_how, right, wrong) => {
    const server = await lab.server({ lines: [right] });
    const alice = await lab.client('alice');
    await server.process.waitFor('VERIFY EKU OK');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    await server.process.stop();
    await alice.process.stop();
    const strict = await lab.server({ lines: [wrong] });
    await lab.client('alice', { wait: false });
    await strict.process.waitFor('VERIFY EKU ERROR');
    expect(strict.process.matching('Peer Connection Initiated')).toEqual([]);
  });

  it('must be for clients with remote-cert-tls', async () => {
    const server = await lab.server({ lines: ['remote-cert-tls client'] });
    const alice = await lab.client('alice');
    await server.process.waitFor('VERIFY KU OK');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    const without = await lab.client(await lab.pki.client('nopurpose', { purposes: [] }), { host: 'bob', wait: false });
    await server.process.waitFor('VERIFY EKU ERROR');
    expect(without.process.matching(READY)).toEqual([]);
  });

  it('names the client by the field of x509-username-field', async () => {
    const server = await lab.server({ lines: ['x509-username-field serialNumber'] });
    const alice = await lab.client('alice');
    const serial = (await lab.identity('alice')).serial.toUpperCase();
    const name = await server.process.waitFor(/\] Peer Connection Initiated with/);
    expect(name.toUpperCase()).toContain(serial);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('may come from nobody when its fingerprint is known', async () => {
    const alice = await lab.identity('alice');
    const server = await lab.server({ without: ['ca'], lines: [`peer-fingerprint ${fingerprintOf(alice.cert)}`] });
    expect(await lab.ping(await lab.client('alice'), TUNNEL_SERVER4)).toEqual(ALL);
    const bob = await lab.client('bob', { wait: false });
    const got = fingerprintOf((await lab.identity('bob')).cert).toLowerCase();
    const refusal = 'TLS Error: --tls-verify/--peer-fingerprint certificate hash verification failed. (got certificate fingerprint:';
    await server.process.waitFor(`${refusal} ${got})`);
    expect(bob.process.matching(READY)).toEqual([]);
  });

  it('of a directory of serials is revoked as soon as a file of its serial is there', async () => {
    const directory = `${lab.network.folder}/revoked`;
    mkdirSync(directory);
    const server = await lab.server({ lines: [`crl-verify ${directory} dir`] });
    const alice = await lab.client('alice');
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    const serial = BigInt(`0x${(await lab.identity('alice')).serial}`);
    writeFileSync(`${directory}/${serial}`, '');
    alice.process.signal('SIGUSR1');
    await server.process.waitFor(`VERIFY CRL: depth=0, CN=alice, serial=${serial} is revoked`);
    if (ours) await alice.process.waitFor(/AUTH: Received control message: AUTH_FAILED$/);
  });

  it('is asked for and not demanded with verify-client-cert optional', async () => {
    const lines = ['script-security 3', `auth-user-pass-verify ${lab.script('exit 0')} via-env`, 'verify-client-cert optional'];
    await lab.server({ lines: [...lines, 'username-as-common-name'] });
    const login = `auth-user-pass ${lab.file('carol\nsecret\n', 0o600)}`;
    const bare = await lab.client('alice', { without: ['cert', 'key'], lines: [login] });
    expect(await lab.ping(bare, TUNNEL_SERVER4)).toEqual(ALL);
    const other = lab.file('dave\nsecret\n', 0o600);
    expect(await lab.ping(await lab.client('bob', { lines: [`auth-user-pass ${other}`] }), TUNNEL_SERVER4)).toEqual(ALL);
  });
});

describe.skipIf(!requireInterop())('an authority below another', () => {
  const lab = useLab(['alice']);

  it('without a list of its own is named at the start and when the list is read anew, and its clients still come in', async () => {
    const identity = await lab.pki.clientOfIntermediate('alice');
    const { intermediate } = identity;
    await lab.pki.writeCrl([]);
    const both = lab.file(readFileSync(lab.pki.ca, 'utf8') + intermediate.certPem);
    const server = await lab.server({ without: ['ca'], lines: [`ca ${both}`, `crl-verify ${lab.pki.crl}`] });
    const missing = `CRL: no list of issuer 'CN=alice issuer' in ${lab.pki.crl}`;
    if (ours) await server.process.waitFor(missing);
    const alice = await lab.client(identity);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
    let mark = alice.process.mark();
    await lab.pki.writeCrl([await lab.identity('bob')]);
    alice.process.signal('SIGUSR1');
    await alice.process.waitFor(READY, { from: mark });
    if (ours) expect(server.process.matching(missing)).toHaveLength(2);
    const list = await intermediate.crl({ revoked: [], nextUpdate: new Date(Date.now() + 86_400_000) });
    mark = alice.process.mark();
    await lab.pki.writeCrl([], 30, [list]);
    alice.process.signal('SIGUSR1');
    await server.process.waitFor('CRL: loaded 2 CRLs from file');
    await alice.process.waitFor(READY, { from: mark });
    // A stock server takes lists of a size that it has seen in the same second for the same.
    if (!ours) return;
    expect(server.process.matching(missing)).toHaveLength(2);
    const revoking = await intermediate.crl({ revoked: [identity], nextUpdate: new Date(Date.now() + 86_400_000) });
    await lab.pki.writeCrl([], 30, [revoking]);
    alice.process.signal('SIGUSR1');
    await server.process.waitFor('VERIFY ERROR: depth=0, error=certificate revoked: CN=alice');
  });
});

describe.skipIf(!requireInterop() || !ours)('a server that is told to read everything again', () => {
  const lab = useLab([]);

  it('names the authority without a list again, and no longer once it has one', async () => {
    const { intermediate } = await lab.pki.clientOfIntermediate('alice');
    await lab.pki.writeCrl([]);
    const both = lab.file(readFileSync(lab.pki.ca, 'utf8') + intermediate.certPem);
    const server = await lab.server({ without: ['ca'], lines: [`ca ${both}`, `crl-verify ${lab.pki.crl}`] });
    const missing = `CRL: no list of issuer 'CN=alice issuer' in ${lab.pki.crl}`;
    const reload = async (): Promise<number> => {
      const mark = server.process.mark();
      server.process.signal('SIGHUP');
      await server.process.waitFor(READY, { from: mark });
      return server.process.lines.slice(mark).filter((line) => line.includes(missing)).length;
    };
    expect(server.process.matching(missing)).toHaveLength(1);
    expect(await reload()).toBe(1);
    await lab.pki.writeCrl([], 30, [await intermediate.crl({ revoked: [], nextUpdate: new Date(Date.now() + 86_400_000) })]);
    expect(await reload()).toBe(0);
  });
});

describe.skipIf(!requireInterop())('what TLS may use', () => {
  const lab = useLab(['alice']);

  it.each([
    ['tls-cipher', 'tls-cipher TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256', 'tls-version-max 1.2', /TLSv1\.2 ECDHE-ECDSA-AES128-GCM-SHA256/],
    [
      'tls-cipher in the names of OpenSSL',
      'tls-cipher ECDHE-ECDSA-CHACHA20-POLY1305',
      'tls-version-max 1.2',
      /TLSv1\.2 ECDHE-ECDSA-CHACHA20-POLY1305/,
    ],
    ['tls-ciphersuites', 'tls-ciphersuites TLS_CHACHA20_POLY1305_SHA256', '', /TLSv1\.3 TLS_CHACHA20_POLY1305_SHA256/],
    ['tls-groups', 'tls-groups secp384r1', '', /peer temporary key: 384 bits ECsecp384r1/],
    ['tls-version-max', 'tls-version-max 1.2', '', /Control Channel: TLSv1\.2/],
    ['tls-version-min', 'tls-version-min 1.3', '', /Control Channel: TLSv1\.3/],
  ])('is limited by %s', async (_name, line, clientLine, expected) => {
    const server = await lab.server({ lines: [line] });
    const alice = await lab.client('alice', { lines: [clientLine] });
    expect(await server.process.waitFor('Control Channel:')).toMatch(expected);
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual(ALL);
  });

  it('leaves weak certificates out with tls-cert-profile', async () => {
    const weak = await lab.pki.client('alice', { keyKind: 'rsa2048' });
    const server = await lab.server({ lines: ['tls-cert-profile suiteb'] });
    const alice = await lab.client(weak, { wait: false });
    // Its key fits no signature that is left, so it shows none.
    await server.process.waitFor('peer did not return a certificate');
    expect(alice.process.matching(READY)).toEqual([]);
  });
});
