import { parseIp } from '../base/ip.ts';

/** The client that a line's prefix names. */
export interface PrefixPeer {
  /** Undefined before authentication. */
  readonly commonName: string | undefined;
  /** The address as it stands in the line. */
  readonly address: string;
  readonly ip: string;
  /** Undefined for IPv6 before 2.7, which prints none. */
  readonly port: number | undefined;
}

/** A line cut after its prefix. */
export interface PrefixedText {
  readonly peer: PrefixPeer;
  readonly text: string;
}

/** A prefix is never longer, and a name in it may hold blanks: no more is looked at. */
const PREFIX_LIMIT = 256;

/** IP and port as 2.6 prints IPv4, and as 2.7 prints both families behind the transport. */
const WITH_PORT = /^(?:(?:udp|tcp)[46]?(?:-server|-client)?:)?(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/;
const RECEIVE_PEER_ID = /^rx-peer-id=-?\d{1,9} /;

function isIp(text: string): boolean {
  const zone = text.indexOf('%');
  return parseIp(zone < 0 ? text : text.slice(0, zone)) !== undefined;
}

function readAddress(token: string): Omit<PrefixPeer, 'commonName'> | undefined {
  const found = WITH_PORT.exec(token);
  const ip = found?.[1] ?? found?.[2];
  if (ip !== undefined) return isIp(ip) ? { address: token, ip, port: Number(found?.[3]) } : undefined;
  return isIp(token) ? { address: token, ip: token, port: undefined } : undefined;
}

function readPeer(token: string): PrefixPeer | undefined {
  const whole = readAddress(token);
  if (whole !== undefined) return { commonName: undefined, ...whole };
  const slash = token.lastIndexOf('/');
  const address = slash <= 0 ? undefined : readAddress(token.slice(slash + 1));
  return address === undefined ? undefined : { commonName: token.slice(0, slash), ...address };
}

/**
 * Every way a text can be read as `<prefix> <message>`, earliest first: `10.99.0.2:1194`, `alice/10.99.0.2:1194`,
 * `fd99::2`, and 2.7's `alice/udp4:10.99.0.2:1194`, `udp6:[fd99::2]:36295`, with or without `rx-peer-id=N` (facts: logging 5).
 * A common name may hold blanks and slashes, so that several readings are possible.
 */
export function* prefixesOf(text: string): Generator<PrefixedText> {
  for (let blank = text.indexOf(' '); blank > 0 && blank <= PREFIX_LIMIT; blank = text.indexOf(' ', blank + 1)) {
    const last = text.lastIndexOf(' ', blank - 1) + 1;
    const ending = text.slice(last, blank);
    if (!ending.includes(':')) continue;
    const peer = last === 0 ? readPeer(ending) : ending.includes('/') ? readPeer(text.slice(0, blank)) : undefined;
    if (peer === undefined) continue;
    const rest = text.slice(blank + 1);
    yield { peer, text: rest.slice(RECEIVE_PEER_ID.exec(rest)?.[0].length ?? 0) };
  }
}
