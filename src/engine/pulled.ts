import { maskBits, parseIp, parsePrefix } from '../base/ip.ts';
import { Secret } from '../base/secret.ts';
import { tokenize } from '../base/tokenize.ts';
import { type Duration, seconds } from '../base/units.ts';
import type { PulledAddress } from './client-types.ts';

/** What a client's engine takes from the options that its server pushed (facts: wire 13); the rest is its owner's. */
export interface Pulled {
  readonly address4: PulledAddress | undefined;
  readonly address6: PulledAddress | undefined;
  /** The id for DATA_V2; undefined means DATA_V1. */
  readonly peerId: number | undefined;
  readonly cipher: string | undefined;
  readonly keyDerivation: 'exporter' | 'prf';
  readonly exitByControl: boolean;
  readonly dynamicWrap: boolean;
  readonly ping: Duration | undefined;
  /** How long silence may last, and what follows on it. */
  readonly lostAfter: Duration | undefined;
  readonly whenLost: 'ping-restart' | 'ping-exit';
  readonly token: Secret | undefined;
  /** The name that goes with the token. */
  readonly tokenUser: string | undefined;
  /** The other end of a point-to-point interface, where `ifconfig` names one in place of a netmask. */
  readonly peer4: Buffer | undefined;
  readonly tunMtu: number | undefined;
  /** The server wants to hear when we leave. */
  readonly exitNotify: boolean;
  /** All options but tokens. */
  readonly options: readonly string[];
}

type Change = { -readonly [Name in keyof Pulled]?: Pulled[Name] };

/** What one option means, by its name; undefined when its arguments make no sense. */
const READERS: Readonly<Record<string, (args: readonly string[]) => Change | undefined>> = {
  ifconfig: ([address, mask]) => readAddress4(address, mask),
  'ifconfig-ipv6': ([prefix]) => readAddress6(prefix),
  'peer-id': ([id]) => readPeerId(id),
  cipher: ([name]) => (name === undefined ? undefined : { cipher: name }),
  'key-derivation': ([how]) => (how === 'tls-ekm' ? { keyDerivation: 'exporter' } : undefined),
  'protocol-flags': (flags) => ({
    ...(flags.includes('tls-ekm') ? { keyDerivation: 'exporter' as const } : {}),
    ...(flags.includes('cc-exit') ? { exitByControl: true } : {}),
    ...(flags.includes('dyn-tls-crypt') ? { dynamicWrap: true } : {}),
  }),
  ping: ([length]) => withSeconds(length, (ping) => ({ ping })),
  'ping-restart': ([length]) => withSeconds(length, (lostAfter) => ({ lostAfter, whenLost: 'ping-restart' })),
  'ping-exit': ([length]) => withSeconds(length, (lostAfter) => ({ lostAfter, whenLost: 'ping-exit' })),
  'auth-token-user': ([name]) => (name === undefined ? undefined : { tokenUser: Buffer.from(name, 'base64').toString('utf8') }),
  'explicit-exit-notify': ([count]) => ({ exitNotify: (wholeNumber(count) ?? 1) > 0 }),
  'tun-mtu': ([size]) => readMtu(size),
  'auth-token': ([token]) => (token === undefined ? undefined : { token: new Secret(token) }),
};

/** Reads pushed options in order, later ones counting. `refused` are those of the engine's own that make no sense. */
export function readPulled(options: readonly string[]): { readonly pulled: Pulled; readonly refused: readonly string[] } {
  let pulled: Pulled = NOTHING;
  const refused: string[] = [];
  for (const option of options) {
    const words = tokenize(option, '[PUSH-OPTIONS]');
    const [name, ...args] = words.ok ? words.value : [];
    const read = name !== undefined && Object.hasOwn(READERS, name) ? READERS[name] : undefined;
    const change = words.ok ? (read === undefined ? {} : read(args)) : undefined;
    if (change === undefined) refused.push(option);
    else pulled = { ...pulled, ...change };
  }
  return { pulled: { ...pulled, options: options.filter((option) => !option.startsWith('auth-token')) }, refused };
}

const NOTHING: Pulled = {
  address4: undefined,
  address6: undefined,
  peerId: undefined,
  cipher: undefined,
  keyDerivation: 'prf',
  exitByControl: false,
  dynamicWrap: false,
  ping: undefined,
  lostAfter: undefined,
  whenLost: 'ping-restart',
  token: undefined,
  tokenUser: undefined,
  peer4: undefined,
  tunMtu: undefined,
  exitNotify: false,
  options: [],
};

const NO_PEER_ID = 0xff_ffff;

function readAddress4(text: string | undefined, mask: string | undefined): Change | undefined {
  const address = parseIp(text ?? '');
  const parsedMask = parseIp(mask ?? '');
  const bits = parsedMask?.family === 4 ? maskBits(parsedMask.bytes) : undefined;
  // What looks like a netmask and is none is no address either.
  if (address?.family !== 4 || parsedMask?.family !== 4 || (bits === undefined && parsedMask.bytes[0] === 255)) return undefined;
  return bits === undefined
    ? { address4: { address: address.bytes, bits: 32 }, peer4: parsedMask.bytes }
    : { address4: { address: address.bytes, bits }, peer4: undefined };
}

function readAddress6(text: string | undefined): Change | undefined {
  const prefix = parsePrefix(text ?? '');
  return prefix?.family !== 6 ? undefined : { address6: { address: prefix.bytes, bits: prefix.bits } };
}

function readPeerId(text: string | undefined): Change | undefined {
  const id = wholeNumber(text);
  if (id === undefined || id > NO_PEER_ID) return undefined;
  return { peerId: id === NO_PEER_ID ? undefined : id };
}

function readMtu(text: string | undefined): Change | undefined {
  const size = wholeNumber(text);
  return size === undefined || size < 68 || size > 65_535 ? undefined : { tunMtu: size };
}

/** 0 switches a timer off. */
function withSeconds(text: string | undefined, change: (length: Duration | undefined) => Change): Change | undefined {
  const count = wholeNumber(text);
  return count === undefined ? undefined : change(count === 0 ? undefined : seconds(count));
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
