import type { OpensslLibrary } from './openssl.ts';
import { contextWords, type TlsMaterial } from './tls-context.ts';

/** Numbers of OpenSSL's headers, which stay for good. */
const SSL_CTRL = { mode: 33, extraChainCert: 14, sessionCache: 44, groups: 92, dhAuto: 118, minProtocol: 123, maxProtocol: 124 };
const SSL_MODE_RELEASE_BUFFERS = 0x10;
const SSL_SESS_CACHE_OFF = 0;
const SSL_VERIFY_PEER = 1;
const PROTOCOLS = { TLSv1: 0x0301, 'TLSv1.1': 0x0302, 'TLSv1.2': 0x0303, 'TLSv1.3': 0x0304 };
/** The end of a PEM text is told as an error. */
const NO_PASSPHRASE = Buffer.from('\0');

/** An SSL_CTX of OpenSSL. Sessions hold it beyond `free`. */
export interface NativeContext {
  readonly pointer: number;
  free(): void;
}

/** Makes a context of material that `createTlsContext` has taken already; undefined when OpenSSL refuses it all the same. */
export function nativeContext(openssl: OpensslLibrary, material: TlsMaterial): NativeContext | undefined {
  const pointer = openssl.SSL_CTX_new(openssl.TLS_method());
  if (pointer === 0) return undefined;
  const context: NativeContext = { pointer, free: () => openssl.SSL_CTX_free(pointer) };
  const made = setWords(openssl, pointer, material) && setOwn(openssl, pointer, material) && setAuthorities(openssl, pointer, material);
  openssl.ERR_clear_error();
  if (made) return context;
  context.free();
  return undefined;
}

function setWords(openssl: OpensslLibrary, context: number, material: TlsMaterial): boolean {
  const words = contextWords(material);
  openssl.SSL_CTX_set_options(context, words.options);
  openssl.SSL_CTX_set_security_level(context, words.securityLevel);
  openssl.SSL_CTX_ctrl(context, SSL_CTRL.mode, SSL_MODE_RELEASE_BUFFERS, 0);
  openssl.SSL_CTX_ctrl(context, SSL_CTRL.sessionCache, SSL_SESS_CACHE_OFF, 0);
  if (material.requestCertificate) openssl.verifyButGoOn(context, SSL_VERIFY_PEER);
  return (
    openssl.SSL_CTX_set_num_tickets(context, 0) === 1 &&
    openssl.SSL_CTX_set_ciphersuites(context, words.suites) === 1 &&
    openssl.SSL_CTX_set_cipher_list(context, words.ciphers) === 1 &&
    openssl.SSL_CTX_ctrl(context, SSL_CTRL.minProtocol, PROTOCOLS[words.minVersion], 0) === 1 &&
    openssl.SSL_CTX_ctrl(context, SSL_CTRL.maxProtocol, PROTOCOLS[words.maxVersion], 0) === 1 &&
    openssl.SSL_CTX_ctrl(context, SSL_CTRL.dhAuto, 1, 0) === 1 &&
    (words.groups === undefined || openssl.setGroups(context, SSL_CTRL.groups, 0, words.groups) === 1)
  );
}

function setOwn(openssl: OpensslLibrary, context: number, { cert, key, extraCerts, passphrase }: TlsMaterial): boolean {
  if (cert === undefined || key === undefined) return true;
  const [own, ...more] = readAll(openssl, [cert.pem, extraCerts?.pem ?? ''].join('\n'));
  const word = passphrase === undefined ? NO_PASSPHRASE : Buffer.from(`${passphrase.reveal()}\0`);
  const secret = withText(openssl, key.pem.reveal(), (bio) => openssl.PEM_read_bio_PrivateKey(bio, 0, 0, word));
  word.fill(0);
  const used =
    own !== undefined &&
    secret !== 0 &&
    openssl.SSL_CTX_use_certificate(context, own) === 1 &&
    openssl.SSL_CTX_use_PrivateKey(context, secret) === 1;
  if (own !== undefined) openssl.X509_free(own);
  if (secret !== 0) openssl.EVP_PKEY_free(secret);
  // The context owns an extra certificate once it took it.
  return more.map((extra) => openssl.SSL_CTX_ctrl(context, SSL_CTRL.extraChainCert, 0, extra) === 1).every(Boolean) && used;
}

function setAuthorities(openssl: OpensslLibrary, context: number, { ca }: TlsMaterial): boolean {
  const store = openssl.SSL_CTX_get_cert_store(context);
  for (const authority of ca === undefined ? [] : readAll(openssl, ca.pem)) {
    openssl.X509_STORE_add_cert(store, authority);
    openssl.SSL_CTX_add_client_CA(context, authority);
    openssl.X509_free(authority);
  }
  return true;
}

function readAll(openssl: OpensslLibrary, pem: string): number[] {
  return withText(openssl, pem, (bio) => {
    const found: number[] = [];
    for (;;) {
      const certificate = openssl.PEM_read_bio_X509(bio, 0, 0, NO_PASSPHRASE);
      if (certificate === 0) return found;
      found.push(certificate);
    }
  });
}

function withText<T>(openssl: OpensslLibrary, text: string, read: (bio: number) => T): T {
  const bio = openssl.BIO_new(openssl.BIO_s_mem());
  const bytes = Buffer.from(text);
  openssl.BIO_write(bio, bytes, bytes.length);
  bytes.fill(0);
  try {
    return read(bio);
  } finally {
    openssl.BIO_free(bio);
  }
}
