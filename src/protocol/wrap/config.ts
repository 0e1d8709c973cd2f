import type { Secret } from '../../base/secret.ts';

/** Control-channel protection as configured; keys are the 256 bytes of a static key file (facts: wire 6). */
export type WrapConfig =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'tls-auth';
      readonly key: Secret<Buffer>;
      /** `key-direction`; undefined uses one key both ways. */
      readonly direction: 0 | 1 | undefined;
      /** The `auth` digest: `SHA1`, `SHA256`, ... */
      readonly digest: string;
    }
  | {
      readonly kind: 'tls-crypt';
      readonly key: Secret<Buffer>;
      /** tls-crypt-v2: the key is one client's own, and this is how the server learns it (facts: wire 6.5). */
      readonly wrapped?: Buffer;
    };

/** Which end we are: it decides which half of the key we send with. */
export type WrapRole = 'server' | 'client';
