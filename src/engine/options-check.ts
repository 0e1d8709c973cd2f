import type { Notes } from '../messages/notes.ts';
import { TLS } from '../messages/tls.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import { compareOptions, type OptionsStringParts } from '../protocol/negotiate/options-string.ts';
import type { ServerSettings } from './settings.ts';

/** What a server's options string is made of. */
export function serverOptionsParts({ control, transport, tunMtu }: ServerSettings): OptionsStringParts {
  const { cipher, fallbackCipher, dataCiphers, auth, wrap } = control;
  return { role: 'server', transport, tunMtu, cipher, fallbackCipher, dataCiphers, auth, wrap };
}

/**
 * Says in which options the peer is configured otherwise. Nothing depends on it: it is for whoever looks for the reason of
 * a tunnel that carries nothing, at stock's level 7.
 */
export function noteOptionMismatches(notes: Notes, expected: string, received: string, peer?: PeerRef): void {
  if (!notes.wants(TLS.optionInconsistent)) return;
  for (const mismatch of compareOptions(expected, received)) {
    switch (mismatch.kind) {
      case 'differs':
        notes.add(TLS.optionInconsistent, mismatch, peer);
        break;
      case 'only-local':
        notes.add(TLS.optionMissingRemotely, mismatch, peer);
        break;
      case 'only-remote':
        notes.add(TLS.optionMissingLocally, mismatch, peer);
        break;
    }
  }
}
