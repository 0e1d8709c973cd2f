import { Secret } from '../base/secret.ts';
import { ask, type Call, error, type Outcome, reply } from './command.ts';

/** The longest password, as in stock built with PKCS#11. */
const MAX_PASSWORD_BYTES = 4095;

/** `password TYPE PASSWORD`. */
export function runPassword({ words: [type = '', password = ''], line }: Call): Outcome {
  return give(type, password, line);
}

/** `password TYPE` with base64 up to END: goes on as the one-line form, quoted so that nothing in it can be anything else. */
export function runPasswordBody({ words: [type = ''], body }: Call): Outcome {
  const text = body.join('');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return reply(error('could not base64-decode password'));
  const password = Buffer.from(text, 'base64');
  if (password.length > MAX_PASSWORD_BYTES) return reply(error('password too long'));
  // It may go on as a line: what would end the line there must not be in it.
  if (password.some((byte) => byte < 0x20 || byte === 0x7f)) return reply(error('password holds control characters'));
  const line = Buffer.concat([Buffer.from(`password ${quoted(Buffer.from(type)).toString()} `), quoted(password)]);
  return give(type, password.toString('utf8'), line);
}

function give(type: string, password: string, line: Buffer): Outcome {
  return ask(
    { kind: 'password', type, password: new Secret(password), line },
    { done: `'${type}' password entered, but not yet verified`, refused: 'no password is currently needed at this time' },
  );
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function quoted(bytes: Buffer): Buffer {
  const out = [QUOTE];
  for (const byte of bytes) {
    if (byte === QUOTE || byte === BACKSLASH) out.push(BACKSLASH);
    out.push(byte);
  }
  return Buffer.from([...out, QUOTE]);
}
