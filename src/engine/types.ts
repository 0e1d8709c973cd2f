import type { Secret } from '../base/secret.ts';
import type { Note } from '../messages/notes.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';
import type { EnvList } from '../model/env-list.ts';
import type { PlaneCommand } from '../protocol/data/plane.ts';
import type { TlsCommand } from '../protocol/tls.ts';

/** What an engine wants done or made known, in one ordered queue. */
export type EngineOutput =
  | Note
  | { readonly kind: 'event'; readonly event: DaemonEvent }
  | { readonly kind: 'plane'; readonly command: PlaneCommand }
  | { readonly kind: 'tls'; readonly command: TlsCommand }
  /** Answer by `handleAnswer(id, ...)`, exactly once. */
  | { readonly kind: 'ask'; readonly id: number; readonly question: Question }
  /** The address pool changed; its lines should be written when convenient. */
  | { readonly kind: 'pool-changed' }
  /** After `stop`: every client is gone, the engine needs nothing more. */
  | { readonly kind: 'stopped' };

/** What an engine cannot do itself: scripts and files. */
export type Question =
  /** `auth-user-pass-verify`. */
  | {
      readonly what: 'verify-user';
      readonly env: EnvList;
      readonly username: string;
      readonly password: Secret;
      readonly via: 'via-env' | 'via-file';
    }
  /** `tls-verify`, once a certificate from the root to the leaf. */
  | { readonly what: 'tls-verify'; readonly env: EnvList; readonly depth: number; readonly subject: string }
  /** `client-config-dir`: the file of this name, or DEFAULT. */
  | { readonly what: 'client-file'; readonly commonName: string }
  | { readonly what: 'client-connect'; readonly env: EnvList }
  | { readonly what: 'client-disconnect'; readonly env: EnvList }
  | {
      readonly what: 'learn-address';
      readonly env: EnvList;
      readonly operation: 'add' | 'update' | 'delete';
      readonly address: string;
      readonly commonName: string | undefined;
    };

/** Texts of files by their path. */
export type Included = ReadonlyMap<string, string | undefined>;

/** How a question was answered. */
export interface Answer {
  readonly ok: boolean;
  /** What a client file or connect script says; its name for messages. */
  readonly config?: {
    readonly text: string;
    readonly name: string;
    /** What its `config` lines name, and the files so named themselves, by path as written; undefined where it cannot be read. */
    readonly included?: Included;
  };
  /** Why not, for the log. */
  readonly reason?: string;
}
