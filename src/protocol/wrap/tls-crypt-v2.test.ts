import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseClientKey } from './tls-crypt-v2.ts';

const FILE = readFileSync('test/golden/wire/tls-crypt-v2-client.key', 'utf8');
const BODY = Buffer.from(FILE.split('\n').slice(1, -2).join(''), 'base64');

function pem(bytes: Buffer, name = 'OpenVPN tls-crypt-v2 client key'): string {
  return `-----BEGIN ${name}-----\n${bytes.toString('base64')}\n-----END ${name}-----\n`;
}

describe('parseClientKey', () => {
  it('takes apart what openvpn --genkey wrote', () => {
    const read = parseClientKey(FILE);
    const key = read.ok ? read.value : undefined;
    expect(key?.key.reveal()).toEqual(BODY.subarray(0, 256));
    // With the time as its metadata, a wrapped key is this long.
    expect(key?.wrapped).toHaveLength(299);
    expect(key?.wrapped).toEqual(BODY.subarray(256));
  });

  it.each([
    ['CR LF', FILE.replaceAll('\n', '\r\n')],
    ['text around it', `# mine\n${FILE}more\n`],
    ['one long line', pem(BODY)],
  ])('reads %s', (_, text) => {
    expect(parseClientKey(text).ok).toBe(true);
  });

  it.each([
    ['nothing', '', 'OpenVPN tls-crypt-v2 client key pem decode failed'],
    ["a server's key", pem(BODY, 'OpenVPN tls-crypt-v2 server key'), 'OpenVPN tls-crypt-v2 client key pem decode failed'],
    ['no end', FILE.slice(0, 200), 'OpenVPN tls-crypt-v2 client key pem decode failed'],
    ['other letters', FILE.replace('A', '!'), 'OpenVPN tls-crypt-v2 client key pem decode failed'],
    ['a shared key', pem(BODY.subarray(0, 256)), 'invalid tls-crypt-v2 client key format'],
    ['one byte less', pem(BODY.subarray(0, -1)), 'invalid tls-crypt-v2 client key format'],
    ['one byte more', pem(Buffer.concat([BODY, Buffer.from([0])])), 'invalid tls-crypt-v2 client key format'],
    [
      'more than fits into a packet',
      pem(Buffer.concat([BODY.subarray(0, 256), Buffer.alloc(1024), Buffer.from([4, 2])])),
      'invalid tls-crypt-v2 client key format',
    ],
  ])('says what is wrong with %s', (_, text, error) => {
    expect(parseClientKey(text)).toEqual({ ok: false, error });
  });
});
