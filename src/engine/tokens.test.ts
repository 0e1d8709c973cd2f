import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytes, u32 } from '../../test/support/byte-builder.ts';
import { at } from '../../test/support/time.ts';
import { SeededRandom } from '../base/random.ts';
import { Secret } from '../base/secret.ts';
import { seconds } from '../base/units.ts';
import type { TokenSettings } from './settings.ts';
import { checkToken, issueToken, newTokenSession, TOKEN_PREFIX } from './tokens.ts';

const KEY = Buffer.alloc(64, 5);
const SETTINGS: TokenSettings = { key: new Secret(KEY), lifetime: seconds(3600), renewal: seconds(300) };
/** The wall clock of `at(0)`, in seconds. */
const NOW = 0x6500_0000;
const SESSION = { sessionId: Buffer.from('000102030405060708090a0b', 'hex'), initial: NOW };

/** A token after the table in facts: wire 22, without the code under test. */
function built(username: string, initial: number, issued: number, key = KEY): string {
  const fields = bytes(SESSION.sessionId, u32(0), u32(initial), u32(0), u32(issued));
  const mac = createHmac('sha256', key).update(username).update(fields).digest();
  return `SESS_ID_AT_${Buffer.concat([fields, mac]).toString('base64')}`;
}

describe('a token', () => {
  it('is built as other servers build it', () => {
    expect(issueToken(SETTINGS, 'alice', SESSION, at(0))).toBe(built('alice', NOW, NOW));
    expect(issueToken(SETTINGS, 'alice', SESSION, at(200_000))).toBe(built('alice', NOW, NOW + 200));
  });

  it('is of a new session with each login', () => {
    const random = new SeededRandom(1);
    const [first, second] = [newTokenSession(random, at(0)), newTokenSession(random, at(5000))];
    expect(first.sessionId).toHaveLength(12);
    expect(first.sessionId).not.toEqual(second.sessionId);
    expect(second.initial).toBe(NOW + 5);
  });

  it.each([
    ['fresh', built('alice', NOW, NOW), 0, 'valid'],
    ['of almost two renewals ago', built('alice', NOW, NOW), 599, 'valid'],
    ['older', built('alice', NOW, NOW), 600, 'expired'],
    ['of a login as old as the lifetime', built('alice', NOW, NOW + 3600), 3600, 'valid'],
    ['of a login before that', built('alice', NOW, NOW + 3600), 3601, 'expired'],
    ['of the future', built('alice', NOW, NOW + 1), 0, 'expired'],
    ['of before its login', built('alice', NOW + 2, NOW + 1), 3, 'expired'],
    ['for another name', built('bob', NOW, NOW), 0, 'forged'],
    ['for no name', built('', NOW, NOW), 0, 'forged'],
    ['by another key', built('alice', NOW, NOW, Buffer.alloc(64, 6)), 0, 'forged'],
    ['cut short', built('alice', NOW, NOW).slice(0, -4), 0, 'forged'],
    ['without its prefix', built('alice', NOW, NOW).slice(TOKEN_PREFIX.length), 0, 'forged'],
    ['that is a password', 'correct horse battery staple', 0, 'forged'],
  ])('that is %s is judged so', (_, token, after, verdict) => {
    expect(checkToken(SETTINGS, 'alice', token, at(after * 1000)).kind).toBe(verdict);
  });

  it.each([
    ['its issue', built('alice', NOW, NOW), 600, { issued: NOW, initial: undefined }],
    ['its issue, whatever else', built('alice', NOW + 5, NOW + 1), 0, { issued: NOW + 1, initial: undefined }],
    ['a login after the issue', built('alice', NOW + 2, NOW + 1), 3, { issued: NOW + 1, initial: NOW + 2 }],
    ['the time since the login', built('alice', NOW, NOW + 3600), 3601, 'lifetime'],
  ])('that has expired says that it is because of %s', (_, token, after, why) => {
    expect(checkToken(SETTINGS, 'alice', token, at(after * 1000))).toEqual({ kind: 'expired', why });
  });

  it('without a lifetime lasts as long as it is renewed', () => {
    const settings = { ...SETTINGS, lifetime: undefined };
    expect(checkToken(settings, 'alice', built('alice', NOW, NOW + 1e6), at(1e9)).kind).toBe('valid');
  });

  it('gives back the session that it continues', () => {
    expect(checkToken(SETTINGS, 'alice', built('alice', NOW, NOW + 60), at(60_000))).toEqual({ kind: 'valid', session: SESSION });
  });

  it('cannot be guessed, and no text makes the check throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String().map((text) => TOKEN_PREFIX + text),
        ),
        (text) => {
          expect(checkToken(SETTINGS, 'alice', text, at(0)).kind).toBe('forged');
        },
      ),
    );
  });
});
