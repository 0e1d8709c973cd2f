import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type TestPki, testPki } from '../../test/support/pki.ts';
import { Secret } from '../base/secret.ts';
import type { Issued } from '../cli/pki/authority.ts';
import type { TlsEvent, TlsPeer, TlsRole } from '../protocol/tls.ts';
import { loadOpenssl, type OpensslLibrary } from './openssl.ts';
import { NodeTlsDevice, type TlsDevice, type TlsListener } from './tls.ts';
import type { TlsMaterial } from './tls-context.ts';
import { NativeTlsDevice } from './tls-native.ts';

let pki: TestPki;
let openssl: OpensslLibrary;

beforeAll(async () => {
  pki = await testPki();
  const found = await loadOpenssl();
  if (!found.ok) throw new Error(`half of these tests cannot be run: ${found.error}`);
  openssl = found.value;
});

type MakeDevice = (material: TlsMaterial, listener: TlsListener) => TlsDevice;

const overNode: MakeDevice = (own, listener) => new NodeTlsDevice(own, listener);
const native: MakeDevice = (own, listener) => new NativeTlsDevice(openssl, own, listener);

/** Both devices keep the same promises, whoever is at the other end. */
const PAIRS: readonly (readonly [name: string, server: MakeDevice, client: MakeDevice])[] = [
  ['node:tls at both ends', overNode, overNode],
  ['OpenSSL at both ends', native, native],
  ['node:tls as server', overNode, native],
  ['OpenSSL as server', native, overNode],
];

function material(own: Issued | undefined, more: Partial<TlsMaterial> = {}): TlsMaterial {
  return {
    cert: own && { name: 'own.crt', pem: own.chainPem },
    key: own && { name: 'own.key', pem: new Secret(own.keyPem) },
    ca: { name: 'ca.crt', pem: pki.ca.certPem },
    requestCertificate: true,
    ...more,
  };
}

/** One end: its device, and what it said and heard. */
class End {
  readonly device: TlsDevice;
  readonly role: TlsRole;
  readonly events: TlsEvent[] = [];
  readonly #sent: Buffer[] = [];
  peer: TlsPeer | undefined;
  other: End | undefined;

  constructor(make: MakeDevice, role: TlsRole, own: TlsMaterial) {
    this.role = role;
    this.device = make(own, (tls, event) => this.#hear(tls, event));
  }

  #hear(tls: number, event: TlsEvent): void {
    this.events.push(event);
    if (event.kind === 'established') this.peer = event.peer;
    if (event.kind !== 'ciphertext') return;
    this.#sent.push(event.bytes);
    setImmediate(() => this.other?.device.command({ kind: 'tls-feed', tls, bytes: event.bytes }));
  }

  /** The lengths of all TLS records sent, in order. */
  get records(): number[] {
    return recordLengths(Buffer.concat(this.#sent));
  }

  get texts(): string[] {
    return this.events.flatMap((event) => (event.kind === 'plaintext' ? [event.bytes.toString()] : []));
  }

  get failure(): string | undefined {
    return this.events.flatMap((event) => (event.kind === 'failed' ? [event.reason] : []))[0];
  }

  write(text: string): void {
    this.device.command({ kind: 'tls-write', tls: 1, message: Buffer.from(text) });
  }
}

function recordLengths(bytes: Buffer): number[] {
  const lengths: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) lengths.push(bytes.readUInt16BE(at + 3));
  return lengths;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything happen that is under way: each turn hands flights on, and a handshake has six. */
async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000 && !done(); turn++) await turns(1);
  expect(done()).toBe(true);
}

interface Pair {
  readonly server: End;
  readonly client: End;
}

describe.each(PAIRS)('%s', (_name, makeServer, makeClient) => {
  function open(serverMaterial: TlsMaterial, clientMaterial: TlsMaterial): Pair {
    const server = new End(makeServer, 'server', serverMaterial);
    const client = new End(makeClient, 'client', clientMaterial);
    server.other = client;
    client.other = server;
    for (const end of [server, client]) end.device.command({ kind: 'tls-open', tls: 1, role: end.role });
    return { server, client };
  }

  async function handshake(serverMaterial: TlsMaterial, clientMaterial: TlsMaterial): Promise<Pair> {
    const pair = open(serverMaterial, clientMaterial);
    await until(() => pair.server.peer !== undefined && pair.client.peer !== undefined);
    return pair;
  }

  async function failure(serverMaterial: TlsMaterial, clientMaterial: TlsMaterial): Promise<Pair> {
    const pair = open(serverMaterial, clientMaterial);
    await until(() => pair.server.failure !== undefined || pair.client.failure !== undefined);
    return pair;
  }

  describe.each(['TLSv1.2', 'TLSv1.3'] as const)('both roles by %s', (maxVersion) => {
    it('agree on version, cipher and exported keys, and see each other', async () => {
      // Newer OpenSSL prefers hybrid groups, whose names the log does not know.
      const { server, client } = await handshake(material(pki.server, { maxVersion, groups: 'X25519:prime256v1' }), material(pki.alice));
      expect(server.peer).toMatchObject({ version: maxVersion, cipher: client.peer?.cipher, chainError: undefined });
      expect(server.peer?.chain.map((certificate) => certificate.subject)).toEqual(['CN=alice', 'CN=Test CA']);
      expect(client.peer?.chain.map((certificate) => certificate.subject)).toEqual(['CN=server', 'CN=Test CA']);
      expect(client.peer).toMatchObject({ temporaryKey: '253 bits X25519', chainError: undefined });
      expect(server.peer?.temporaryKey).toBe(maxVersion === 'TLSv1.3' ? '253 bits X25519' : undefined);
      const key = server.peer?.exportKey('EXPORTER-OpenVPN-datakeys', 256);
      expect(key).toHaveLength(256);
      expect(client.peer?.exportKey('EXPORTER-OpenVPN-datakeys', 256)).toEqual(key);
      expect(client.peer?.exportKey('another', 256)).not.toEqual(key);
    });

    it('send each message as one record, also when many are written at once', async () => {
      const { server, client } = await handshake(material(pki.server, { maxVersion }), material(pki.alice));
      await turns(10);
      const before = server.records.length;
      const lengths = [700, 1000, 1, 2000, 300];
      for (const length of lengths) server.write('x'.repeat(length));
      await until(() => client.texts.join('').length === 4001);
      // 17 bytes of tag and inner type with TLS 1.3; 8 of nonce and 16 of tag with TLS 1.2.
      expect(server.records.slice(before)).toEqual(lengths.map((length) => length + (maxVersion === 'TLSv1.3' ? 17 : 24)));
      expect(client.texts.map((text) => text.length)).toEqual(lengths);
    });

    it('keep what is written before the handshake is done', async () => {
      const { server, client } = open(material(pki.server, { maxVersion }), material(pki.alice));
      server.write('early');
      client.write('bird');
      await until(() => client.texts.length > 0 && server.texts.length > 0);
      expect([client.texts, server.texts]).toEqual([['early'], ['bird']]);
    });
  });

  describe('the chain', () => {
    it.each([
      ['alice', undefined],
      ['rsa', undefined],
      ['expired', 'CERT_HAS_EXPIRED'],
      ['early', 'CERT_NOT_YET_VALID'],
      ['wrongPurpose', 'INVALID_PURPOSE'],
      ['foreign', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ] as const)('of %s is reported, not refused: %s', async (name, chainError) => {
      const { server } = await handshake(material(pki.server), material(pki[name]));
      expect(server.peer?.chainError).toBe(chainError);
      expect(server.peer?.chain[0]?.der).toEqual(new X509Certificate(pki[name].certPem).raw);
    });

    it('goes up to the root through what the peer sent', async () => {
      const { server } = await handshake(material(pki.server), material(pki.deep));
      expect(server.peer?.chain.map((certificate) => certificate.subject)).toEqual(['CN=deep', 'CN=Test Intermediate CA', 'CN=Test CA']);
      expect(server.peer?.chainError).toBeUndefined();
    });

    it('takes an authority for issuer before a look-alike that the peer sent', async () => {
      const disguised = { ...pki.alice, chainPem: pki.alice.certPem + pki.foreignCa.certPem };
      const { server } = await handshake(material(pki.server), material(disguised));
      expect(server.peer?.chain[1]?.der).toEqual(new X509Certificate(pki.ca.certPem).raw);
    });

    it('is not closed by a certificate that only bears the name of the issuer', async () => {
      const disguised = { ...pki.foreign, chainPem: pki.foreign.certPem + pki.ca.certPem };
      const { server } = await handshake(material(pki.server), material(disguised));
      expect(server.peer?.chain.map((certificate) => certificate.subject)).toEqual(['CN=alice']);
      expect(server.peer?.chainError).toBeDefined();
    });

    it('is empty without a certificate, which is no error here', async () => {
      const { server } = await handshake(material(pki.server), material(undefined));
      expect(server.peer).toMatchObject({ chain: [], chainError: undefined });
    });

    it('is not asked for when it is not wanted', async () => {
      const { server } = await handshake(material(pki.server, { requestCertificate: false }), material(pki.alice));
      expect(server.peer?.chain).toEqual([]);
    });

    it('trusts nobody without authorities', async () => {
      const { server } = await handshake(material(pki.server, { ca: undefined }), material(pki.alice));
      expect(server.peer?.chainError).toBeDefined();
      expect(server.peer?.chain[0]?.commonName).toBe('alice');
    });
  });

  describe('failures', () => {
    it('name the error as stock prints it, after the alert went out', async () => {
      const { server, client } = await failure(
        material(pki.server, { minVersion: 'TLSv1.3' }),
        material(pki.alice, { maxVersion: 'TLSv1.2' }),
      );
      expect(server.failure).toBe('error:0A000102:SSL routines::unsupported protocol:');
      expect(server.events.map((event) => event.kind)).toEqual(['ciphertext', 'failed']);
      await until(() => client.failure !== undefined);
      expect(client.failure).toContain('alert protocol version');
    });

    it('come of garbage, once, and leave nothing open', async () => {
      const { server } = open(material(pki.server), material(pki.alice));
      server.device.command({ kind: 'tls-feed', tls: 1, bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') });
      await until(() => server.failure !== undefined);
      server.device.command({ kind: 'tls-feed', tls: 1, bytes: Buffer.alloc(100) });
      server.write('nothing');
      await until(() => server.device.open === 0);
      expect(server.events.filter((event) => event.kind === 'failed')).toHaveLength(1);
    });

    it('come of too many messages that cannot be sent', async () => {
      const { server } = open(material(pki.server), material(pki.alice));
      for (let i = 0; i < 65; i++) server.write('x');
      expect(server.failure).toBeUndefined();
      await until(() => server.failure !== undefined);
      expect(server.failure).toBe('too many unsent control messages');
    });

    it('come of a message that is no single record', async () => {
      const { server } = await handshake(material(pki.server), material(pki.alice));
      server.write('x'.repeat(16_385));
      await until(() => server.failure !== undefined);
      expect(server.failure).toContain('longer than a TLS record');
    });

    it('do not come of closing, and closing says nothing', async () => {
      const { server, client } = await handshake(material(pki.server), material(pki.alice));
      await until(() => client.events.length > 2);
      const heard = [server.events.length, client.events.length];
      server.device.command({ kind: 'tls-close', tls: 1 });
      client.device.close();
      await turns(10);
      expect([server.events.length, client.events.length]).toEqual(heard);
      expect([server.device.open, client.device.open]).toEqual([0, 0]);
    });
  });

  describe('setContext', () => {
    it('is for sessions that open later', async () => {
      const { server, client } = open(material(pki.server), material(pki.alice));
      server.device.setContext(material(await pki.ca.issue({ commonName: 'renewed', kind: 'server' })));
      await until(() => client.peer !== undefined);
      expect(client.peer?.chain[0]?.commonName).toBe('server');
      for (const end of [server, client]) end.device.command({ kind: 'tls-close', tls: 1 });
      // What is still under way belongs to the first session.
      await turns(10);
      for (const end of [server, client]) {
        end.peer = undefined;
        end.device.command({ kind: 'tls-open', tls: 1, role: end.role });
      }
      await until(() => client.peer !== undefined);
      expect(client.peer).toMatchObject({ chain: [{ commonName: 'renewed' }, {}] });
    });

    it('changes nothing when it throws', async () => {
      const { server, client } = open(material(pki.server), material(pki.alice));
      expect(() => server.device.setContext(material(pki.server, { ca: { name: 'x', pem: '' } }))).toThrow('x');
      await until(() => client.peer !== undefined);
      expect(client.peer?.chain[0]?.commonName).toBe('server');
    });
  });
});
