import type { Random } from '../base/random.ts';
import type { Now } from '../base/units.ts';
import type { Notes } from '../messages/notes.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import type { Link } from '../protocol/data/plane.ts';
import { Session } from '../protocol/session/session.ts';
import type { SessionWrap } from '../protocol/session/types.ts';
import type { Numbers } from './numbers.ts';
import { noteControlBody } from './session-notes.ts';
import type { ServerSettings } from './settings.ts';

/** What a server's session is opened with. */
export interface SessionParts {
  readonly settings: ServerSettings;
  readonly wrap: SessionWrap;
  readonly link: Link;
  readonly ids: { readonly localId: Buffer; readonly remoteId: Buffer };
  readonly random: Random;
  readonly numbers: Numbers;
  readonly notes: Notes;
  /** Who it is, once that is known. */
  readonly peer: () => PeerRef | undefined;
}

/** IP and UDP headers, by family. */
const HEADERS = { 4: 28, 6: 48 };

/** The session of a client that was admitted. */
export function openSession(parts: SessionParts, now: Now): Session {
  const { settings, wrap, link, ids, random, numbers, notes } = parts;
  const { control, transport } = settings;
  const { tlsTimeout, handWindow, tranWindow } = control;
  return new Session(
    {
      start: { kind: transport === 'udp' ? 'server-after-cookie' : 'server' },
      wrap,
      ...ids,
      timing: { tlsTimeout, handWindow, tranWindow, renegotiateAfter: control.renegotiate.after },
      maxControlBytes: control.maxPacketSize - HEADERS[link.address.family],
      random,
      nextTls: () => ++numbers.tls,
      onBody: (direction, opcode, keyId, body) => noteControlBody(notes, direction, opcode, keyId, body, parts.peer()),
    },
    now,
  );
}
