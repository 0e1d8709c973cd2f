import type { Random } from '../../base/random.ts';
import type { Duration } from '../../base/units.ts';
import type { ControlBody } from '../control-body.ts';
import type { KeyMethod2 } from '../negotiate/key-method2.ts';
import type { ControlOpcode } from '../opcodes.ts';
import type { TlsCommand, TlsPeer, TlsRole } from '../tls.ts';
import type { WrapConfig } from '../wrap/config.ts';
import type { PreparedWrap } from '../wrap/prepare.ts';

/** How a session begins (facts: wire 5). */
export type SessionStart =
  /** We are the client: our reset opens it. */
  | { readonly kind: 'client' }
  /** A TCP server that was sent a client's reset: answers with its own. */
  | { readonly kind: 'server' }
  /** A UDP server whose stateless reply was answered: both resets are already done. */
  | { readonly kind: 'server-after-cookie' };

/** Everything a session is told once. */
export interface SessionConfig {
  readonly start: SessionStart;
  readonly wrap: SessionWrap;
  /** Our own 8-byte session id. */
  readonly localId: Buffer;
  /** The peer's; undefined for a client until the server's reset came. */
  readonly remoteId: Buffer | undefined;
  readonly timing: SessionTiming;
  /** Largest control packet in bytes, without IP and UDP headers. */
  readonly maxControlBytes: number;
  readonly random: Random;
  /** Numbers TLS sessions; unique among all sessions that share a TLS device. */
  readonly nextTls: () => number;
  /** Sees the inside of every control packet that is sent or was accepted, for the log at verb 8. */
  readonly onBody?: ((direction: 'sent' | 'received', opcode: ControlOpcode, keyId: number, body: ControlBody) => void) | undefined;
}

/** The configured protection of control packets, with its keys made ready once for all sessions. */
export interface SessionWrap {
  readonly config: WrapConfig;
  readonly prepared: PreparedWrap;
}

/** The intervals of one session (facts: wire 24). */
export interface SessionTiming {
  readonly tlsTimeout: Duration;
  readonly handWindow: Duration;
  readonly tranWindow: Duration;
  /** 0 for never. */
  readonly renegotiateAfter: Duration;
}

/** Why a key negotiation ended without a key. */
export type KeyFailure =
  | { readonly kind: 'timeout' }
  /** The TLS library's own words. */
  | { readonly kind: 'tls'; readonly reason: string }
  | { readonly kind: 'key-method'; readonly why: string };

/** Why a control packet was dropped. */
export type DropReason = 'unwrap' | 'replay' | 'malformed' | 'opcode' | 'session-id' | 'key-id' | 'window';

/** What a session wants done or made known, in order. */
export type SessionOutput =
  | { readonly kind: 'transmit'; readonly bytes: Buffer }
  | TlsCommand
  /** TLS stands; the owner verifies the peer, then calls `writeKeyMethod2`. */
  | { readonly kind: 'tls-established'; readonly keyId: number; readonly peer: TlsPeer }
  | { readonly kind: 'key-method2'; readonly keyId: number; readonly message: KeyMethod2 }
  /** Both key messages crossed and all of ours are acknowledged: data keys may be made. */
  | { readonly kind: 'key-active'; readonly keyId: number }
  | { readonly kind: 'message'; readonly text: string }
  | { readonly kind: 'renegotiating'; readonly keyId: number; readonly byPeer: boolean }
  | { readonly kind: 'key-failed'; readonly keyId: number; readonly failure: KeyFailure }
  /** The data plane should send with this key from now on. */
  | { readonly kind: 'send-with'; readonly keyId: number }
  | { readonly kind: 'key-dropped'; readonly keyId: number }
  | { readonly kind: 'dropped'; readonly reason: DropReason; readonly detail: string };

/** The side of TLS that a session plays: clients are always TLS clients (facts: wire 5.3). */
export function tlsRole(start: SessionStart): TlsRole {
  return start.kind === 'client' ? 'client' : 'server';
}
