import type { LibraryHandle } from 'koffi';
import { reasonOf } from '../base/errors.ts';
import { fail, ok, type Result } from '../base/result.ts';

/**
 * OpenSSL as Node itself contains it: its executable exports the functions, and koffi calls them. Pointers are plain
 * numbers, 0 for none; whoever gets one from a `new` frees it. Of a shared Node these are the functions of its library.
 */
export interface Openssl {
  OpenSSL_version_num(): number;
  ERR_get_error(): number;
  ERR_clear_error(): void;
  ERR_error_string_n(error: number, into: Buffer, size: number): void;
  X509_verify_cert_error_string(error: number): string;

  BIO_new(method: number): number;
  BIO_s_mem(): number;
  BIO_read(bio: number, into: Buffer, size: number): number;
  BIO_write(bio: number, from: Buffer, size: number): number;
  BIO_free(bio: number): number;

  PEM_read_bio_X509(bio: number, into: number, callback: number, passphrase: Buffer): number;
  PEM_read_bio_PrivateKey(bio: number, into: number, callback: number, passphrase: Buffer): number;
  i2d_X509_bio(bio: number, certificate: number): number;
  X509_free(certificate: number): void;
  EVP_PKEY_free(key: number): void;
  EVP_PKEY_get_bits(key: number): number;
  EVP_PKEY_get_base_id(key: number): number;
  OBJ_nid2sn(nid: number): string;
  OPENSSL_sk_num(stack: number): number;
  OPENSSL_sk_value(stack: number, index: number): number;

  HMAC_CTX_new(): number;
  HMAC_CTX_free(context: number): void;
  HMAC_Init_ex(context: number, key: number, length: number, digest: number, engine: number): number;
  HMAC_Update(context: number, from: Buffer, size: number): number;
  HMAC_Final(context: number, into: Buffer, length: number): number;
  EVP_sha256(): number;
  EVP_CIPHER_CTX_new(): number;
  EVP_CIPHER_CTX_free(context: number): void;
  EVP_CipherInit_ex(context: number, cipher: number, engine: number, key: number, iv: Buffer, encrypt: number): number;
  EVP_CipherUpdate(context: number, into: Buffer, written: Buffer, from: Buffer, size: number): number;
  EVP_aes_256_ctr(): number;

  TLS_method(): number;
  SSL_CTX_new(method: number): number;
  SSL_CTX_free(context: number): void;
  SSL_CTX_ctrl(context: number, command: number, number: number, pointer: number): number;
  SSL_CTX_set_options(context: number, options: number): number;
  SSL_CTX_set_cipher_list(context: number, ciphers: string): number;
  SSL_CTX_set_ciphersuites(context: number, suites: string): number;
  SSL_CTX_set_security_level(context: number, level: number): void;
  SSL_CTX_set_num_tickets(context: number, count: number): number;
  SSL_CTX_use_certificate(context: number, certificate: number): number;
  SSL_CTX_use_PrivateKey(context: number, key: number): number;
  SSL_CTX_add_client_CA(context: number, certificate: number): number;
  SSL_CTX_get_cert_store(context: number): number;
  X509_STORE_add_cert(store: number, certificate: number): number;

  SSL_new(context: number): number;
  SSL_free(ssl: number): void;
  SSL_ctrl(ssl: number, command: number, number: number, pointer: number): number;
  SSL_set_bio(ssl: number, read: number, write: number): void;
  SSL_set_accept_state(ssl: number): void;
  SSL_set_connect_state(ssl: number): void;
  SSL_do_handshake(ssl: number): number;
  SSL_read(ssl: number, into: Buffer, size: number): number;
  SSL_write(ssl: number, from: Buffer, size: number): number;
  SSL_get_error(ssl: number, result: number): number;
  SSL_get_version(ssl: number): string;
  SSL_get_current_cipher(ssl: number): number;
  SSL_CIPHER_get_name(cipher: number): string;
  SSL_get_verify_result(ssl: number): number;
  SSL_get0_peer_certificate(ssl: number): number;
  SSL_get_peer_cert_chain(ssl: number): number;
}

/** Functions that take something else than numbers where others take pointers. */
interface Special {
  /** The group list is text where other commands have a pointer. */
  setGroups(context: number, command: number, number: number, groups: string): number;
  /** Asks for the peer's certificate, and goes on whatever is wrong with it: `SSL_get_verify_result` tells. */
  verifyButGoOn(context: number, mode: number): void;
  /** The key that the peer made for this session goes to `into`. */
  temporaryKey(ssl: number, command: number, number: number, into: Buffer): number;
  /** Gives a context its digest and key. */
  setHmacKey(context: number, key: Buffer, length: number, digest: number, engine: number): number;
  /** Gives a context its cipher and key. */
  setCipherKey(context: number, cipher: number, engine: number, key: Buffer, iv: Buffer, encrypt: number): number;
  /** Fills `into`; without a context, which differs from an empty one. */
  exportKey(ssl: number, into: Buffer, label: string): number;
}

/** All functions. */
export type OpensslLibrary = Openssl & Special;

let loading: Promise<Result<OpensslLibrary, string>> | undefined;

/**
 * The functions, or why there are none: this Node does not export them all, or those found are of another OpenSSL than the one
 * that Node was built with, whose layouts are not ours to guess.
 */
export function loadOpenssl(): Promise<Result<OpensslLibrary, string>> {
  loading ??= bind();
  return loading;
}

async function bind(): Promise<Result<OpensslLibrary, string>> {
  try {
    const { default: koffi } = await import('koffi');
    const library = koffi.load(null);
    const functions = prototypes((prototype) => library.func(prototype));
    const goOn = koffi.register(() => 1, koffi.pointer(koffi.proto('int TunnelscopeVerify(int ok, uintptr_t store)')));
    const setVerify = library.func('void SSL_CTX_set_verify(uintptr_t, int, TunnelscopeVerify *)');
    const exporter = library.func(
      'int SSL_export_keying_material(uintptr_t, void *, size_t, const char *, size_t, uintptr_t, size_t, int)',
    );
    const special: Special = {
      setGroups: library.func('long SSL_CTX_ctrl(uintptr_t, int, long, const char *)'),
      verifyButGoOn: (context, mode) => setVerify(context, mode, goOn),
      temporaryKey: library.func('long SSL_ctrl(uintptr_t, int, long, void *)'),
      setHmacKey: library.func('int HMAC_Init_ex(uintptr_t, void *, int, uintptr_t, uintptr_t)'),
      setCipherKey: library.func('int EVP_CipherInit_ex(uintptr_t, uintptr_t, uintptr_t, void *, void *, int)'),
      exportKey: (ssl, into, label) => exporter(ssl, into, into.length, label, Buffer.byteLength(label), 0, 0, 0),
    };
    return isOfNode(functions) ? ok({ ...functions, ...special }) : fail('the OpenSSL that was found is not the one of Node');
  } catch (error) {
    return fail(reasonOf(error));
  }
}

function prototypes(bound: (prototype: string) => ReturnType<LibraryHandle['func']>): Openssl {
  return {
    OpenSSL_version_num: bound('unsigned long OpenSSL_version_num()'),
    ERR_get_error: bound('unsigned long ERR_get_error()'),
    ERR_clear_error: bound('void ERR_clear_error()'),
    ERR_error_string_n: bound('void ERR_error_string_n(unsigned long, void *, size_t)'),
    X509_verify_cert_error_string: bound('const char * X509_verify_cert_error_string(long)'),
    BIO_new: bound('uintptr_t BIO_new(uintptr_t)'),
    BIO_s_mem: bound('uintptr_t BIO_s_mem()'),
    BIO_read: bound('int BIO_read(uintptr_t, void *, int)'),
    BIO_write: bound('int BIO_write(uintptr_t, void *, int)'),
    BIO_free: bound('int BIO_free(uintptr_t)'),
    PEM_read_bio_X509: bound('uintptr_t PEM_read_bio_X509(uintptr_t, uintptr_t, uintptr_t, void *)'),
    PEM_read_bio_PrivateKey: bound('uintptr_t PEM_read_bio_PrivateKey(uintptr_t, uintptr_t, uintptr_t, void *)'),
    i2d_X509_bio: bound('int i2d_X509_bio(uintptr_t, uintptr_t)'),
    X509_free: bound('void X509_free(uintptr_t)'),
    EVP_PKEY_free: bound('void EVP_PKEY_free(uintptr_t)'),
    EVP_PKEY_get_bits: bound('int EVP_PKEY_get_bits(uintptr_t)'),
    EVP_PKEY_get_base_id: bound('int EVP_PKEY_get_base_id(uintptr_t)'),
    OBJ_nid2sn: bound('const char * OBJ_nid2sn(int)'),
    OPENSSL_sk_num: bound('int OPENSSL_sk_num(uintptr_t)'),
    OPENSSL_sk_value: bound('uintptr_t OPENSSL_sk_value(uintptr_t, int)'),
    HMAC_CTX_new: bound('uintptr_t HMAC_CTX_new()'),
    HMAC_CTX_free: bound('void HMAC_CTX_free(uintptr_t)'),
    HMAC_Init_ex: bound('int HMAC_Init_ex(uintptr_t, uintptr_t, int, uintptr_t, uintptr_t)'),
    HMAC_Update: bound('int HMAC_Update(uintptr_t, void *, size_t)'),
    HMAC_Final: bound('int HMAC_Final(uintptr_t, void *, uintptr_t)'),
    EVP_sha256: bound('uintptr_t EVP_sha256()'),
    EVP_CIPHER_CTX_new: bound('uintptr_t EVP_CIPHER_CTX_new()'),
    EVP_CIPHER_CTX_free: bound('void EVP_CIPHER_CTX_free(uintptr_t)'),
    EVP_CipherInit_ex: bound('int EVP_CipherInit_ex(uintptr_t, uintptr_t, uintptr_t, uintptr_t, void *, int)'),
    EVP_CipherUpdate: bound('int EVP_CipherUpdate(uintptr_t, void *, void *, void *, int)'),
    EVP_aes_256_ctr: bound('uintptr_t EVP_aes_256_ctr()'),
    TLS_method: bound('uintptr_t TLS_method()'),
    SSL_CTX_new: bound('uintptr_t SSL_CTX_new(uintptr_t)'),
    SSL_CTX_free: bound('void SSL_CTX_free(uintptr_t)'),
    SSL_CTX_ctrl: bound('long SSL_CTX_ctrl(uintptr_t, int, long, uintptr_t)'),
    SSL_CTX_set_options: bound('uint64_t SSL_CTX_set_options(uintptr_t, uint64_t)'),
    SSL_CTX_set_cipher_list: bound('int SSL_CTX_set_cipher_list(uintptr_t, const char *)'),
    SSL_CTX_set_ciphersuites: bound('int SSL_CTX_set_ciphersuites(uintptr_t, const char *)'),
    SSL_CTX_set_security_level: bound('void SSL_CTX_set_security_level(uintptr_t, int)'),
    SSL_CTX_set_num_tickets: bound('int SSL_CTX_set_num_tickets(uintptr_t, size_t)'),
    SSL_CTX_use_certificate: bound('int SSL_CTX_use_certificate(uintptr_t, uintptr_t)'),
    SSL_CTX_use_PrivateKey: bound('int SSL_CTX_use_PrivateKey(uintptr_t, uintptr_t)'),
    SSL_CTX_add_client_CA: bound('int SSL_CTX_add_client_CA(uintptr_t, uintptr_t)'),
    SSL_CTX_get_cert_store: bound('uintptr_t SSL_CTX_get_cert_store(uintptr_t)'),
    X509_STORE_add_cert: bound('int X509_STORE_add_cert(uintptr_t, uintptr_t)'),
    SSL_new: bound('uintptr_t SSL_new(uintptr_t)'),
    SSL_free: bound('void SSL_free(uintptr_t)'),
    SSL_ctrl: bound('long SSL_ctrl(uintptr_t, int, long, uintptr_t)'),
    SSL_set_bio: bound('void SSL_set_bio(uintptr_t, uintptr_t, uintptr_t)'),
    SSL_set_accept_state: bound('void SSL_set_accept_state(uintptr_t)'),
    SSL_set_connect_state: bound('void SSL_set_connect_state(uintptr_t)'),
    SSL_do_handshake: bound('int SSL_do_handshake(uintptr_t)'),
    SSL_read: bound('int SSL_read(uintptr_t, void *, int)'),
    SSL_write: bound('int SSL_write(uintptr_t, void *, int)'),
    SSL_get_error: bound('int SSL_get_error(uintptr_t, int)'),
    SSL_get_version: bound('const char * SSL_get_version(uintptr_t)'),
    SSL_get_current_cipher: bound('uintptr_t SSL_get_current_cipher(uintptr_t)'),
    SSL_CIPHER_get_name: bound('const char * SSL_CIPHER_get_name(uintptr_t)'),
    SSL_get_verify_result: bound('long SSL_get_verify_result(uintptr_t)'),
    SSL_get0_peer_certificate: bound('uintptr_t SSL_get0_peer_certificate(uintptr_t)'),
    SSL_get_peer_cert_chain: bound('uintptr_t SSL_get_peer_cert_chain(uintptr_t)'),
  };
}

/** `3.0.19` is 0x300000130L: major in the upper four bits, minor in the next eight. */
function isOfNode(library: Openssl): boolean {
  const number = library.OpenSSL_version_num();
  const [major, minor] = process.versions.openssl.split('.').map(Number);
  return number >>> 28 === major && ((number >>> 20) & 0xff) === minor && major === 3;
}
