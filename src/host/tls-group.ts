import { Reader } from '../base/reader.ts';

/** Key exchange groups as the log names them: size of the key and OpenSSL's name (facts: logging 13). */
const GROUPS: Readonly<Record<number, string>> = {
  23: '256 bits ECprime256v1',
  24: '384 bits ECsecp384r1',
  25: '521 bits ECsecp521r1',
  29: '253 bits X25519',
  30: '448 bits X448',
};

const HANDSHAKE_RECORD = 22;
const SERVER_HELLO = 2;
const KEY_SHARE = 51;

/**
 * The group that a TLS 1.3 server chose, off its ServerHello: Node does not tell a server. Undefined when these bytes
 * hold no ServerHello of TLS 1.3, also for TLS 1.2, where stock's server does not print it either.
 */
export function serverHelloGroup(records: Buffer): string | undefined {
  const reader = new Reader(records);
  if (reader.u8() !== HANDSHAKE_RECORD) return undefined;
  reader.bytes(4);
  if (reader.u8() !== SERVER_HELLO) return undefined;
  reader.bytes(3 + 2 + 32);
  reader.bytes(reader.u8());
  reader.bytes(2 + 1);
  const extensions = new Reader(reader.bytes(reader.u16()));
  while (extensions.remaining > 0 && !extensions.failed) {
    const type = extensions.u16();
    const body = new Reader(extensions.bytes(extensions.u16()));
    if (type === KEY_SHARE) return GROUPS[body.u16()];
  }
  return undefined;
}

/** The same from what Node tells a client. */
export function groupName(info: { readonly type?: string; readonly name?: string; readonly size?: number }): string | undefined {
  if (info.size === undefined) return undefined;
  if (info.type === 'DH') return `${info.size} bits DH`;
  const name = info.name ?? '';
  return `${info.size} bits ${name.startsWith('X') ? name : `EC${name}`}`;
}
