import { digestLength } from '../digest.ts';
import type { WrapConfig } from '../wrap/config.ts';
import { normaliseCipher } from './ciphers.ts';

/**
 * The options string of key method 2, `V4,dev-type tun,link-mtu 1541,...`: each end tells what it is configured with,
 * so that the other can warn (facts: wire 9). Nothing depends on it but the cipher of peers that cannot negotiate.
 */

/** What our own string says. */
export interface OptionsStringParts {
  readonly role: 'server' | 'client';
  readonly transport: 'udp' | 'tcp';
  readonly tunMtu: number;
  /** `cipher` as configured. */
  readonly cipher: string | undefined;
  /** `data-ciphers-fallback`, which takes the place of `cipher`. */
  readonly fallbackCipher?: string | undefined;
  /** It is named only when it is one of these. */
  readonly dataCiphers: readonly string[];
  /** `auth` as configured. */
  readonly auth: string;
  readonly wrap: Pick<WrapConfig, 'kind'> & { readonly direction?: 0 | 1 | undefined };
}

interface CipherShape {
  readonly keyBits: number;
  /** Bytes of initialisation vector, of padding at most, and of an AEAD tag. */
  readonly iv: number;
  readonly block: number;
  readonly tag: number;
}

const AES_GCM = { iv: 12, block: 16, tag: 16 };
const CBC_16 = { iv: 16, block: 16, tag: 0 };

/** Stock pretends this cipher when none is configured, without naming it. */
const BLOWFISH: CipherShape = { keyBits: 128, iv: 8, block: 8, tag: 0 };

/** What `cipher` may say; the old ones are counted for the string, not spoken. */
const CIPHER_SHAPES: Readonly<Record<string, CipherShape>> = {
  'AES-128-GCM': { keyBits: 128, ...AES_GCM },
  'AES-192-GCM': { keyBits: 192, ...AES_GCM },
  'AES-256-GCM': { keyBits: 256, ...AES_GCM },
  'CHACHA20-POLY1305': { keyBits: 256, iv: 12, block: 1, tag: 16 },
  'AES-128-CBC': { keyBits: 128, ...CBC_16 },
  'AES-192-CBC': { keyBits: 192, ...CBC_16 },
  'AES-256-CBC': { keyBits: 256, ...CBC_16 },
  NONE: { keyBits: 0, iv: 0, block: 0, tag: 0 },
};

/** Opcode and packet id. */
const DATA_HEADER = 5;
const TCP_LENGTH = 2;

/** Options that stock sets aside when it compares. */
const NOT_COMPARED = new Set(['cipher']);

/** Options that are compared; a hostile peer may list many more. */
const MAX_OPTIONS = 64;

/** Our own string, as stock 2.6 in server or pull mode writes it. */
export function buildOptionsString(parts: OptionsStringParts): string {
  const cipher = normaliseCipher(parts.fallbackCipher ?? parts.cipher ?? '');
  const { keyBits, iv, block, tag } = CIPHER_SHAPES[cipher] ?? BLOWFISH;
  const digest = tag > 0 ? undefined : digestLength(parts.auth);
  const link = parts.tunMtu + DATA_HEADER + iv + block + tag + (digest ?? 0) + (parts.transport === 'tcp' ? TCP_LENGTH : 0);
  const options = ['V4', 'dev-type tun', `link-mtu ${link}`, `tun-mtu ${parts.tunMtu}`, `proto ${protocolName(parts)}`];
  if (parts.wrap.kind === 'tls-auth' && parts.wrap.direction !== undefined) options.push(`keydir ${parts.wrap.direction}`);
  if (parts.dataCiphers.includes(cipher)) options.push(`cipher ${cipher}`);
  options.push(`auth ${digest === undefined ? '[null-digest]' : parts.auth.toUpperCase()}`, `keysize ${keyBits}`);
  if (parts.wrap.kind === 'tls-auth') options.push('tls-auth');
  options.push('key-method 2', `tls-${parts.role}`);
  return options.join(',');
}

/** What a peer configured like us would send: our string seen from the other end. */
export function expectedOptionsString(parts: OptionsStringParts): string {
  const { role, wrap } = parts;
  const direction = wrap.direction === undefined ? undefined : wrap.direction === 0 ? 1 : 0;
  return buildOptionsString({ ...parts, role: role === 'server' ? 'client' : 'server', wrap: { kind: wrap.kind, direction } });
}

/** What we take from a peer's string. */
export interface ParsedOptionsString {
  /** The options in order, `V4` first; at most 64. */
  readonly options: readonly string[];
  /** Its data cipher as it names it; undefined when it names none or no encryption. */
  readonly cipher: string | undefined;
  /** It is configured with compression framing, which we do not speak. */
  readonly compression: boolean;
}

/** Reads a peer's string; whatever it is, something comes out. Unprintable characters become `_`. */
export function parseOptionsString(text: string): ParsedOptionsString {
  const options = text
    .replace(/[^\x20-\x7e]/g, '_')
    .split(',', MAX_OPTIONS)
    .map((option) => option.trim())
    .filter(Boolean);
  const cipher = options.find((option) => option.startsWith('cipher '))?.slice('cipher '.length);
  return { options, cipher: cipher === '[null-cipher]' ? undefined : cipher, compression: options.includes('comp-lzo') };
}

/** One way in which two strings do not fit, with whole options as the log shows them. */
export type OptionMismatch =
  | { readonly kind: 'differs'; readonly option: string; readonly local: string; readonly remote: string }
  | { readonly kind: 'only-local'; readonly option: string; readonly local: string }
  | { readonly kind: 'only-remote'; readonly option: string; readonly remote: string };

/** Compares what `expectedOptionsString` gives with what the peer sent, in stock's order: our options, then those that only the peer has. */
export function compareOptions(expected: string, received: string): OptionMismatch[] {
  const local = byName(expected);
  const remote = byName(received);
  const mismatches: OptionMismatch[] = [];
  for (const [option, ours] of local) {
    const theirs = remote.get(option);
    if (theirs === undefined) mismatches.push({ kind: 'only-local', option, local: ours });
    else if (theirs !== ours) mismatches.push({ kind: 'differs', option, local: ours, remote: theirs });
  }
  for (const [option, theirs] of remote) if (!local.has(option)) mismatches.push({ kind: 'only-remote', option, remote: theirs });
  return mismatches;
}

function byName(text: string): Map<string, string> {
  const named = parseOptionsString(text).options.map((option): [string, string] => [option.split(' ', 1)[0] ?? option, option]);
  return new Map(named.filter(([name]) => !NOT_COMPARED.has(name)));
}

function protocolName({ role, transport }: OptionsStringParts): string {
  return transport === 'udp' ? 'UDPv4' : `TCPv4_${role.toUpperCase()}`;
}
