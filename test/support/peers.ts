import { decodeKeyMethod2, encodeKeyMethod2, type KeyMethod2 } from '../../src/protocol/negotiate/key-method2.ts';

/** What a client of another version says of itself (facts: wire 9, 10). */
export interface PeerWords {
  /** Undefined where the message ends before it, as with the oldest. */
  readonly peerInfo: string | undefined;
  readonly options: string;
}

function lines(...all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join('');
}

const COMPRESSION = ['IV_LZ4=1', 'IV_LZ4v2=1', 'IV_LZO=1', 'IV_COMP_STUB=1', 'IV_COMP_STUBv2=1'];
const CIPHERS = 'IV_CIPHERS=AES-256-GCM:AES-128-GCM';

/** The options string of a client whose `cipher` is this one and whose `auth` is SHA1. */
function optionsWith(cipher: string, linkMtu: number, keySize: number): string {
  return `V4,dev-type tun,link-mtu ${linkMtu},tun-mtu 1500,proto UDPv4,cipher ${cipher},auth SHA1,keysize ${keySize},key-method 2,tls-client`;
}

const BLOWFISH = optionsWith('BF-CBC', 1541, 128);
const WITHOUT_CIPHER = 'V4,dev-type tun,link-mtu 1541,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,tls-client';

/** Constructed of what each version is known to announce; only 2.6 was recorded. */
export const PEERS = {
  /** Before peer ids and negotiation: data packets of the first form, keys by PRF. */
  '2.3.2': { peerInfo: lines('IV_VER=2.3.2', 'IV_PLAT=linux'), options: BLOWFISH },
  '2.3.2 with AES-256-CBC': { peerInfo: lines('IV_VER=2.3.2', 'IV_PLAT=linux'), options: optionsWith('AES-256-CBC', 1557, 256) },
  /** Its string names no cipher: nothing is known of what it can do. */
  '2.3.2 without a cipher': { peerInfo: undefined, options: WITHOUT_CIPHER },
  '2.3.18': { peerInfo: lines('IV_VER=2.3.18', 'IV_PLAT=linux', 'IV_PROTO=2'), options: optionsWith('AES-256-CBC', 1557, 256) },
  '2.4.12': {
    peerInfo: lines('IV_VER=2.4.12', 'IV_PLAT=linux', 'IV_PROTO=2', 'IV_NCP=2', ...COMPRESSION, 'IV_TCPNL=1'),
    options: BLOWFISH,
  },
  '2.4.12 with ncp-disable': {
    peerInfo: lines('IV_VER=2.4.12', 'IV_PLAT=linux', 'IV_PROTO=2', ...COMPRESSION, 'IV_TCPNL=1'),
    options: optionsWith('AES-256-GCM', 1549, 256),
  },
  '2.5.9': {
    peerInfo: lines('IV_VER=2.5.9', 'IV_PLAT=linux', 'IV_PROTO=6', 'IV_NCP=2', CIPHERS, ...COMPRESSION, 'IV_TCPNL=1'),
    options: BLOWFISH,
  },
  '2.6.14': {
    peerInfo: lines(
      'IV_VER=2.6.14',
      'IV_PLAT=linux',
      'IV_TCPNL=1',
      'IV_MTU=1600',
      'IV_NCP=2',
      `${CIPHERS}:CHACHA20-POLY1305`,
      'IV_PROTO=990',
    ),
    options: WITHOUT_CIPHER,
  },
  /** Every bit up to push updates but the old dns option; more lines than 2.6 knows. */
  '2.7.0': {
    peerInfo: lines(
      'IV_VER=2.7.0',
      'IV_PLAT=linux',
      'IV_TCPNL=1',
      'IV_MTU=1600',
      'IV_NCP=2',
      `${CIPHERS}:CHACHA20-POLY1305`,
      'IV_PROTO=8094',
      'IV_ACC=2048,6:A,text',
    ),
    options: WITHOUT_CIPHER,
  },
  /** OpenVPN 3: no IV_MTU in older ones, single sign-on methods, and what apps add. */
  'OpenVPN 3.8': {
    peerInfo: lines(
      'IV_VER=3.8.2connect1',
      'IV_PLAT=mac',
      'IV_NCP=2',
      'IV_TCPNL=1',
      'IV_PROTO=990',
      'IV_MTU=1600',
      `${CIPHERS}:CHACHA20-POLY1305`,
      'IV_AUTO_SESS=1',
      'IV_GUI_VER=OCmacOS_3.4.4-4629',
      'IV_SSO=webauth,crtext',
      'IV_BS64DL=1',
    ),
    options: 'V4,dev-type tun,link-mtu 1521,tun-mtu 1500,proto UDPv4,auth SHA1,keysize 128,key-method 2,tls-client',
  },
} as const satisfies Record<string, PeerWords>;

/** A name of the table. */
export type PeerName = keyof typeof PEERS;

/** A client's key message with other words in it; anything else that TLS carries as it is. */
export function speakAs(words: PeerWords, plaintext: Buffer): Buffer {
  const decoded = decodeKeyMethod2(plaintext, 'client');
  if (decoded.kind !== 'message' || decoded.consumed !== plaintext.length) return plaintext;
  const message: KeyMethod2 = { ...decoded.message, ...words };
  return encodeKeyMethod2(message, 'client');
}
