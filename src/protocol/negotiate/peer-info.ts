/**
 * What a client says of itself at the end of its key-method-2 message: lines `NAME=VALUE` (facts: wire 10). They come
 * from anyone who holds a certificate, so everything in them is bounded and made harmless before it goes anywhere.
 */

/** The bits of IV_PROTO: what a peer understands beyond the protocol of 2.4. */
export const IV_PROTO = {
  /** DATA_V2, peer ids, float. */
  dataV2: 1 << 1,
  /** Wants its PUSH_REPLY without asking for it. */
  requestPush: 1 << 2,
  /** Data keys by TLS exporter. */
  tlsKeyExport: 1 << 3,
  /** AUTH_PENDING with keywords. */
  authPendingKeywords: 1 << 4,
  /** Cipher negotiation without a server; no pull client sets it. */
  p2pNegotiation: 1 << 5,
  dnsOption: 1 << 6,
  /** EXIT on the control channel, and the option `protocol-flags`. */
  ccExitNotify: 1 << 7,
  /** AUTH_FAILED,TEMP. */
  authFailedTemp: 1 << 8,
  dynamicTlsCrypt: 1 << 9,
  /** The data format of 2.7. */
  dataEpoch: 1 << 10,
  dnsOptionV2: 1 << 11,
  pushUpdate: 1 << 12,
} as const;

/** What our own client role announces always. */
export const OUR_IV_PROTO =
  IV_PROTO.dataV2 |
  IV_PROTO.requestPush |
  IV_PROTO.tlsKeyExport |
  IV_PROTO.authPendingKeywords |
  IV_PROTO.ccExitNotify |
  IV_PROTO.authFailedTemp |
  IV_PROTO.dynamicTlsCrypt;

/** A peer's lines, and what we make of the known ones. */
export interface PeerInfo {
  /** Name and harmless value of each `IV_*` and `UV_*` line, in the peer's order: what the log and scripts are shown. */
  readonly entries: readonly (readonly [string, string])[];
  /** Lines left out: of another name or form, or beyond what is read. */
  readonly rejected: number;
  /** IV_VER: `2.6.14`. */
  readonly version: string | undefined;
  /** IV_PLAT: `linux`, `win`, `mac`, ... */
  readonly platform: string | undefined;
  /** IV_PROTO as bits of the table; 0 when absent or no number. */
  readonly proto: number;
  /** Ciphers of IV_CIPHERS, or those that IV_NCP=2 stands for; undefined for peers that know no negotiation. */
  readonly ciphers: readonly string[] | undefined;
  /** True when `ciphers` come from IV_CIPHERS. */
  readonly listsCiphers: boolean;
  /** IV_MTU: the largest tun-mtu that may be pushed; undefined when absent or no number. */
  readonly maxTunMtu: number | undefined;
}

/** Lines that are read; stock clients send about a dozen. */
const MAX_LINES = 64;

/** Characters of a line, as stock reads them. */
const MAX_LINE_LENGTH = 255;

const LINE = /^([IU]V_[A-Za-z0-9_]*)=(.*)$/s;

/** What could act in a shell or break a line: blanks, `$`, `(`, backtick, and whatever is not printable ASCII. */
const HARMFUL = /[^\x21-\x7e]|[$(`]/g;

/** The ciphers of peers that announce IV_NCP=2 and no list. */
const NCP_CIPHERS = ['AES-256-GCM', 'AES-128-GCM'];

/** Reads the text of a key-method-2 message, one character a byte. Repeated names are kept; the last one counts. */
export function parsePeerInfo(text: string): PeerInfo {
  const lines = text.split('\n').filter((line) => line !== '');
  const entries: (readonly [string, string])[] = [];
  for (const line of lines.slice(0, MAX_LINES)) {
    const [, name, value] = LINE.exec(line.slice(0, MAX_LINE_LENGTH)) ?? [];
    if (name !== undefined && value !== undefined) entries.push([name, value.replace(HARMFUL, '_')]);
  }
  const values = new Map(entries);
  const listed = values.get('IV_CIPHERS')?.split(':').filter(Boolean);
  return {
    entries,
    rejected: lines.length - entries.length,
    version: values.get('IV_VER'),
    platform: values.get('IV_PLAT'),
    proto: decimal(values.get('IV_PROTO')) ?? 0,
    ciphers: listed ?? ((decimal(values.get('IV_NCP')) ?? 0) >= 2 ? NCP_CIPHERS : undefined),
    listsCiphers: listed !== undefined,
    maxTunMtu: decimal(values.get('IV_MTU')),
  };
}

/** What our client role says of itself. */
export interface OwnPeerInfo {
  readonly version: string;
  /** As stock names it: `linux`. */
  readonly platform: string;
  readonly ciphers: readonly string[];
  readonly maxTunMtu: number;
  /** Takes PUSH_UPDATE. */
  readonly takesUpdates?: boolean;
  /** Further lines, such as `UV_*` of `setenv`. */
  readonly more?: readonly (readonly [string, string])[];
}

/** The text for our own key-method-2 message, in stock's order. */
export function renderPeerInfo(own: OwnPeerInfo): string {
  const lines: (readonly [string, string])[] = [
    ['IV_VER', own.version],
    ['IV_PLAT', own.platform],
    ['IV_TCPNL', '1'],
    ['IV_MTU', String(own.maxTunMtu)],
    ['IV_NCP', '2'],
    ['IV_CIPHERS', own.ciphers.join(':')],
    ['IV_PROTO', String(own.takesUpdates === true ? OUR_IV_PROTO | IV_PROTO.pushUpdate : OUR_IV_PROTO)],
    ...(own.more ?? []),
  ];
  return lines.map(([name, value]) => `${name}=${value}\n`).join('');
}

/** A number of at most nine digits, so that bit operations hold. */
function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
