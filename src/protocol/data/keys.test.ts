import { describe, expect, it } from 'vitest';
import { COUNTING_KEY } from '../../../test/support/vectors.ts';
import { dataKeysFrom } from './keys.ts';
import type { DataCipher, DirectionKey } from './plane.ts';

/** The first and last byte of a key and its implicit IV, and how long they are. */
function shape({ cipherKey, implicitIv }: DirectionKey): string {
  const key = cipherKey.export();
  return `${key[0]}..${key.at(-1)} x${key.length}, ${implicitIv[0]}..${implicitIv.at(-1)} x${implicitIv.length}`;
}

describe('dataKeysFrom', () => {
  it.each<[DataCipher, string, string]>([
    ['AES-128-GCM', '0..15 x16, 64..71 x8', '128..143 x16, 192..199 x8'],
    ['AES-192-GCM', '0..23 x24, 64..71 x8', '128..151 x24, 192..199 x8'],
    ['AES-256-GCM', '0..31 x32, 64..71 x8', '128..159 x32, 192..199 x8'],
    ['CHACHA20-POLY1305', '0..31 x32, 64..71 x8', '128..159 x32, 192..199 x8'],
  ])('cuts %s out of the first half for what clients send, of the second for what servers send', (cipher, toServer, toClient) => {
    const client = dataKeysFrom(COUNTING_KEY, cipher, 'client');
    const server = dataKeysFrom(COUNTING_KEY, cipher, 'server');
    expect(client?.cipher).toBe(cipher);
    expect([client, server].map((keys) => keys && [shape(keys.send), shape(keys.receive)])).toEqual([
      [toServer, toClient],
      [toClient, toServer],
    ]);
  });

  it('keeps nothing of the material, which may be wiped', () => {
    const material = Buffer.from(COUNTING_KEY);
    const keys = dataKeysFrom(material, 'AES-256-GCM', 'client');
    material.fill(0);
    expect(keys && shape(keys.send)).toBe('0..31 x32, 64..71 x8');
  });

  it.each([0, 128])('refuses a cipher key of zeros at %i', (zeros) => {
    const material = Buffer.from(COUNTING_KEY).fill(0, zeros, zeros + 16);
    expect(dataKeysFrom(material, 'AES-128-GCM', 'server')).toBeUndefined();
    expect(dataKeysFrom(material, 'AES-256-GCM', 'server')).toBeDefined();
  });

  it('wants 256 bytes', () => {
    expect(() => dataKeysFrom(COUNTING_KEY.subarray(1), 'AES-256-GCM', 'client')).toThrow(/255/);
  });
});
