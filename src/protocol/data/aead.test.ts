import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataKeys, opened, rawKeys, sealed, testKeys } from '../../../test/support/data-packets.ts';
import { DATA_OVERHEAD, LAST_ID, Opener, packetIdOf, Sealer } from './aead.ts';
import type { DataCipher } from './plane.ts';

interface Vector {
  readonly packet: string;
  readonly peerId: number;
  readonly keyId: number;
  readonly plaintext: string;
}

const golden = JSON.parse(readFileSync(new URL('../../../test/golden/wire/vectors.json', import.meta.url), 'utf8')) as Record<
  string,
  Vector
>;
const MATERIAL = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
const RECORDED: DataCipher[] = ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'];
const ALL: DataCipher[] = [...RECORDED, 'AES-192-GCM'];

function vector(end: 'client' | 'server', cipher: DataCipher): Vector {
  const found = golden[`data_v2_${end}_${cipher}`];
  if (found === undefined) throw new Error(`no vector for ${end} ${cipher}`);
  return { ...golden[`data_v2_client_${cipher}`], ...found };
}

describe('sealing and opening', () => {
  it.each(RECORDED.flatMap((cipher) => [[cipher, 'client'] as const, [cipher, 'server'] as const]))(
    'makes the recorded %s packet of a %s',
    (cipher, end) => {
      const { packet, peerId, keyId, plaintext } = vector(end, cipher);
      const keys = dataKeys(rawKeys(MATERIAL, cipher), end);
      const sealer = new Sealer(cipher, keys.send, peerId, keyId);
      expect(sealer.seal(Buffer.from(plaintext, 'hex'), 'v2')?.toString('hex')).toBe(packet);
      expect(sealer.lastId).toBe(1);
      const opener = new Opener(cipher, dataKeys(rawKeys(MATERIAL, cipher), end === 'client' ? 'server' : 'client').receive);
      expect(opener.open(Buffer.from(packet, 'hex'), 'v2')?.toString('hex')).toBe(plaintext);
    },
  );

  it.each(ALL.flatMap((cipher) => [[cipher, 'v1'] as const, [cipher, 'v2'] as const]))(
    'agrees with plain node:crypto on any %s %s packet',
    (cipher, format) => {
      const raw = testKeys(3, cipher);
      const keys = dataKeys(raw, 'server');
      fc.assert(
        fc.property(
          fc.uint8Array({ minLength: 1, maxLength: 2000 }),
          fc.nat(0xffffff),
          fc.nat(7),
          fc.integer({ min: 1, max: LAST_ID }),
          (bytes, peerId, keyId, id) => {
            const payload = Buffer.from(bytes);
            const packet = new Sealer(cipher, keys.send, peerId, keyId, id - 1).seal(payload, format) ?? Buffer.alloc(0);
            expect(packet.length).toBe(payload.length + DATA_OVERHEAD[format]);
            expect(packetIdOf(packet, format)).toBe(id);
            expect(opened(raw.server, packet)).toEqual({
              format,
              peerId: format === 'v2' ? peerId : undefined,
              keyId,
              packetId: id,
              payload,
            });
            const answer = sealed(raw.client, format === 'v2' ? peerId : undefined, keyId, id, payload);
            expect(new Opener(cipher, keys.receive).open(answer, format)).toEqual(payload);
          },
        ),
        { numRuns: 40 },
      );
    },
  );

  it('refuses a packet of which any bit was changed, and any part of it', () => {
    const raw = testKeys(1);
    const opener = new Opener('AES-256-GCM', dataKeys(raw, 'server').receive);
    const packet = sealed(raw.client, 5, 0, 9, Buffer.from('payload'));
    for (let bit = 0; bit < packet.length * 8; bit++) {
      const changed = Buffer.from(packet);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
      expect(opener.open(changed, 'v2')).toBeUndefined();
    }
    for (let cut = 0; cut < packet.length; cut++) expect(opener.open(packet.subarray(0, cut), 'v2')).toBeUndefined();
    expect(opener.open(packet, 'v2')?.toString()).toBe('payload');
  });

  it('refuses any random bytes', () => {
    const opener = new Opener('AES-128-GCM', dataKeys(testKeys(2, 'AES-128-GCM'), 'client').receive);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('v1' as const, 'v2' as const),
        (bytes, format) => opener.open(Buffer.from(bytes), format) === undefined,
      ),
    );
  });

  it('refuses an authentic packet without payload', () => {
    const raw = testKeys(1);
    expect(
      new Opener('AES-256-GCM', dataKeys(raw, 'server').receive).open(sealed(raw.client, 5, 0, 1, Buffer.alloc(0)), 'v2'),
    ).toBeUndefined();
  });

  it('does not touch the packet it opens nor the payload it seals', () => {
    const raw = testKeys(1);
    const packet = sealed(raw.client, 5, 0, 1, Buffer.from('abc'));
    const before = Buffer.from(packet);
    new Opener('AES-256-GCM', dataKeys(raw, 'server').receive).open(packet, 'v2');
    expect(packet).toEqual(before);
    const payload = Buffer.from('abc');
    new Sealer('AES-256-GCM', dataKeys(raw, 'server').send, 5, 0).seal(payload, 'v2');
    expect(payload.toString()).toBe('abc');
  });

  it('seals up to the last packet id and never again', () => {
    const sealer = new Sealer('AES-256-GCM', dataKeys(testKeys(1), 'server').send, 5, 0, LAST_ID - 2);
    expect([1, 2].map(() => packetIdOf(sealer.seal(Buffer.from('x'), 'v2') ?? Buffer.alloc(8), 'v2'))).toEqual([LAST_ID - 1, LAST_ID]);
    expect(sealer.seal(Buffer.from('x'), 'v2')).toBeUndefined();
    expect(sealer.seal(Buffer.from('x'), 'v1')).toBeUndefined();
    expect(sealer.lastId).toBe(LAST_ID);
  });

  it.each([
    ['a short key', 16, 8],
    ['a short nonce', 32, 4],
  ])('throws for %s', (_what, keyBytes, ivBytes) => {
    const key = { cipherKey: createSecretKey(Buffer.alloc(keyBytes, 1)), implicitIv: Buffer.alloc(ivBytes, 1) };
    expect(() => new Sealer('AES-256-GCM', key, 1, 0)).toThrow(/bytes/);
    expect(() => new Opener('AES-256-GCM', key)).toThrow(/bytes/);
  });
});
