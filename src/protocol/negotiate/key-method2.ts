import { TunnelscopeError } from '../../base/errors.ts';
import { printable } from '../../base/printable.ts';
import type { Random } from '../../base/random.ts';
import { Reader } from '../../base/reader.ts';
import { Secret } from '../../base/secret.ts';
import { Writer } from '../../base/writer.ts';

/**
 * The first message in each TLS session, both ways (facts: wire 8):
 * `u32 0 | u8 2 | pre-master 48 (client only) | random 32 | random 32 | options | username | password | peer info`,
 * each of the last four `u16 length | bytes | NUL`, the length counting the NUL, or 0 for a string that is not there.
 */
export interface KeyMethod2 {
  /** 48 bytes from clients, undefined from servers. */
  readonly preMaster: Secret<Buffer> | undefined;
  readonly random1: Buffer;
  readonly random2: Buffer;
  /** One character a byte. */
  readonly options: string;
  /** Control characters became `_`. Undefined when none was sent; empty when an empty one was. */
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  /** Lines `NAME=VALUE`, one character a byte, for `parsePeerInfo`. */
  readonly peerInfo: string | undefined;
}

/** What reading the start of a TLS session's plaintext came to. */
export type KeyMethod2Decoding =
  | { readonly kind: 'need-more' }
  | { readonly kind: 'malformed'; readonly why: string }
  /** `consumed` bytes are the message; what follows is control messages. */
  | { readonly kind: 'message'; readonly message: KeyMethod2; readonly consumed: number };

/** A message longer than this is malformed, whatever it is still waiting for. */
export const MAX_KEY_METHOD2 = 8192;

const METHOD = 2;
const METHOD_MASK = 0x0f;
const METHOD_AT = 4;
const PRE_MASTER_LENGTH = 48;
const RANDOM_LENGTH = 32;

const FIXED_LENGTH = {
  client: METHOD_AT + 1 + PRE_MASTER_LENGTH + 2 * RANDOM_LENGTH,
  server: METHOD_AT + 1 + 2 * RANDOM_LENGTH,
} as const;

/** Fresh key material for a message of our own. */
export function keySource(random: Random, from: 'client' | 'server'): Pick<KeyMethod2, 'preMaster' | 'random1' | 'random2'> {
  return {
    preMaster: from === 'client' ? new Secret(random.bytes(PRE_MASTER_LENGTH)) : undefined,
    random1: random.bytes(RANDOM_LENGTH),
    random2: random.bytes(RANDOM_LENGTH),
  };
}

/** Encodes a message of the end `from`. Throws BUG when the pre-master secret does not fit that end. */
export function encodeKeyMethod2(message: KeyMethod2, from: 'client' | 'server'): Buffer {
  if ((message.preMaster !== undefined) !== (from === 'client')) throw new TunnelscopeError('BUG', `pre-master secret from the ${from}`);
  const writer = new Writer(1024).u32(0).u8(METHOD);
  if (message.preMaster !== undefined) writer.bytes(message.preMaster.reveal());
  writer.bytes(message.random1).bytes(message.random2);
  writeText(writer, message.options, 'latin1');
  writeText(writer, message.username, 'utf8');
  writeText(writer, message.password?.reveal(), 'utf8');
  writeText(writer, message.peerInfo, 'latin1');
  return writer.finish();
}

/**
 * Reads a message that the end `from` sent, from the first plaintext of its TLS session on; asks for more until it is
 * whole. Very old peers end after the password: nothing there counts as no peer info.
 */
export function decodeKeyMethod2(bytes: Buffer, from: 'client' | 'server'): KeyMethod2Decoding {
  const method = bytes[METHOD_AT];
  if (method !== undefined && (method & METHOD_MASK) !== METHOD)
    return { kind: 'malformed', why: `unknown key method ${method & METHOD_MASK}` };
  const consumed = measure(bytes, FIXED_LENGTH[from]);
  if (consumed > MAX_KEY_METHOD2) return { kind: 'malformed', why: `longer than ${MAX_KEY_METHOD2} bytes` };
  if (consumed > bytes.length) return { kind: 'need-more' };
  const reader = new Reader(bytes.subarray(METHOD_AT + 1, consumed));
  const message = {
    preMaster: from === 'client' ? new Secret(copy(reader, PRE_MASTER_LENGTH)) : undefined,
    random1: copy(reader, RANDOM_LENGTH),
    random2: copy(reader, RANDOM_LENGTH),
    options: readText(reader, 'latin1') ?? '',
    username: mapped(readText(reader, 'utf8'), printable),
    password: secret(mapped(readText(reader, 'utf8'), withoutControls)),
    peerInfo: reader.remaining > 0 ? readText(reader, 'latin1') : undefined,
  };
  return { kind: 'message', message, consumed };
}

/** The length of the message as far as `bytes` tells: more than there are while it is not whole. */
function measure(bytes: Buffer, fixed: number): number {
  let end = fixed;
  for (const optional of [false, false, false, true]) {
    if (optional && bytes.length === end) return end;
    if (bytes.length < end + 2) return end + 2;
    end += 2 + bytes.readUInt16BE(end);
  }
  return end;
}

function writeText(writer: Writer, text: string | undefined, encoding: 'latin1' | 'utf8'): void {
  if (text === undefined) {
    writer.u16(0);
    return;
  }
  const bytes = Buffer.from(text, encoding);
  writer
    .u16(bytes.length + 1)
    .bytes(bytes)
    .u8(0);
}

/** Up to the first NUL; undefined for length 0. */
function readText(reader: Reader, encoding: 'latin1' | 'utf8'): string | undefined {
  const length = reader.u16();
  if (length === 0) return undefined;
  const bytes = reader.bytes(length);
  const end = bytes.indexOf(0);
  return bytes.toString(encoding, 0, end < 0 ? length : end);
}

function copy(reader: Reader, length: number): Buffer {
  return Buffer.from(reader.bytes(length));
}

function mapped(text: string | undefined, by: (text: string) => string): string | undefined {
  return text === undefined ? undefined : by(text);
}

/** A password is changed no more than stock would. */
function withoutControls(password: string): string {
  return password.replace(/[\x00-\x1f\x7f]/g, '_');
}

function secret(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text);
}
