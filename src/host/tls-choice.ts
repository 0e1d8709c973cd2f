import { loadOpenssl } from './openssl.ts';
import { NodeTlsDevice, type TlsDevice, type TlsListener } from './tls.ts';
import type { TlsMaterial } from './tls-context.ts';
import { NativeTlsDevice } from './tls-native.ts';

/** Makes a TLS device. Throws `KEY_MATERIAL` in stock's words. */
export type MakeTls = (material: TlsMaterial, listener: TlsListener) => TlsDevice;

/** Which TLS device there is. */
export interface TlsChoice {
  readonly make: MakeTls;
  /** Why it is not the faster one. */
  readonly instead: string | undefined;
}

/** The faster device where this Node lets its OpenSSL be called, else the one over node:tls. */
export async function chooseTls(load = loadOpenssl): Promise<TlsChoice> {
  const openssl = await load();
  if (!openssl.ok) return { make: (material, listener) => new NodeTlsDevice(material, listener), instead: openssl.error };
  return { make: (material, listener) => new NativeTlsDevice(openssl.value, material, listener), instead: undefined };
}
