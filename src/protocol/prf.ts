import { createHmac } from 'node:crypto';
import { TunnelscopeError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { KEY2_LENGTH } from './data/keys.ts';

/** What one end contributes with its key-method-2 message. */
export interface KeySource {
  /** 48 bytes from the client; the server sends none. */
  readonly preMaster: Secret<Buffer> | undefined;
  /** 32 bytes. */
  readonly random1: Buffer;
  /** 32 bytes. */
  readonly random2: Buffer;
}

/** Everything that data keys by PRF are made of. */
export interface PrfInputs {
  readonly client: KeySource;
  readonly server: KeySource;
  /** Session ids, 8 bytes each. */
  readonly clientId: Buffer;
  readonly serverId: Buffer;
}

const MASTER_LENGTH = 48;

/** The 256 bytes key2 for peers without exporter support, in two steps (facts: wire 14). */
export function keysFromPrf({ client, server, clientId, serverId }: PrfInputs): Buffer {
  if (client.preMaster === undefined) throw new TunnelscopeError('BUG', 'the client side of a key exchange has a pre-master secret');
  const master = tls1Prf(
    client.preMaster.reveal(),
    'OpenVPN master secret',
    Buffer.concat([client.random1, server.random1]),
    MASTER_LENGTH,
  );
  const seed = Buffer.concat([client.random2, server.random2, clientId, serverId]);
  const key2 = tls1Prf(master, 'OpenVPN key expansion', seed, KEY2_LENGTH);
  master.fill(0);
  return key2;
}

/** The PRF of TLS 1.0 and 1.1 (RFC 2246 section 5): P_MD5 with one half of the secret, xor P_SHA1 with the other. */
export function tls1Prf(secret: Buffer, label: string, seed: Buffer, length: number): Buffer {
  const half = Math.ceil(secret.length / 2);
  const labelled = Buffer.concat([Buffer.from(label, 'latin1'), seed]);
  const out = expand('md5', secret.subarray(0, half), labelled, length);
  const sha1 = expand('sha1', secret.subarray(secret.length - half), labelled, length);
  for (const [at, byte] of sha1.entries()) out[at] = (out[at] ?? 0) ^ byte;
  sha1.fill(0);
  return out;
}

/** P_hash: HMACs of a chain of HMACs of the seed. */
function expand(digest: 'md5' | 'sha1', secret: Buffer, seed: Buffer, length: number): Buffer {
  const out = Buffer.alloc(length);
  let link = seed;
  for (let at = 0; at < length; ) {
    link = createHmac(digest, secret).update(link).digest();
    at += createHmac(digest, secret).update(link).update(seed).digest().copy(out, at);
  }
  return out;
}
