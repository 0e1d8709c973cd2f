import type { DataCipher } from '../../../protocol/data/plane.ts';

/** What every packet of the known answers is sealed with: test keys, and packet id 1. */
export const KNOWN_KEYS = {
  /** Its first bytes for the shorter ciphers. */
  key: Buffer.from('01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da', 'hex'),
  bytes: { 'AES-128-GCM': 16, 'AES-192-GCM': 24, 'AES-256-GCM': 32, 'CHACHA20-POLY1305': 32 } satisfies Record<DataCipher, number>,
  implicitIv: Buffer.from('a0a1a2a3a4a5a6a7', 'hex'),
  peerId: 0x010203,
  keyId: 5,
} as const;

/** One payload and the packet that it makes. */
export interface KnownAnswer {
  readonly cipher: DataCipher;
  readonly payload: Buffer;
  readonly packet: Buffer;
}

const PAYLOAD = Buffer.from('The quick brown fox jumps over the lazy dog, twice and then again.');

/** For each cipher. */
export const KNOWN_ANSWERS: readonly KnownAnswer[] = (
  [
    [
      'AES-128-GCM',
      '4d01020300000001cc694af09bb69ee29670d6e40637d37db6bb4f7589df02f7bc34c32f3b00b1cb5a3d5ad727dd3465' +
        '1142dfc85b6d0eaa2244139cfb62b83af19f9ac81693650693834258d66eb14193205c5e1bac7a542f50',
    ],
    [
      'AES-192-GCM',
      '4d0102030000000129162161edfc0ee30140273088ec12f5c28314173a40cc3965550af96bd0e073ef915b1da500f63a' +
        'ddbe7c2caeb4676f28070bd8f591e66aaea4f526dab73012e021e8fb4ad3aa1e1d7c8df9a9167c5bee44',
    ],
    [
      'AES-256-GCM',
      '4d01020300000001ba821876514ad45f188fb7d2f9d02777873dcf4c3b2279503e97e4b070fe5a4fa7eddd4195fa7a1e' +
        '7af513fdebc9bbefd5b64f4af42764c1cd4548e9d9bf51e7cfa907fbb51d05240ba048c43cf3a33d8f0b',
    ],
    [
      'CHACHA20-POLY1305',
      '4d010203000000016b9a600ad196637750fe06761cdbbea60bb92daa1dbff2c1b07f8065f473a0339f67e4ce01ae7721' +
        'ed45d0b87c82578e5662e6f1374be6fbfdb4e8217426f631044ff0d1ffcc3c7e3b90d37717d02eeb0ed0',
    ],
  ] as const
).map(([cipher, hex]) => ({ cipher, payload: PAYLOAD, packet: Buffer.from(hex, 'hex') }));
