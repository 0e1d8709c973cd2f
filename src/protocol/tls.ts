import type { CertificateFacts } from './verify/certificate.ts';

/**
 * TLS is a device to the core: it is handed ciphertext and messages, and answers with events. One TLS session a key
 * state; the core names each by a number of its own. `host/tls.ts` is the real device, the simulator brings a fake.
 */

/** A VPN server is always TLS server, also in renegotiations that it starts itself. */
export type TlsRole = 'server' | 'client';

/** What a machine asks of its TLS device. */
export type TlsCommand =
  | { readonly kind: 'tls-open'; readonly tls: number; readonly role: TlsRole }
  /** Ciphertext from the peer, in order. */
  | { readonly kind: 'tls-feed'; readonly tls: number; readonly bytes: Buffer }
  /** One control message, sent as exactly one TLS record (facts: wire 7). */
  | { readonly kind: 'tls-write'; readonly tls: number; readonly message: Buffer }
  /** Ends the session without another byte to the peer. */
  | { readonly kind: 'tls-close'; readonly tls: number };

/** What a TLS device tells its machine, per TLS session and in order. */
export type TlsEvent =
  | { readonly kind: 'ciphertext'; readonly bytes: Buffer }
  | { readonly kind: 'established'; readonly peer: TlsPeer }
  | { readonly kind: 'plaintext'; readonly bytes: Buffer }
  /** The session is unusable; `reason` is the library's own words. */
  | { readonly kind: 'failed'; readonly reason: string };

/** What the TLS handshake found out. */
export interface TlsPeer {
  /** As OpenSSL names it: `TLSv1.3`. */
  readonly version: string;
  /** As OpenSSL names it: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
  /** `253 bits X25519`; undefined when unknown. */
  readonly temporaryKey: string | undefined;
  /** Leaf first; empty when the peer sent none. */
  readonly chain: readonly CertificateFacts[];
  /** OpenSSL's code for why the chain does not verify, such as `CERT_HAS_EXPIRED`; undefined when it does. */
  readonly chainError: string | undefined;
  /** The RFC 5705 exporter of this session, without context. */
  exportKey(label: string, length: number): Buffer;
}
