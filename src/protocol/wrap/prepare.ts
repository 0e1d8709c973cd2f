import { createSecretKey, type KeyObject } from 'node:crypto';
import { TunnelscopeError, unreachable } from '../../base/errors.ts';
import { Secret } from '../../base/secret.ts';
import { digestLength } from '../digest.ts';
import type { WrapConfig, WrapRole } from './config.ts';
import { NoWrap } from './no-wrap.ts';
import { STATIC_KEY_LENGTH } from './static-key.ts';
import { type TlsAuthKeys, TlsAuthWrap } from './tls-auth.ts';
import { type TlsCryptKeys, TlsCryptWrap } from './tls-crypt.ts';
import { nodeTlsCrypt, type TlsCryptCiphers, type TlsCryptDirection } from './tls-crypt-ciphers.ts';
import type { ControlWrap } from './control-wrap.ts';

/** What a new session's wrap starts from. */
export interface WrapOptions {
  /** Packets already sent in its name: 1 for a server session that began with a cookie (facts: wire 5.1). */
  readonly sentBefore?: number;
}

/** Keys made ready once per configuration, so that opening a wrap for a first packet costs next to nothing. */
export interface PreparedWrap {
  /** A wrap with counters of its own: one per session, or a throw-away one to look at a packet from nobody known. */
  open(options?: WrapOptions): ControlWrap;
  /** Dynamic tls-crypt on top of this one: for renegotiations of the session whose first TLS exported the 256 bytes (facts: wire 6.6). */
  dynamic(exported: Buffer): PreparedWrap;
}

/** Where the two keys of a static key file begin; each is a cipher slot and an HMAC slot of 64 bytes. */
const KEY_AT = [0, 128] as const;
const HMAC_SLOT = 64;
const SLOT_LENGTH = 64;
const TLS_CRYPT_KEY_LENGTH = 32;

/** A client with a key of its own counts its packets from here, to say that it sends the wrapped key again where it is asked to (facts: wire 6.5). */
const TAKES_COOKIES = 0x0f00_0000;

/**
 * Makes the keys ready; `ciphers` are for those of tls-crypt that the configuration names. Throws OPTIONS for a digest that is
 * unknown, and KEY_MATERIAL for a key of the wrong size.
 */
export function prepareWrap(config: WrapConfig, role: WrapRole, ciphers: TlsCryptCiphers = nodeTlsCrypt): PreparedWrap {
  return {
    open: opener(config, role, ciphers),
    dynamic: (exported) => prepareWrap(dynamicWrap(exported, config), role),
  };
}

function opener(config: WrapConfig, role: WrapRole, ciphers: TlsCryptCiphers): PreparedWrap['open'] {
  switch (config.kind) {
    case 'none':
      return () => new NoWrap();
    case 'tls-auth': {
      const keys = tlsAuthKeys(checkedKey(config.key), config.direction, config.digest);
      return (options) => new TlsAuthWrap(keys, options?.sentBefore ?? 0);
    }
    case 'tls-crypt': {
      const keys = tlsCryptKeys(checkedKey(config.key), role, ciphers);
      const first = config.wrapped === undefined ? 0 : TAKES_COOKIES;
      return (options) => new TlsCryptWrap(keys, options?.sentBefore ?? first);
    }
    default:
      return unreachable(config);
  }
}

/** A single wrap; where many sessions share a configuration, `prepareWrap` once and `open` for each. */
export function createWrap(config: WrapConfig, role: WrapRole, options?: WrapOptions): ControlWrap {
  return prepareWrap(config, role).open(options);
}

/** The key of dynamic tls-crypt: what the first TLS session exports, mixed with the configured key if there is one (facts: wire 6.6). */
export function dynamicKey(exported: Buffer, configured: Buffer | undefined): Buffer {
  if (exported.length !== STATIC_KEY_LENGTH)
    throw new TunnelscopeError('BUG', `dynamic tls-crypt needs ${STATIC_KEY_LENGTH} exported bytes`);
  const key = Buffer.from(exported);
  if (configured !== undefined) for (let at = 0; at < key.length; at++) key[at] = (key[at] ?? 0) ^ (configured[at] ?? 0);
  return key;
}

/** The protection of renegotiations once dynamic tls-crypt is agreed on. */
export function dynamicWrap(exported: Buffer, configured: WrapConfig): WrapConfig {
  const mixed = dynamicKey(exported, configured.kind === 'none' ? undefined : configured.key.reveal());
  return { kind: 'tls-crypt', key: new Secret(mixed) };
}

function checkedKey(key: Secret<Buffer>): Buffer {
  const bytes = key.reveal();
  if (bytes.length === STATIC_KEY_LENGTH) return bytes;
  throw new TunnelscopeError('KEY_MATERIAL', `a static key has ${STATIC_KEY_LENGTH} bytes, not ${bytes.length}`);
}

/** Direction 0 sends with the first key, 1 with the second, none uses the first both ways (facts: wire 6.1). */
function tlsAuthKeys(key: Buffer, direction: 0 | 1 | undefined, name: string): TlsAuthKeys {
  const digest = name.toLowerCase();
  const length = digestLength(name);
  if (length === undefined || length > SLOT_LENGTH) {
    throw new TunnelscopeError('OPTIONS', `tls-auth cannot use the digest '${name}': name one that the crypto library has, such as SHA256`);
  }
  const slot = (index: 0 | 1): KeyObject => secretAt(key, KEY_AT[index] + HMAC_SLOT, length);
  const [send, receive] = direction === undefined ? ([0, 0] as const) : direction === 0 ? ([0, 1] as const) : ([1, 0] as const);
  return { send: slot(send), receive: slot(receive), digest, digestLength: length };
}

function tlsCryptKeys(key: Buffer, role: WrapRole, ciphers: TlsCryptCiphers): TlsCryptKeys {
  const part = (at: number): Buffer => key.subarray(at, at + TLS_CRYPT_KEY_LENGTH);
  const direction = (index: 0 | 1): TlsCryptDirection => ciphers(part(KEY_AT[index]), part(KEY_AT[index] + HMAC_SLOT));
  return role === 'server' ? { send: direction(0), receive: direction(1) } : { send: direction(1), receive: direction(0) };
}

function secretAt(key: Buffer, at: number, length: number): KeyObject {
  return createSecretKey(key.subarray(at, at + length));
}
