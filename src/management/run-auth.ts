import { ask, type Call, type Outcome } from './command.ts';
import { unsignedNumber } from './numbers.ts';
import { outcomeOf } from './run-daemon.ts';

/** Decisions about clients that log in (facts: management 16). `checkClientIds` has passed before any of them runs. */

/** CID and KID, the first two parameters. */
export function checkClientIds([clientId = '', keyId = '']: readonly string[]): string | undefined {
  if (unsignedNumber(clientId) === undefined) return 'cannot parse CID';
  return unsignedNumber(keyId) === undefined ? 'cannot parse KID' : undefined;
}

/** CID, KID and the time-out of `client-pending-auth`. */
export function checkPendingAuth(words: readonly string[]): string | undefined {
  return checkClientIds(words) ?? (unsignedNumber(words[3] ?? '') === undefined ? 'cannot parse TIMEOUT' : undefined);
}

function idsOf(words: readonly string[]): { clientId: number; keyId: number } {
  return { clientId: unsignedNumber(words[0] ?? '') ?? 0, keyId: unsignedNumber(words[1] ?? '') ?? 0 };
}

/** `client-auth CID KID` with the client's configuration, and `client-auth-nt CID KID` without. */
export function runClientAuth({ words, body }: Call): Outcome {
  return ask({ kind: 'client-auth', ...idsOf(words), config: body }, outcomeOf('client-auth'));
}

/** `client-deny CID KID REASON [CLIENTREASON]`. */
export function runClientDeny({ words }: Call): Outcome {
  const [, , reason = '', clientReason] = words;
  return ask({ kind: 'client-deny', ...idsOf(words), reason, clientReason }, outcomeOf('client-deny'));
}

/** `client-pending-auth CID KID EXTRA TIMEOUT`. */
export function runClientPendingAuth({ words }: Call): Outcome {
  const [, , extra = '', timeout = ''] = words;
  return ask(
    { kind: 'client-pending-auth', ...idsOf(words), extra, timeoutSeconds: unsignedNumber(timeout) ?? 0 },
    {
      done: 'client-pending-auth command succeeded',
      refused: 'client-pending-auth command failed. Extra parameter might be too long',
    },
  );
}
