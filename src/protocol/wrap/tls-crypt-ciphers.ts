import { createCipheriv, createHmac, createSecretKey } from 'node:crypto';

/** The keys of one direction of tls-crypt at work; of both kinds each is 32 bytes. */
export interface TlsCryptDirection {
  /** HMAC-SHA256 of one after the other, to the 32 bytes of `into`. */
  tag(clear: Buffer, body: Buffer, into: Buffer): void;
  /** AES-256-CTR, which is the same both ways: `body`, from a counter block of 16 bytes on, to as many bytes of `into`. */
  crypt(counter: Buffer, body: Buffer, into: Buffer): void;
}

/** Puts a direction's keys to work. Whoever calls OpenSSL without node:crypto between has a faster one. */
export type TlsCryptCiphers = (encrypt: Buffer, authenticate: Buffer) => TlsCryptDirection;

/** By node:crypto. */
export const nodeTlsCrypt: TlsCryptCiphers = (encrypt, authenticate) => {
  const encryptKey = createSecretKey(encrypt);
  const authenticateKey = createSecretKey(authenticate);
  return {
    tag(clear, body, into) {
      createHmac('sha256', authenticateKey).update(clear).update(body).digest().copy(into);
    },
    crypt(counter, body, into) {
      createCipheriv('aes-256-ctr', encryptKey, counter).update(body).copy(into);
    },
  };
};
