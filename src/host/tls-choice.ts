import { nodeTlsCrypt, type TlsCryptCiphers } from '../protocol/wrap/tls-crypt-ciphers.ts';
import { loadOpenssl } from './openssl.ts';
import { NodeTlsDevice, type TlsDevice, type TlsListener } from './tls.ts';
import type { TlsMaterial } from './tls-context.ts';
import { nativeTlsCrypt } from './tls-crypt-native.ts';
import { NativeTlsDevice } from './tls-native.ts';

/** Makes a TLS device. Throws `KEY_MATERIAL` in stock's words. */
export type MakeTls = (material: TlsMaterial, listener: TlsListener) => TlsDevice;

/** What the control channel's cryptography is done by. */
export interface TlsChoice {
  readonly make: MakeTls;
  readonly tlsCrypt: TlsCryptCiphers;
  /** Why it is not the faster one. */
  readonly instead: string | undefined;
}

/** The faster one where this Node lets its OpenSSL be called, else what node:tls and node:crypto do. */
export async function chooseTls(load = loadOpenssl): Promise<TlsChoice> {
  const openssl = await load();
  if (!openssl.ok) {
    return { make: (material, listener) => new NodeTlsDevice(material, listener), tlsCrypt: nodeTlsCrypt, instead: openssl.error };
  }
  return {
    make: (material, listener) => new NativeTlsDevice(openssl.value, material, listener),
    tlsCrypt: nativeTlsCrypt(openssl.value),
    instead: undefined,
  };
}
