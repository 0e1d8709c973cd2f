import { createCipheriv, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadOpenssl } from './openssl.ts';
import { nativeTlsCrypt } from './tls-crypt-native.ts';

const KEY = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const BYTES = fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes));

const openssl = await loadOpenssl();
if (!openssl.ok) throw new Error(openssl.error);
const ciphers = nativeTlsCrypt(openssl.value);

it('makes the tags and the ciphertext of node:crypto, packet after packet, each direction with keys of its own', () => {
  const counterOf = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes));
  const packets = fc.array(fc.record({ clear: BYTES, body: BYTES, counter: counterOf }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(KEY, KEY, KEY, packets, (encrypt, authenticate, other, sent) => {
      const direction = ciphers(encrypt, authenticate);
      const second = ciphers(other, other);
      for (const { clear, body, counter } of sent) {
        const tag = Buffer.alloc(32);
        direction.tag(clear, body, tag);
        expect(tag).toEqual(createHmac('sha256', authenticate).update(clear).update(body).digest());
        const into = Buffer.alloc(body.length);
        second.crypt(counter, body, Buffer.alloc(body.length));
        direction.crypt(counter, body, into);
        expect(into).toEqual(createCipheriv('aes-256-ctr', encrypt, counter).update(body));
        direction.crypt(counter, Buffer.from(into), into);
        expect(into).toEqual(body);
      }
    }),
  );
});
