import { type Duration, seconds } from '../../base/units.ts';
import type { ClientEnding } from '../../engine/client-types.ts';
import type { Cause } from '../causes.ts';
import type { EndedOutput } from './attempt.ts';

/** Why an attempt or session ended, and what follows on it; the log and `>STATE` say `source` and `reason`. */
export interface Restart {
  readonly signal: Cause['name'];
  /** `hard` for a signal of the system; stock has one more form for connections that failed. */
  readonly source: 'hard' | 'soft' | 'connection failed(soft)';
  readonly reason: string;
  /** What the server asked to wait. */
  readonly backoff?: Duration | undefined;
  /** Goes on at once: the time for it passed already. */
  readonly atOnce?: boolean;
}

/** The reason that stock gives for each ending, and the signal that it stands for (facts: management 10). */
const ENDINGS: Readonly<Record<Exclude<ClientEnding, 'left'>, { readonly signal: 'SIGUSR1' | 'SIGTERM'; readonly reason: string }>> = {
  'tls-error': { signal: 'SIGUSR1', reason: 'tls-error' },
  'auth-failure': { signal: 'SIGTERM', reason: 'auth-failure' },
  'auth-temp-failure': { signal: 'SIGUSR1', reason: 'auth-temp-failure (server temporary reject)' },
  'auth-token-expired': { signal: 'SIGUSR1', reason: 'auth-failure (auth-token)' },
  'push-failed': { signal: 'SIGUSR1', reason: 'process-push-msg-failed' },
  'no-push-reply': { signal: 'SIGUSR1', reason: 'no-push-reply' },
  'server-restart': { signal: 'SIGUSR1', reason: 'server-pushed-connection-reset' },
  'server-halt': { signal: 'SIGTERM', reason: 'server-pushed-halt' },
  'remote-exit': { signal: 'SIGUSR1', reason: 'remote-exit' },
  'ping-restart': { signal: 'SIGUSR1', reason: 'ping-restart' },
  'ping-exit': { signal: 'SIGTERM', reason: 'ping-exit' },
  'connection-reset': { signal: 'SIGUSR1', reason: 'connection-reset' },
};

/** What follows on the end of a session that was not ours; `again` is what the login says of a refusal, `tlsExit` that TLS has one try. */
export function restartOf(ended: EndedOutput, again: boolean, tlsExit: boolean): Restart {
  if (ended.reason === 'left') return { signal: 'SIGTERM', source: 'soft', reason: 'exit-with-notification' };
  const { signal, reason } = ENDINGS[ended.reason];
  const backoff = ended.backoffSeconds === undefined ? undefined : seconds(ended.backoffSeconds);
  const offending = ended.reason === 'push-failed' && ended.text === 'Offending option received from server';
  const ends = tlsExit && ended.reason === 'tls-error';
  return {
    signal: ends ? 'SIGTERM' : ended.reason === 'auth-failure' && again ? 'SIGUSR1' : signal,
    source: 'soft',
    reason: offending ? ended.text : reason,
    backoff,
  };
}
