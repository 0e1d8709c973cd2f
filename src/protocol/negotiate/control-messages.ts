import { parsePushReply, parsePushUpdate } from './push.ts';

/** The text messages that follow key method 2, NUL-terminated, in one table (facts: wire 11). */

/** How long and where else to try after a temporary refusal. */
export interface TemporaryFailure {
  /** Undefined leaves it to the client. */
  readonly backoffSeconds: number | undefined;
  readonly advance: 'no' | 'addr' | 'remote' | undefined;
}

/** A control message, read. Texts are the peer's own words. */
export type ControlMessage =
  | { readonly kind: 'auth-failed'; readonly reason: string | undefined }
  /** `AUTH_FAILED,TEMP...`: come back later. */
  | { readonly kind: 'auth-failed-temporarily'; readonly how: TemporaryFailure; readonly reason: string | undefined }
  /** `AUTH_FAILED,SESSION...`: the token is no longer valid. */
  | { readonly kind: 'auth-token-expired'; readonly reason: string | undefined }
  /** `AUTH_FAILED,CRV1:...`: answer a challenge with the next connection. */
  | { readonly kind: 'challenge'; readonly challenge: string }
  | { readonly kind: 'push-request' }
  | { readonly kind: 'push-reply'; readonly options: readonly string[]; readonly complete: boolean }
  | { readonly kind: 'push-update'; readonly options: readonly string[]; readonly complete: boolean }
  /** Whatever else a later version begins with PUSH_. */
  | { readonly kind: 'push-other'; readonly text: string }
  | { readonly kind: 'restart'; readonly flags: string; readonly text: string | undefined }
  | { readonly kind: 'halt'; readonly text: string | undefined }
  | { readonly kind: 'info-pre'; readonly text: string }
  | { readonly kind: 'info'; readonly text: string }
  | { readonly kind: 'challenge-response'; readonly response: string }
  | { readonly kind: 'auth-pending'; readonly timeoutSeconds: number | undefined }
  | { readonly kind: 'exit' }
  | { readonly kind: 'unknown'; readonly text: string };

interface MessageRow {
  readonly prefix: string;
  /** Who sends it. */
  readonly sender: 'client' | 'server' | 'both';
  /** Makes a message of the whole text, which begins with the prefix. */
  readonly read: (text: string, rest: string | undefined) => ControlMessage;
}

/** In the order in which prefixes are tried. */
export const CONTROL_MESSAGES: readonly MessageRow[] = [
  { prefix: 'AUTH_FAILED', sender: 'server', read: (_, rest) => readAuthFailed(rest) },
  { prefix: 'PUSH_', sender: 'both', read: (text) => readPush(text) },
  { prefix: 'RESTART', sender: 'server', read: (_, rest) => readRestart(rest) },
  { prefix: 'HALT', sender: 'server', read: (_, rest) => ({ kind: 'halt', text: rest }) },
  { prefix: 'INFO_PRE', sender: 'server', read: (_, rest) => ({ kind: 'info-pre', text: rest ?? '' }) },
  { prefix: 'INFO', sender: 'server', read: (_, rest) => ({ kind: 'info', text: rest ?? '' }) },
  { prefix: 'CR_RESPONSE', sender: 'client', read: (_, rest) => ({ kind: 'challenge-response', response: rest ?? '' }) },
  { prefix: 'AUTH_PENDING', sender: 'server', read: (_, rest) => ({ kind: 'auth-pending', timeoutSeconds: keywordSeconds(rest) }) },
  { prefix: 'EXIT', sender: 'both', read: () => ({ kind: 'exit' }) },
];

/** Reads a message; line ends behind it are taken off. A message that the end `from` never sends is unknown too. */
export function classify(message: string, from: 'client' | 'server'): ControlMessage {
  const text = message.replace(/[\r\n]+$/, '');
  const row = CONTROL_MESSAGES.find(({ prefix }) => text.startsWith(prefix));
  if (row === undefined || (row.sender !== 'both' && row.sender !== from)) return { kind: 'unknown', text };
  const behind = text.slice(row.prefix.length);
  return row.read(text, behind.startsWith(',') ? behind.slice(1) : undefined);
}

function readAuthFailed(rest: string | undefined): ControlMessage {
  if (rest?.startsWith('TEMP')) return readTemporary(rest.slice('TEMP'.length));
  if (rest?.startsWith('SESSION')) return { kind: 'auth-token-expired', reason: behindColon(rest) };
  if (rest?.startsWith('CRV1:')) return { kind: 'challenge', challenge: rest };
  return { kind: 'auth-failed', reason: rest };
}

/** `[backoff 5,advance remote]:text`, each part of it optional. */
function readTemporary(rest: string): ControlMessage {
  const [, flags, text] = /^(?:\[([^\]]*)\])?(?::(.*))?$/s.exec(rest) ?? [];
  let how: TemporaryFailure = { backoffSeconds: undefined, advance: undefined };
  for (const flag of flags?.split(',') ?? []) {
    const [name, value] = flag.trim().split(/ +/);
    if (name === 'backoff') how = { ...how, backoffSeconds: wholeNumber(value) };
    if (name === 'advance' && (value === 'no' || value === 'addr' || value === 'remote')) how = { ...how, advance: value };
  }
  return { kind: 'auth-failed-temporarily', how, reason: text };
}

function readPush(text: string): ControlMessage {
  if (text === 'PUSH_REQUEST') return { kind: 'push-request' };
  const reply = parsePushReply(text);
  if (reply !== undefined) return { kind: 'push-reply', ...reply };
  const update = parsePushUpdate(text);
  return update === undefined ? { kind: 'push-other', text } : { kind: 'push-update', ...update };
}

/** `[flags]text`, both optional. */
function readRestart(rest: string | undefined): ControlMessage {
  const [, flags, text] = /^\[([^\]]*)\](.*)$/s.exec(rest ?? '') ?? [];
  return { kind: 'restart', flags: flags ?? '', text: flags === undefined ? rest : text === '' ? undefined : text };
}

/** `timeout 60` among keywords that may follow. */
function keywordSeconds(rest: string | undefined): number | undefined {
  const keyword = rest?.split(',').find((each) => each.startsWith('timeout '));
  return wholeNumber(keyword?.slice('timeout '.length));
}

function behindColon(text: string): string | undefined {
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(colon + 1);
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
