import { milliseconds, seconds } from '../../base/units.ts';
import { OPTIONS } from '../../messages/options.ts';
import { OURS } from '../../messages/ours.ts';
import { START } from '../../messages/start.ts';
import type { Directive } from '../../options/parse.ts';
import type { DataCipher } from '../../protocol/data/plane.ts';
import { digestLength } from '../../protocol/digest.ts';
import { DEFAULT_DATA_CIPHERS, dataCipherNamed, normaliseCipher } from '../../protocol/negotiate/ciphers.ts';
import type { WrapConfig } from '../../protocol/wrap/config.ts';
import { parseStaticKey } from '../../protocol/wrap/static-key.ts';
import { parseClientKey } from '../../protocol/wrap/tls-crypt-v2.ts';
import type { ControlChannelSettings } from '../settings.ts';
import type { Collected } from './collected.ts';

/** Smallest and largest `max-packet-size`, and its default (facts: wire 24). */
const PACKET_SIZE = { min: 154, max: 2048, usual: 1250 };

/** The longest list that stock takes (facts: wire 12). */
const MAX_CIPHER_LIST = 127;

/** The control channel: wrap, timers, ciphers (defaults: facts: wire 24). */
export function controlSettings(collected: Collected): ControlChannelSettings {
  const dataCiphers = dataCiphersOf(collected);
  noteCipher(collected, dataCiphers);
  const auth = digestOf(collected);
  return {
    wrap: wrapOf(collected, auth),
    tlsTimeout: collected.duration('tls-timeout') ?? seconds(2),
    handWindow: collected.duration('hand-window') ?? seconds(60),
    tranWindow: collected.duration('tran-window') ?? seconds(3600),
    renegotiate: renegotiation(collected),
    dataCiphers,
    fallbackCipher: fallbackOf(collected),
    cipher: collected.value('cipher'),
    auth,
    maxPacketSize: packetSize(collected),
  };
}

function renegotiation(collected: Collected): ControlChannelSettings['renegotiate'] {
  const directive = collected.last('reneg-sec');
  if (directive?.values[1] !== undefined) {
    collected.warn(OURS.optionIgnored, { option: 'reneg-sec', reason: 'its second value; a server varies the first by a tenth' });
  }
  return {
    after: collected.duration('reneg-sec') ?? seconds(3600),
    bytes: collected.number('reneg-bytes') ?? 0,
    packets: collected.number('reneg-pkts') ?? 0,
  };
}

function packetSize(collected: Collected): number {
  const asked = collected.number('max-packet-size') ?? PACKET_SIZE.usual;
  const used = Math.min(Math.max(asked, PACKET_SIZE.min), PACKET_SIZE.max);
  if (used !== asked) collected.warn(OPTIONS.packetSizeClamped, { min: PACKET_SIZE.min, max: PACKET_SIZE.max, used });
  return used;
}

/** `data-ciphers`, or by its old name; every name that is not ours is said before the list is refused, as in stock. */
function dataCiphersOf(collected: Collected): readonly DataCipher[] {
  const directive = collected.last('data-ciphers') ?? collected.last('ncp-ciphers');
  if (collected.has('ncp-ciphers')) collected.warn(OPTIONS.ncpCiphers, {});
  if (directive === undefined) return DEFAULT_DATA_CIPHERS;
  const list = directive.values[0] ?? '';
  const ciphers: DataCipher[] = [];
  let unsupported = list.length > MAX_CIPHER_LIST;
  for (const item of list.split(':').filter((each) => each !== '')) {
    const name = item.replace(/^\?/, '');
    const cipher = dataCipherNamed(name);
    if (cipher !== undefined) ciphers.push(cipher);
    else if (item.startsWith('?')) collected.warn(OPTIONS.cipherOptionalUnsupported, { cipher: name });
    else {
      unsupported = true;
      collected.warn(OPTIONS.cipherUnsupported, { cipher: name });
    }
  }
  if (unsupported || ciphers.length === 0) {
    const ours = 'AES-256-GCM, AES-192-GCM, AES-128-GCM and CHACHA20-POLY1305 are supported';
    collected.error(`--data-ciphers list contains unsupported ciphers or is too long. ${ours}`, directive);
  }
  return [...new Set(ciphers)];
}

/** `cipher` no longer chooses anything; stock says so in two ways. */
function noteCipher(collected: Collected, list: readonly DataCipher[]): void {
  const cipher = collected.value('cipher');
  if (cipher === undefined) return collected.warn(START.cipherNotSet, {});
  if (list.some((each) => each === normaliseCipher(cipher))) return;
  const text = `--cipher set to '${cipher}' but missing in --data-ciphers (${list.join(':')}). OpenVPN ignores --cipher for cipher negotiations. `;
  collected.warn(START.optionDeprecated, { text });
}

function fallbackOf(collected: Collected): DataCipher | undefined {
  const directive = collected.last('data-ciphers-fallback');
  const name = directive?.values[0];
  if (name === undefined) return undefined;
  const cipher = dataCipherNamed(name);
  if (cipher === undefined)
    collected.error(`--data-ciphers-fallback: ${name} is not supported; only GCM and ChaCha20-Poly1305 ciphers are`, directive);
  return cipher;
}

function digestOf(collected: Collected): string {
  const directive = collected.last('auth');
  const name = directive?.values[0] ?? 'SHA1';
  if (name.toLowerCase() === 'none') {
    if (collected.has('tls-auth')) collected.error('--auth none leaves --tls-auth without a digest', directive);
  } else if (digestLength(name) === undefined) {
    collected.error(`Message hash algorithm '${name}' not found`, directive);
  }
  return name;
}

/** The protection of control packets. */
export function wrapOf(collected: Collected, digest: string): WrapConfig {
  const [name, another] = (['tls-auth', 'tls-crypt', 'tls-crypt-v2'] as const).filter((each) => collected.has(each));
  const directive = name === undefined ? undefined : collected.last(name);
  if (name === undefined || directive === undefined) return { kind: 'none' };
  if (another !== undefined) {
    const isClient = collected.has('client') || collected.has('tls-client');
    const text = isClient ? '--tls-crypt-v2, --tls-auth and --tls-crypt are mutually exclusive in client mode' : undefined;
    collected.error(text ?? '--tls-auth and --tls-crypt are mutually exclusive', directive);
    return { kind: 'none' };
  }
  return name === 'tls-crypt-v2' ? ownWrap(collected, directive) : sharedWrap(collected, name, directive, digest);
}

/** A client's own key. */
function ownWrap(collected: Collected, directive: Directive): WrapConfig {
  const material = collected.material('tls-crypt-v2');
  const own = material && parseClientKey(material.text.reveal());
  if (own === undefined) return { kind: 'none' };
  if (own.ok) return { kind: 'tls-crypt', ...own.value };
  collected.error(`--tls-crypt-v2: ${own.error} in file '${material?.name ?? ''}'`, directive);
  return { kind: 'none' };
}

/** A key that all have. */
function sharedWrap(collected: Collected, name: 'tls-auth' | 'tls-crypt', directive: Directive, digest: string): WrapConfig {
  const material = collected.material(name);
  const key = material && parseStaticKey(material.text.reveal());
  if (key === undefined) return { kind: 'none' };
  if (!key.ok) {
    collected.error(`--${name}: ${key.error} in file '${material?.name ?? ''}'`, directive);
    return { kind: 'none' };
  }
  if (name === 'tls-crypt') return { kind: 'tls-crypt', key: key.value };
  const direction = directive.values[1] ?? collected.value('key-direction');
  return { kind: 'tls-auth', key: key.value, direction: direction === undefined ? undefined : direction === '0' ? 0 : 1, digest };
}

/** Handshakes and answers per time (`connect-freq`, `connect-freq-initial`). */
export function rateOf(collected: Collected, name: string) {
  const directive = collected.last(name);
  const [count = 0, per = 0] = directive?.values.map(Number) ?? [];
  return directive === undefined || count === 0 || per === 0 ? undefined : { count, per: milliseconds(per * 1000) };
}
