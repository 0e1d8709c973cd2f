import type { Duration } from '../../base/units.ts';

/** What came of sending records. */
export type SendResult =
  /** The other end says that it has them. */
  | { readonly kind: 'taken' }
  /** They are on the way over something that says so only when asked: `confirm` does. */
  | { readonly kind: 'sent' }
  /** The other end will never take them: to send them again is of no use. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** To be sent again, at the earliest after `retryAfter` where the other end wants that. */
  | { readonly kind: 'failed'; readonly reason: string; readonly retryAfter?: Duration | undefined };

/** Knows how to bring records to one place. Each call ends in a bounded time, and none rejects. */
export interface Sender {
  /** Where it is, for people; no secrets. */
  readonly where: string;
  /** In their order, after those of the call before. */
  send(records: readonly Buffer[]): Promise<SendResult>;
  /** Asks for what is on the way; undefined when all of it has arrived, or why that is not known. */
  confirm?(): Promise<string | undefined>;
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** What an answer over HTTP means: taken, not ever, or later. */
export function resultOfAnswer(status: number, body: string, retryAfter: Duration | undefined): SendResult {
  if (status >= 200 && status < 300) return { kind: 'taken' };
  const words = body.replace(/[^ -~]+/g, ' ').trim();
  const reason = `HTTP status ${status}${status >= 300 && status < 400 ? ', a redirection, which is not followed' : ''}${words === '' ? '' : `: ${words.slice(0, 200)}`}`;
  // What is wrong with the request itself stays wrong; a wrong address, password or rate does not.
  if (NEVER.has(status)) return { kind: 'refused', reason };
  return { kind: 'failed', reason, retryAfter };
}

/** Bad request, too large, unsupported type, unprocessable. */
const NEVER = new Set([400, 413, 415, 422]);
