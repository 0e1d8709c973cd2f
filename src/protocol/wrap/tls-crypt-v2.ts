import { fail, ok, type Result } from '../../base/result.ts';
import { Secret } from '../../base/secret.ts';
import { STATIC_KEY_LENGTH } from './static-key.ts';

/** A client's own key of tls-crypt-v2: what it protects its packets with, and the same as only the server can read it (facts: wire 6.5). */
export interface ClientKey {
  /** 256 bytes, used as a key of tls-crypt is. */
  readonly key: Secret<Buffer>;
  /** At most `MAX_WRAPPED` bytes, whose last two say how many they are. */
  readonly wrapped: Buffer;
}

/** Longer wrapped keys than this are none. */
export const MAX_WRAPPED = 1024;

/** What a wrapped key has at least: tag, key, length. */
const MIN_WRAPPED = 32 + STATIC_KEY_LENGTH + 2;

const CLIENT_KEY = 'OpenVPN tls-crypt-v2 client key';

/** Reads a key file or inline block of a client. The error says what is wrong. */
export function parseClientKey(text: string): Result<ClientKey, string> {
  const read = readPem(text, CLIENT_KEY);
  if (!read.ok) return read;
  const bytes = read.value.reveal();
  const wrapped = bytes.subarray(STATIC_KEY_LENGTH);
  const fits = wrapped.length >= MIN_WRAPPED && wrapped.length <= MAX_WRAPPED;
  if (!fits || wrapped.readUInt16BE(wrapped.length - 2) !== wrapped.length) return fail('invalid tls-crypt-v2 client key format');
  return ok({ key: new Secret(bytes.subarray(0, STATIC_KEY_LENGTH)), wrapped });
}

/** Line by line: the name of the block has dashes of its own. */
function readPem(text: string, name: string): Result<Secret<Buffer>, string> {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const start = lines.indexOf(`-----BEGIN ${name}-----`);
  const end = lines.indexOf(`-----END ${name}-----`, start);
  if (start < 0 || end < 0) return fail(`${name} pem decode failed`);
  const base64 = lines.slice(start + 1, end).join('');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return fail(`${name} pem decode failed`);
  return ok(new Secret(Buffer.from(base64, 'base64')));
}
