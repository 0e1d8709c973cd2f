import type { TlsCryptCiphers, TlsCryptDirection } from '../protocol/wrap/tls-crypt-ciphers.ts';
import type { OpensslLibrary } from './openssl.ts';

/** What OpenSSL keeps for a direction. */
interface Contexts {
  readonly hmac: number;
  readonly cipher: number;
}

/** Either way with the same operation. */
const ENCRYPT = 1;
const UNCHANGED = -1;

/** The keys of tls-crypt at work in the OpenSSL of Node: a sixth of what node:crypto takes, as nothing is made anew for a packet. */
export function nativeTlsCrypt(openssl: OpensslLibrary): TlsCryptCiphers {
  const unused = new FinalizationRegistry<Contexts>(({ hmac, cipher }) => {
    openssl.HMAC_CTX_free(hmac);
    openssl.EVP_CIPHER_CTX_free(cipher);
  });
  const written = Buffer.alloc(4);
  return (encrypt, authenticate) => {
    const hmac = openssl.HMAC_CTX_new();
    const cipher = openssl.EVP_CIPHER_CTX_new();
    const keyed = openssl.setHmacKey(hmac, authenticate, authenticate.length, openssl.EVP_sha256(), 0);
    const ready = openssl.setCipherKey(cipher, openssl.EVP_aes_256_ctr(), 0, encrypt, Buffer.alloc(16), ENCRYPT);
    if (keyed !== 1 || ready !== 1) throw new Error('OpenSSL does not take the keys of tls-crypt');
    const direction: TlsCryptDirection = {
      tag(clear, body, into) {
        openssl.HMAC_Init_ex(hmac, 0, 0, 0, 0);
        openssl.HMAC_Update(hmac, clear, clear.length);
        openssl.HMAC_Update(hmac, body, body.length);
        openssl.HMAC_Final(hmac, into, 0);
      },
      crypt(counter, body, into) {
        openssl.EVP_CipherInit_ex(cipher, 0, 0, 0, counter, UNCHANGED);
        openssl.EVP_CipherUpdate(cipher, into, written, body, body.length);
      },
    };
    unused.register(direction, { hmac, cipher });
    return direction;
  };
}
