import { loadOpenssl } from './openssl.ts';
import { NodeTlsDevice, type TlsDevice, type TlsListener } from './tls.ts';
import type { TlsMaterial } from './tls-context.ts';
import { NativeTlsDevice } from './tls-native.ts';

/** Makes a TLS device. Throws `KEY_MATERIAL` in stock's words. */
export type MakeTls = (material: TlsMaterial, listener: TlsListener) => TlsDevice;

/** The faster device where this Node lets its OpenSSL be called, else the one over node:tls. */
export async function tlsMaker(): Promise<MakeTls> {
  const openssl = await loadOpenssl();
  if (openssl === undefined) return (material, listener) => new NodeTlsDevice(material, listener);
  return (material, listener) => new NativeTlsDevice(openssl, material, listener);
}
