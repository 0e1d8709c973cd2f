import type { Secret } from '../base/secret.ts';
import type { Duration } from '../base/units.ts';
import type { Note, Notes } from '../messages/notes.ts';
import type { DataCipher, Link, PlaneCommand, PlaneCounters } from '../protocol/data/plane.ts';
import type { TemporaryFailure } from '../protocol/negotiate/control-messages.ts';
import type { SessionTiming } from '../protocol/session/types.ts';
import type { TlsCommand } from '../protocol/tls.ts';
import type { CertificateFacts } from '../protocol/verify/certificate.ts';
import type { VerifyRules } from '../protocol/verify/rules.ts';
import type { WrapConfig } from '../protocol/wrap/config.ts';
import type { CrlCheck } from '../protocol/verify/crl.ts';
import type { Pulled } from './pulled.ts';

/** A client's configuration as its engine needs it: files already read, the server's name already resolved. */
export interface ClientSettings {
  /** Where the server is: the UDP address, or the TCP connection that stands. */
  readonly remote: Link;
  readonly wrap: WrapConfig;
  readonly timing: SessionTiming;
  /** Largest control datagram, IP and UDP headers included. */
  readonly maxPacketSize: number;
  readonly dataCiphers: readonly DataCipher[];
  readonly fallbackCipher: DataCipher | undefined;
  /** `cipher` as configured, for the options string only. */
  readonly cipher: string | undefined;
  /** `auth`, for the options string; tls-auth has its own digest in `wrap`. */
  readonly auth: string;
  readonly tunMtu: number;
  readonly credentials: { readonly username: string; readonly password: Secret } | undefined;
  /** What the server's certificate must satisfy. */
  readonly verify: VerifyRules;
  /** IV_VER and IV_PLAT. */
  readonly version: string;
  readonly platform: string;
  /** Further lines of peer info, such as `UV_*`; a name that is already there counts as given here. */
  readonly peerInfo: readonly (readonly [name: string, value: string])[];
  /** Tells the server when we leave (`explicit-exit-notify`). */
  readonly exitNotify: boolean;
  readonly muteReplayWarnings: boolean;
  /** Waits with the tunnel until the owner has made the interface: `pulled` says what with, `openTunnel` goes on. */
  readonly waitsForInterface?: boolean;
  /** Gives pushed options their final form: filters, what is configured beside them; says what it left out. A refusal ends the session. */
  readonly filter?: (options: readonly string[], notes: Notes) => FilteredPush;
  /** Ping timers that hold unless the server pushes others. */
  readonly keepalive?: {
    readonly ping: Duration | undefined;
    readonly silence: { readonly after: Duration; readonly outcome: 'ping-restart' | 'ping-exit' } | undefined;
  };
  /**
   * Names of the options that the owner can change while the tunnel is open: PUSH_UPDATE is announced and taken for these, and one
   * that must change another ends the session. Without them it is not announced, and not heeded.
   */
  readonly updates?: ReadonlySet<string>;
  /** The revocation lists now. */
  readonly crl?: () => CrlCheck | undefined;
}

/** What is left of pushed options. */
export type FilteredPush = { readonly options: readonly string[] } | { readonly refused: string };

/** Why a client's session came to its end, and whether the same settings are worth another attempt. */
export const CLIENT_ENDINGS = {
  /** TLS failed, timed out, or showed a server that the rules refuse. */
  'tls-error': { again: true },
  /** The server refused our certificate, name or password for good. */
  'auth-failure': { again: false },
  'auth-temp-failure': { again: true },
  /** A token is no longer valid: a new session begins with the password. */
  'auth-token-expired': { again: true },
  /** The pushed options cannot be used. */
  'push-failed': { again: true },
  'no-push-reply': { again: true },
  'server-restart': { again: true },
  'server-halt': { again: false },
  'remote-exit': { again: true },
  'ping-restart': { again: true },
  'ping-exit': { again: false },
  'connection-reset': { again: true },
  /** By `leave`. */
  left: { again: false },
} as const satisfies Record<string, { readonly again: boolean }>;

/** A reason of the table. */
export type ClientEnding = keyof typeof CLIENT_ENDINGS;

/** An own address inside the tunnel. */
export interface PulledAddress {
  readonly address: Buffer;
  readonly bits: number;
}

/** A step on the way to a tunnel, or a word of the server for somebody. */
export type ClientStep =
  /** The states that the session itself knows (facts: management 10). */
  | { readonly what: 'state'; readonly name: 'WAIT' | 'AUTH' | 'GET_CONFIG' | 'AUTH_PENDING'; readonly detail?: string }
  /** The server's certificate was accepted: leaf first. */
  | { readonly what: 'verified'; readonly chain: readonly CertificateFacts[]; readonly commonName: string }
  /** The first key stands: the server's address is trusted now. */
  | { readonly what: 'trusted' }
  /** With `waitsForInterface`: make the interface, then `openTunnel`. */
  | { readonly what: 'pulled'; readonly pulled: Pulled }
  /** PUSH_UPDATE, with `updates`: all options as they are now, in the order that counts. */
  | { readonly what: 'updated'; readonly options: readonly string[] }
  /** INFO and INFO_PRE. */
  | { readonly what: 'info'; readonly text: string }
  /** Takes the password's place from now on. */
  | { readonly what: 'token'; readonly token: Secret; readonly username: string | undefined };

/** What a client engine wants done or made known, in one ordered queue. */
export type ClientOutput =
  | Note
  | { readonly kind: 'plane'; readonly command: PlaneCommand }
  | { readonly kind: 'tls'; readonly command: TlsCommand }
  | { readonly kind: 'step'; readonly step: ClientStep }
  /** The tunnel carries traffic. `options` are all that the server pushed, tokens left out. */
  | {
      readonly kind: 'connected';
      readonly address4: PulledAddress | undefined;
      readonly address6: PulledAddress | undefined;
      readonly options: readonly string[];
    }
  /** The last output: the engine is done with. The owner decides when to make the next one. */
  | {
      readonly kind: 'ended';
      readonly reason: ClientEnding;
      readonly again: boolean;
      /** What the server asked to wait before the next attempt. */
      readonly backoffSeconds: number | undefined;
      /** Which server to try next, where the server said. */
      readonly advance: TemporaryFailure['advance'] | undefined;
      /** The server's own words, if it gave any. */
      readonly text: string | undefined;
      /** Of the data plane, if it was opened. */
      readonly counters: PlaneCounters | undefined;
    };

/** How far a client has come. */
export type ClientProgress = 'handshake' | 'pulling' | 'connected' | 'leaving' | 'ended';
