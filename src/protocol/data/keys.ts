import { createSecretKey } from 'node:crypto';
import { TunnelscopeError } from '../../base/errors.ts';
import type { DataCipher, DataKeys, DirectionKey } from './plane.ts';

export type { DataCipher, DataKeys };

/** Bytes of the key material that one negotiation yields, called key2 (facts: wire 14). */
export const KEY2_LENGTH = 256;

/** Key lengths in bytes of the data ciphers. */
export const CIPHER_KEY_LENGTH: Readonly<Record<DataCipher, number>> = {
  'AES-128-GCM': 16,
  'AES-192-GCM': 24,
  'AES-256-GCM': 32,
  'CHACHA20-POLY1305': 32,
};

/** Where a direction's 64-byte cipher slot begins; its HMAC slot follows. */
const DIRECTION_AT = { 'client-to-server': 0, 'server-to-client': 128 } as const;
const HMAC_SLOT = 64;
const IMPLICIT_IV_LENGTH = 8;

/**
 * The keys of both directions as the end in `role` uses them. Undefined when a cipher key is all zero, which no honest
 * negotiation yields. `key2` may be wiped afterwards.
 */
export function dataKeysFrom(key2: Buffer, cipher: DataCipher, role: 'server' | 'client'): DataKeys | undefined {
  if (key2.length !== KEY2_LENGTH) throw new TunnelscopeError('BUG', `data keys need ${KEY2_LENGTH} bytes, not ${key2.length}`);
  const toServer = directionKey(key2, cipher, 'client-to-server');
  const toClient = directionKey(key2, cipher, 'server-to-client');
  if (toServer === undefined || toClient === undefined) return undefined;
  return role === 'server' ? { cipher, send: toClient, receive: toServer } : { cipher, send: toServer, receive: toClient };
}

/** The implicit part of the nonce comes from the HMAC slot, which AEAD ciphers need for nothing else. */
function directionKey(key2: Buffer, cipher: DataCipher, direction: keyof typeof DIRECTION_AT): DirectionKey | undefined {
  const at = DIRECTION_AT[direction];
  const cipherKey = key2.subarray(at, at + CIPHER_KEY_LENGTH[cipher]);
  if (cipherKey.every((byte) => byte === 0)) return undefined;
  const ivAt = at + HMAC_SLOT;
  return { cipherKey: createSecretKey(cipherKey), implicitIv: Buffer.from(key2.subarray(ivAt, ivAt + IMPLICIT_IV_LENGTH)) };
}
