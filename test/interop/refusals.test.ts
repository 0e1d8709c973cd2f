import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { READY, SERVER, TUNNEL_SERVER4 } from './support/daemons.ts';
import { useLab } from './support/lab.ts';
import { TestPki } from './support/pki.ts';
import { requireInterop } from './support/require.ts';
import { eventually } from './support/running.ts';

/** Stock refuses bad certificates inside TLS and the client only sees its handshake time out; ours tells the client. */
const ours = SERVER === 'ours';

describe.skipIf(!requireInterop())('a stock client is refused', () => {
  const lab = useLab(['alice']);

  it('when its certificate is revoked, for good', async () => {
    const mallory = await lab.pki.client('mallory');
    await lab.pki.writeCrl([mallory]);
    const server = await lab.server({ lines: [`crl-verify ${lab.pki.crl}`] });
    const client = await lab.client(mallory, { host: 'alice', wait: false });
    const serial = BigInt(`0x${mallory.serial}`);
    await server.process.waitFor(`VERIFY ERROR: depth=0, error=certificate revoked: CN=mallory, serial=${serial}`);
    if (!ours) return;
    await client.process.waitFor(/AUTH: Received control message: AUTH_FAILED$/);
    expect((await client.process.ended).code).not.toBeNull();
    expect(server.process.matching('Peer Connection Initiated')).toEqual([]);
  });

  it.each([
    ['has ended', 'certificate has expired', (pki: TestPki) => pki.expiredClient('ended')],
    [
      'has not begun',
      'certificate is not yet valid',
      (pki: TestPki) => pki.client('early', { notBefore: new Date(Date.now() + 3_600_000) }),
    ],
    ['is for servers', 'unsuitable certificate purpose', (pki: TestPki) => pki.client('purpose', { purposes: ['serverAuth'] })],
  ])('when its certificate %s', async (_what, reason, make) => {
    const server = await lab.server();
    const client = await lab.client(await make(lab.pki), { host: 'alice', wait: false });
    await server.process.waitFor(`VERIFY ERROR: depth=0, error=${reason}`);
    if (ours) await client.process.waitFor(/AUTH: Received control message: AUTH_FAILED,TEMP/);
    expect(server.process.matching('Peer Connection Initiated')).toEqual([]);
  });

  it('when a foreign authority signed its certificate', async () => {
    const foreign = await TestPki.create(`${lab.network.folder}/foreign`, 'Another CA');
    const server = await lab.server();
    const stranger = await foreign.client('stranger');
    const client = await lab.client({ ...stranger, ca: lab.pki.ca }, { host: 'alice', wait: false });
    await server.process.waitFor(/VERIFY ERROR: depth=0, error=unable to get (?:local )?issuer certificate: CN=stranger/);
    if (ours) await client.process.waitFor(/AUTH: Received control message: AUTH_FAILED,TEMP/);
    expect(client.process.matching(READY)).toEqual([]);
  });

  it('when it has no certificate', async () => {
    const server = await lab.server();
    await lab.client('alice', { without: ['cert', 'key'], lines: [`auth-user-pass ${lab.file('alice\nsecret\n')}`], wait: false });
    await server.process.waitFor('peer did not return a certificate');
  });

  it('when it knows CBC ciphers only', async () => {
    const server = await lab.server();
    const client = await lab.client('alice', { lines: ['data-ciphers AES-256-CBC'], wait: false });
    await client.process.waitFor('AUTH_FAILED,Data channel cipher negotiation failed (no shared cipher)');
    await server.process.waitFor(
      "PUSH: No common cipher between server and client. Server data-ciphers: 'AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305', client supported ciphers 'AES-256-CBC'",
    );
  });

  it('when its TLS is older than the server takes', async () => {
    const server = await lab.server({ lines: ['tls-version-min 1.3'] });
    const client = await lab.client('alice', { lines: ['tls-version-max 1.2'], wait: false });
    await server.process.waitFor('TLS_ERROR: BIO read tls_read_plaintext error');
    expect(client.process.matching(READY)).toEqual([]);
  });

  it('when its control channel key is another: the server does not answer, and says so once', async () => {
    const server = await lab.server();
    const client = await lab.client('alice', {
      wrap: 'none',
      lines: [`tls-crypt ${lab.pki.foreignStaticKey()}`, 'connect-timeout 3'],
      wait: false,
    });
    await server.process.waitFor('tls-crypt unwrap error: packet authentication failed');
    expect(client.process.matching('TLS: Initial packet from')).toEqual([]);
  });

  it('when the name that it wants of the server is another', async () => {
    const server = await lab.server();
    const client = await lab.client('alice', { lines: ['verify-x509-name another name'], wait: false });
    await client.process.waitFor('VERIFY X509NAME ERROR: CN=server, must be another');
    await server.process.waitFor('Connection reset, restarting', { within: 1 }).catch(() => undefined);
    expect(server.process.matching('Peer Connection Initiated')).toEqual([]);
  });

  it('when the server wants another name of it', async () => {
    const server = await lab.server({ lines: ['verify-x509-name office- name-prefix'] });
    const client = await lab.client('alice', { wait: false });
    await server.process.waitFor('VERIFY X509NAME ERROR: CN=alice, must be office-');
    if (ours) await client.process.waitFor(/AUTH: Received control message: AUTH_FAILED,TEMP/);
  });
});

describe.skipIf(!requireInterop() || !ours)('a revocation list that lapses', () => {
  const lab = useLab(['alice', 'bob']);

  it('keeps clients out only until it is renewed, and ends none of them', async () => {
    await lab.pki.writeCrl([], -1);
    const server = await lab.server({ lines: [`crl-verify ${lab.pki.crl}`] });
    const alice = await lab.client('alice', { wait: false });
    const bob = await lab.client('bob', { wait: false });
    for (const client of [alice, bob]) await client.process.waitFor(/AUTH: Received control message: AUTH_FAILED,TEMP/);
    // The log may be written a moment after the clients hear of it.
    await eventually('both refusals in the log', () => server.process.matching('error=CRL has expired').length >= 2);
    // Both must have come back to try again, of their own.
    for (const client of [alice, bob]) await client.process.waitFor('TLS: Initial packet', { from: client.process.mark() });
    await lab.pki.writeCrl([]);
    for (const client of [alice, bob]) {
      await client.process.waitFor(READY);
      expect(client.process.alive).toBe(true);
      expect(await lab.ping(client, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    }
  });

  it('that is replaced by one that revokes a client keeps that client out at its next connection', async () => {
    await lab.pki.writeCrl([]);
    const server = await lab.server({ lines: [`crl-verify ${lab.pki.crl}`] });
    const alice = await lab.client('alice');
    await lab.pki.writeCrl([await lab.identity('alice')]);
    alice.process.signal('SIGUSR1');
    await server.process.waitFor('error=certificate revoked: CN=alice');
    await alice.process.waitFor(/AUTH: Received control message: AUTH_FAILED$/);
  });
});

describe.skipIf(!requireInterop())('revocation below an intermediate authority', () => {
  const lab = useLab(['alice']);
  const inAMonth = (): Date => new Date(Date.now() + 30 * 86_400_000);

  it('is seen in the list of that authority', async () => {
    const dept = await lab.pki.clientOfIntermediate('dept');
    await lab.pki.writeCrl([], 30, [await dept.intermediate.crl({ revoked: [dept], nextUpdate: inAMonth() })]);
    const server = await lab.server({ lines: [`crl-verify ${lab.pki.crl}`] });
    await lab.client(dept, { host: 'alice', wait: false });
    await server.process.waitFor('VERIFY ERROR: depth=0, error=certificate revoked: CN=dept');
  });

  it('cannot be seen without that list: the client is let in, and the log warns', async () => {
    await lab.pki.writeCrl([]);
    const dept = await lab.pki.clientOfIntermediate('dept');
    const server = await lab.server({ lines: [`crl-verify ${lab.pki.crl}`] });
    const client = await lab.client(dept, { host: 'alice' });
    expect(await lab.ping(client, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
    await server.process.waitFor('VERIFY WARNING: depth=0, unable to get certificate CRL: CN=dept');
  });

  it.skipIf(!ours)('an authority without a list is named at the start and at each reload', async () => {
    const dept = await lab.pki.clientOfIntermediate('dept');
    const bundle = lab.file(readFileSync(lab.pki.ca, 'utf8') + dept.intermediate.certPem);
    await lab.pki.writeCrl([]);
    const server = await lab.server({ without: ['ca'], lines: [`ca ${bundle}`, `crl-verify ${lab.pki.crl}`] });
    const named = "CRL: no list of issuer 'CN=dept issuer'";
    await server.process.waitFor(named);
    const mark = server.process.mark();
    server.process.signal('SIGHUP');
    await server.process.waitFor(named, { from: mark });
  });

  it('takes an intermediate authority out with all below it', async () => {
    const dept = await lab.pki.clientOfIntermediate('dept');
    const branch = { ...dept, serial: dept.intermediate.serial };
    await lab.pki.writeCrl([branch], 30, [await dept.intermediate.crl({ revoked: [], nextUpdate: inAMonth() })]);
    const server = await lab.server({ lines: [`crl-verify ${lab.pki.crl}`] });
    await lab.client(dept, { host: 'alice', wait: false });
    await server.process.waitFor('VERIFY ERROR: depth=1, error=certificate revoked: CN=dept issuer');
  });
});

describe.skipIf(!requireInterop())('further demands on certificates', () => {
  const lab = useLab(['alice']);

  it.each([
    ['remote-cert-tls client', []],
    ['remote-cert-eku "TLS Web Client Authentication"', []],
    ['verify-x509-name alice name', []],
    ['tls-cert-profile preferred', ['tls-cert-profile preferred']],
  ])('%s is met by a proper client', async (line, clientLines) => {
    await lab.server({ lines: [line] });
    const alice = await lab.client('alice', { lines: clientLines });
    expect(await lab.ping(alice, TUNNEL_SERVER4)).toEqual({ sent: 5, received: 5 });
  });

  it('remote-cert-tls client is not met by a certificate without purposes', async () => {
    const server = await lab.server({ lines: ['remote-cert-tls client'] });
    await lab.client(await lab.pki.client('plain', { purposes: [] }), { host: 'alice', wait: false });
    await server.process.waitFor('Certificate does not have extended key usage extension');
  });
});
