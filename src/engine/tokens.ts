import { createHmac, timingSafeEqual } from 'node:crypto';
import { Reader } from '../base/reader.ts';
import type { Random } from '../base/random.ts';
import { type Now, unixSeconds } from '../base/units.ts';
import { Writer } from '../base/writer.ts';
import type { TokenSettings } from './settings.ts';

/** What a token's text begins with (facts: wire 22). */
export const TOKEN_PREFIX = 'SESS_ID_AT_';

const SESSION_ID_BYTES = 12;
const HMAC_BYTES = 32;

/** The session that a token continues. */
export interface TokenSession {
  readonly sessionId: Buffer;
  /** Unix seconds of the login with a password. */
  readonly initial: number;
}

/** Unix seconds in a token that make no sense now: an issue too long ago or in the future, or before the login. */
export interface TokenTimes {
  readonly issued: number;
  /** The login, where it is after the issue. */
  readonly initial: number | undefined;
}

/** What a token that came as a password is worth. */
export type TokenVerdict =
  | { readonly kind: 'valid'; readonly session: TokenSession }
  | { readonly kind: 'expired'; readonly why: 'lifetime' | TokenTimes }
  | { readonly kind: 'forged' };

/** A new session id with the moment of its login. */
export function newTokenSession(random: Random, now: Now): TokenSession {
  return { sessionId: random.bytes(SESSION_ID_BYTES), initial: unixSeconds(now.wall) };
}

/** `SESS_ID_AT_` and base64 of: session id, initial time, issue time, HMAC-SHA256 over the user name and these. */
export function issueToken(settings: TokenSettings, username: string, session: TokenSession, now: Now): string {
  const body = new Writer(SESSION_ID_BYTES + 16).bytes(session.sessionId);
  writeTime(body, session.initial);
  writeTime(body, unixSeconds(now.wall));
  const fields = body.finish();
  return TOKEN_PREFIX + Buffer.concat([fields, hmacOf(settings, username, fields)]).toString('base64');
}

/**
 * Checks a token. It is valid while its issue is less than two renewals ago and its login at most `lifetime`, and neither is in the
 * future; a token made for the empty user name is not accepted for another.
 */
export function checkToken(settings: TokenSettings, username: string, token: string, now: Now): TokenVerdict {
  const bytes = Buffer.from(token.slice(TOKEN_PREFIX.length), 'base64');
  if (!token.startsWith(TOKEN_PREFIX) || bytes.length !== SESSION_ID_BYTES + 16 + HMAC_BYTES) return { kind: 'forged' };
  const fields = bytes.subarray(0, SESSION_ID_BYTES + 16);
  if (!timingSafeEqual(bytes.subarray(fields.length), hmacOf(settings, username, fields))) return { kind: 'forged' };
  const reader = new Reader(fields);
  const sessionId = Buffer.from(reader.bytes(SESSION_ID_BYTES));
  const initial = readTime(reader);
  const issued = readTime(reader);
  const wall = unixSeconds(now.wall);
  const expired = (why: 'lifetime' | TokenTimes): TokenVerdict => ({ kind: 'expired', why });
  if (issued > wall || issued + (2 * settings.renewal) / 1000 <= wall) return expired({ issued, initial: undefined });
  if (initial > issued) return expired({ issued, initial });
  if (settings.lifetime !== undefined && initial + settings.lifetime / 1000 < wall) return expired('lifetime');
  return { kind: 'valid', session: { sessionId, initial } };
}

function writeTime(writer: Writer, unix: number): void {
  writer.u32(Math.floor(unix / 0x1_0000_0000)).u32(unix >>> 0);
}

function readTime(reader: Reader): number {
  return reader.u32() * 0x1_0000_0000 + reader.u32();
}

function hmacOf(settings: TokenSettings, username: string, fields: Buffer): Buffer {
  return createHmac('sha256', settings.key.reveal()).update(username, 'utf8').update(fields).digest();
}
