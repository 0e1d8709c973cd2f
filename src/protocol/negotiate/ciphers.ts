import { fail, ok, type Result } from '../../base/result.ts';
import { CIPHER_KEY_LENGTH } from '../data/keys.ts';
import type { DataCipher } from '../data/plane.ts';
import type { PeerInfo } from './peer-info.ts';

/** How both ends settle on the cipher of the data channel (facts: wire 12). */

/** `data-ciphers` when nothing is configured, best first. */
export const DEFAULT_DATA_CIPHERS: readonly DataCipher[] = ['AES-256-GCM', 'AES-128-GCM', 'CHACHA20-POLY1305'];

/** Names that the crypto library has for what OpenVPN calls otherwise. */
const ALIASES: Readonly<Record<string, string>> = {
  'ID-AES128-GCM': 'AES-128-GCM',
  'ID-AES192-GCM': 'AES-192-GCM',
  'ID-AES256-GCM': 'AES-256-GCM',
};

/** Characters of a cipher list. */
const MAX_LIST_LENGTH = 127;

/** One spelling for a cipher name, known or not: ciphers are the same when these are equal. */
export function normaliseCipher(name: string): string {
  const upper = name.toUpperCase();
  return ALIASES[upper] ?? upper;
}

/** The cipher of this name in any spelling, undefined when we do not speak it. */
export function dataCipherNamed(name: string): DataCipher | undefined {
  const normal = normaliseCipher(name);
  return isDataCipher(normal) ? normal : undefined;
}

/**
 * Reads a list such as `AES-256-GCM:?AES-128-CBC`. A name that we do not speak is an error, which says so, unless it
 * has `?` in front; repeated ones count once.
 */
export function parseCipherList(text: string): Result<DataCipher[], string> {
  if (text.length > MAX_LIST_LENGTH) return fail(`longer than ${MAX_LIST_LENGTH} characters`);
  const ciphers: DataCipher[] = [];
  for (const item of text.split(':').filter(Boolean)) {
    const optional = item.startsWith('?');
    const cipher = dataCipherNamed(optional ? item.slice(1) : item);
    if (cipher === undefined && !optional) return fail(`'${item}' is none of ${Object.keys(CIPHER_KEY_LENGTH).join(', ')}`);
    if (cipher !== undefined && !ciphers.includes(cipher)) ciphers.push(cipher);
  }
  return ciphers.length > 0 ? ok(ciphers) : fail('no usable cipher in the list');
}

/** What the server knows when it chooses. */
export interface CipherQuestion {
  /** `data-ciphers`, best first. */
  readonly server: readonly DataCipher[];
  /** `data-ciphers-fallback`. */
  readonly fallback: DataCipher | undefined;
  readonly peerInfo: PeerInfo | undefined;
  /** `cipher` of the client's options string. */
  readonly remoteCipher: string | undefined;
}

/** The choice, and what it rests on; or what the client offered in vain, for the log. */
export type CipherChoice =
  | { readonly kind: 'cipher'; readonly cipher: DataCipher; readonly by: 'list' | 'options-string' | 'fallback' }
  | { readonly kind: 'none'; readonly offered: readonly string[]; readonly by: 'list' | 'options-string' | 'nothing' };

/** The server's choice for one client: its own order decides. */
export function negotiateCipher({ server, fallback, peerInfo, remoteCipher }: CipherQuestion): CipherChoice {
  const offered = peerInfo?.ciphers ?? [];
  const listed = new Set(offered.map(normaliseCipher));
  const told = remoteCipher !== undefined && peerInfo?.listsCiphers !== true ? normaliseCipher(remoteCipher) : undefined;
  for (const cipher of server) {
    if (listed.has(cipher)) return { kind: 'cipher', cipher, by: 'list' };
    if (told === cipher) return { kind: 'cipher', cipher, by: 'options-string' };
  }
  if (offered.length === 0 && told === undefined && fallback !== undefined) return { kind: 'cipher', cipher: fallback, by: 'fallback' };
  if (offered.length > 0) return { kind: 'none', offered, by: 'list' };
  return told === undefined ? { kind: 'none', offered: [], by: 'nothing' } : { kind: 'none', offered: [told], by: 'options-string' };
}

/** What a client knows once the PUSH_REPLY came. */
export interface ClientCipherQuestion {
  /** Our `data-ciphers`. */
  readonly ours: readonly DataCipher[];
  readonly fallback: DataCipher | undefined;
  /** The pushed `cipher`. */
  readonly pushed: string | undefined;
  /** `cipher` of the server's options string. */
  readonly remoteCipher: string | undefined;
}

/** A client's choice: what was pushed if we allow it; without a push what the server's options string says, then the fallback. */
export function chooseClientCipher({ ours, fallback, pushed, remoteCipher }: ClientCipherQuestion): DataCipher | undefined {
  const allowed = (name: string | undefined): DataCipher | undefined => {
    const cipher = name === undefined ? undefined : dataCipherNamed(name);
    return cipher !== undefined && ours.includes(cipher) ? cipher : undefined;
  };
  return pushed !== undefined ? allowed(pushed) : (allowed(remoteCipher) ?? fallback);
}

function isDataCipher(name: string): name is DataCipher {
  return Object.hasOwn(CIPHER_KEY_LENGTH, name);
}
