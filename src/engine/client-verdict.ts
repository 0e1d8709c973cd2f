import type { ControlMessage } from '../protocol/negotiate/control-messages.ts';
import type { ClientEnding } from './client-types.ts';

/** What the end of a session rests on. */
export interface EndVerdict {
  readonly reason: ClientEnding;
  readonly text?: string | undefined;
  readonly backoffSeconds?: number | undefined;
  readonly advance?: 'no' | 'addr' | 'remote' | undefined;
}

/** How a server's message ends the session; undefined for messages that do not (facts: wire 11). */
export function endVerdict(message: ControlMessage, usesToken: boolean): EndVerdict | undefined {
  switch (message.kind) {
    case 'auth-failed':
      // Without the token, the password may still do.
      return { reason: usesToken ? 'auth-token-expired' : 'auth-failure', text: message.reason };
    case 'auth-failed-temporarily':
      return { reason: 'auth-temp-failure', text: message.reason, ...message.how };
    case 'auth-token-expired':
      return { reason: 'auth-token-expired', text: message.reason };
    case 'challenge':
      return { reason: 'auth-failure', text: message.challenge };
    case 'restart':
      return { reason: 'server-restart', text: message.text, advance: message.flags.includes('N') ? 'remote' : undefined };
    case 'halt':
      return { reason: 'server-halt', text: message.text };
    case 'exit':
      return { reason: 'remote-exit' };
    default:
      return undefined;
  }
}
