import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto';
import type { DataCipher, DataKeys, InnerRoute } from '../../src/protocol/data/plane.ts';

/**
 * Data packets and inner IP packets, built and read without the code under test: plain `Buffer.concat` after the table
 * in facts: wire 15.1.
 */

const NODE_NAMES: Record<DataCipher, string> = {
  'AES-128-GCM': 'aes-128-gcm',
  'AES-192-GCM': 'aes-192-gcm',
  'AES-256-GCM': 'aes-256-gcm',
  'CHACHA20-POLY1305': 'chacha20-poly1305',
};
const KEY_BYTES: Record<DataCipher, number> = { 'AES-128-GCM': 16, 'AES-192-GCM': 24, 'AES-256-GCM': 32, 'CHACHA20-POLY1305': 32 };

/** One direction in the raw. */
export interface RawKey {
  readonly cipher: DataCipher;
  readonly key: Buffer;
  readonly iv: Buffer;
}

/** Both directions, named by who sends. */
export interface RawKeys {
  readonly client: RawKey;
  readonly server: RawKey;
}

/** Takes the keys of 256 bytes of key material (facts: wire 14). */
export function rawKeys(material: Buffer, cipher: DataCipher = 'AES-256-GCM'): RawKeys {
  const half = (at: number): RawKey => ({
    cipher,
    key: material.subarray(at, at + KEY_BYTES[cipher]),
    iv: material.subarray(at + 64, at + 72),
  });
  return { client: half(0), server: half(128) };
}

/** Keys that differ with the seed. */
export function testKeys(seed: number, cipher: DataCipher = 'AES-256-GCM'): RawKeys {
  return rawKeys(Buffer.from(Array.from({ length: 256 }, (_, i) => (i * 7 + seed * 31 + 1) & 255)), cipher);
}

/** What a `set-keys` command of that end holds. */
export function dataKeys(keys: RawKeys, end: 'client' | 'server'): DataKeys {
  const direction = (raw: RawKey): DataKeys['send'] => ({ cipherKey: createSecretKey(raw.key), implicitIv: Buffer.from(raw.iv) });
  const [send, receive] = end === 'client' ? [keys.client, keys.server] : [keys.server, keys.client];
  return { cipher: keys.client.cipher, send: direction(send), receive: direction(receive) };
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A sealed packet; DATA_V1 when `peerId` is undefined. */
export function sealed(raw: RawKey, peerId: number | undefined, keyId: number, packetId: number, payload: Buffer): Buffer {
  const header = peerId === undefined ? Buffer.of((6 << 3) | keyId) : u32((((9 << 3) | keyId) * 0x1000000 + peerId) >>> 0);
  const id = u32(packetId);
  const nonce = Buffer.concat([id, raw.iv]);
  const cipher = createCipheriv(NODE_NAMES[raw.cipher] as 'aes-256-gcm', raw.key, nonce, { authTagLength: 16 });
  cipher.setAAD(peerId === undefined ? id : Buffer.concat([header, id]));
  const ciphertext = Buffer.concat([cipher.update(payload), cipher.final()]);
  return Buffer.concat([header, id, cipher.getAuthTag(), ciphertext]);
}

/** An opened packet. */
export interface Opened {
  readonly format: 'v1' | 'v2';
  readonly peerId: number | undefined;
  readonly keyId: number;
  readonly packetId: number;
  readonly payload: Buffer;
}

/** Opens a sealed packet; throws when it is not authentic. */
export function opened(raw: RawKey, packet: Buffer): Opened {
  const opcode = packet.readUInt8(0) >> 3;
  if (opcode !== 6 && opcode !== 9) throw new Error(`not a data packet: opcode ${opcode}`);
  const header = opcode === 9 ? 4 : 1;
  const id = packet.subarray(header, header + 4);
  const decipher = createDecipheriv(NODE_NAMES[raw.cipher] as 'aes-256-gcm', raw.key, Buffer.concat([id, raw.iv]), { authTagLength: 16 });
  decipher.setAAD(opcode === 9 ? packet.subarray(0, 8) : id);
  decipher.setAuthTag(packet.subarray(header + 4, header + 20));
  return {
    format: opcode === 9 ? 'v2' : 'v1',
    peerId: opcode === 9 ? packet.readUIntBE(1, 3) : undefined,
    keyId: packet.readUInt8(0) & 7,
    packetId: id.readUInt32BE(0),
    payload: Buffer.concat([decipher.update(packet.subarray(header + 20)), decipher.final()]),
  };
}

/** The 4 bytes of a dotted quad. */
export function quad(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** The 16 bytes of `fd00::1` and the like: groups before and after one `::`. */
export function six(text: string): Buffer {
  const [head = '', tail = ''] = text.split('::');
  const groups = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const front = groups(head);
  const back = groups(tail);
  const words = [...front, ...Array.from({ length: 8 - front.length - back.length }, () => 0), ...back];
  return Buffer.from(words.flatMap((word) => [word >> 8, word & 255]));
}

/** A host route: `10.8.0.2` or `fd00::2`. */
export function host(text: string): InnerRoute {
  return text.includes(':') ? { family: 6, network: six(text), bits: 128 } : { family: 4, network: quad(text), bits: 32 };
}

/** A subnet route: `10.66.0.0/24` or `fd00:77::/64`. */
export function subnet(text: string): InnerRoute {
  const [address = '', bits = ''] = text.split('/');
  return { ...host(address), bits: Number(bits) };
}

/** The ones' complement checksum over 16-bit words, straight from RFC 1071. */
export function checksum(...parts: Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) sum += i % 2 === 0 ? (bytes[i] ?? 0) * 256 : (bytes[i] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** An IPv4 or IPv6 packet, by the form of its addresses, with the given protocol and body. */
export function ipPacket(source: string, destination: string, protocol: number, body: Buffer): Buffer {
  if (source.includes(':')) {
    const header = Buffer.alloc(8);
    header[0] = 0x60;
    header.writeUInt16BE(body.length, 4);
    header[6] = protocol;
    header[7] = 64;
    return Buffer.concat([header, six(source), six(destination), body]);
  }
  const header = Buffer.alloc(20);
  header[0] = 0x45;
  header.writeUInt16BE(20 + body.length, 2);
  header[8] = 64;
  header[9] = protocol;
  quad(source).copy(header, 12);
  quad(destination).copy(header, 16);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, body]);
}

/** A UDP-like packet whose body tells it from others. */
export function inner(source: string, destination: string, body = 'hello'): Buffer {
  return ipPacket(source, destination, 17, Buffer.concat([Buffer.alloc(8), Buffer.from(body)]));
}

function pseudoHeader(source: string, destination: string, length: number): Buffer {
  const addresses = source.includes(':') ? [six(source), six(destination)] : [quad(source), quad(destination)];
  return Buffer.concat([...addresses, u32(length), u32(6)]);
}

/** A TCP SYN (or another segment, by `flags`) with these options, its checksum right. */
export function tcpPacket(source: string, destination: string, options: Buffer, flags = 0x02, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(20);
  header.writeUInt16BE(40000, 0);
  header.writeUInt16BE(443, 2);
  header.writeUInt32BE(0x12345678, 4);
  header[12] = ((20 + options.length) / 4) << 4;
  header[13] = flags;
  header.writeUInt16BE(64240, 14);
  const segment = Buffer.concat([header, options, body]);
  segment.writeUInt16BE(checksum(pseudoHeader(source, destination, segment.length), segment), 16);
  return ipPacket(source, destination, 6, segment);
}

/** True when the TCP checksum of a packet made by `tcpPacket` is right for what it now holds. */
export function tcpChecksumIsRight(packet: Buffer, source: string, destination: string): boolean {
  const segment = packet.subarray(source.includes(':') ? 40 : 20);
  return checksum(pseudoHeader(source, destination, segment.length), segment) === 0;
}

/** The option that names a segment size. */
export function mssOption(value: number): Buffer {
  return Buffer.of(2, 4, value >> 8, value & 255);
}
