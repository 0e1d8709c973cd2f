import type { Random } from '../../base/random.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { Secret } from '../../base/secret.ts';

/** The static key file of tls-auth and tls-crypt: 256 bytes as hex between two marker lines (facts: wire 6.1). */

/** Bytes of a static key. */
export const STATIC_KEY_LENGTH = 256;

const HEAD = '-----BEGIN OpenVPN Static key V1-----';
const FOOT = '-----END OpenVPN Static key V1-----';
const BYTES_A_LINE = 16;

/** Reads a key file or inline block. Text outside the markers is ignored, lines may have any length. The error says what is wrong. */
export function parseStaticKey(text: string): Result<Secret<Buffer>, string> {
  const start = text.indexOf(HEAD);
  if (start < 0) return fail(`no line '${HEAD}'`);
  const end = text.indexOf(FOOT, start);
  if (end < 0) return fail(`no line '${FOOT}'`);
  const hex = text.slice(start + HEAD.length, end).replace(/\s+/g, '');
  if (/[^0-9a-fA-F]/.test(hex)) return fail('something other than hexadecimal digits between the marker lines');
  if (hex.length !== STATIC_KEY_LENGTH * 2) return fail(`${hex.length} hexadecimal digits where ${STATIC_KEY_LENGTH * 2} are needed`);
  return ok(new Secret(Buffer.from(hex, 'hex')));
}

/** A key file as OpenVPN itself writes it. */
export function formatStaticKey(key: Secret<Buffer>): string {
  const bytes = key.reveal();
  const lines = ['#', `# ${bytes.length * 8} bit OpenVPN static key`, '#', HEAD];
  for (let at = 0; at < bytes.length; at += BYTES_A_LINE) lines.push(bytes.toString('hex', at, at + BYTES_A_LINE));
  return `${[...lines, FOOT].join('\n')}\n`;
}

/** A new key. */
export function generateStaticKey(random: Random): Secret<Buffer> {
  return new Secret(random.bytes(STATIC_KEY_LENGTH));
}
