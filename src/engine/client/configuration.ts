import type { Secret } from '../../base/secret.ts';
import type { Duration } from '../../base/units.ts';
import type { Note } from '../../messages/notes.ts';
import type { MssFix } from '../../protocol/data/plane.ts';
import type { VerifyRules } from '../../protocol/verify/rules.ts';
import type { WrapConfig } from '../../protocol/wrap/config.ts';
import type { CommonDaemonSettings, TlsSettings } from '../daemon-settings.ts';
import type { ControlChannelSettings } from '../settings.ts';

/** A client's configuration that can run. */
export interface ClientConfiguration {
  readonly client: ClientModeSettings;
  readonly daemon: CommonDaemonSettings;
  /** What to log before the start, in order. */
  readonly warnings: readonly Note[];
}

/** What a client does, beyond one session. */
export interface ClientModeSettings {
  readonly profiles: readonly Profile[];
  /** Servers in random order. */
  readonly shuffle: boolean;
  readonly retry: RetrySettings;
  readonly identity: IdentitySettings;
  readonly tls: ClientTlsSettings;
  readonly verify: VerifyRules;
  readonly control: Omit<ControlChannelSettings, 'wrap'>;
  readonly login: LoginSettings | undefined;
  readonly queries: QuerySettings;
  readonly pull: PullSettings;
  readonly network: ClientNetworkSettings;
  /** Ends the process when so few bytes crossed the tunnel in so long. */
  readonly inactive: { readonly after: Duration; readonly bytes: number } | undefined;
  readonly sessionTimeout: Duration | undefined;
  /** What the server may override. */
  readonly ping: Duration | undefined;
  readonly silence: { readonly after: Duration; readonly outcome: 'ping-restart' | 'ping-exit' } | undefined;
  /** `push-peer-info`: the server hears more of this machine. */
  readonly tellsMore: boolean;
  /** `setenv UV_*` and `IV_*`. */
  readonly peerInfo: readonly (readonly [name: string, value: string])[];
  readonly replayWindow: { readonly size: number; readonly seconds: number };
  readonly muteReplayWarnings: boolean;
  /** `tls-exit`: a handshake that fails ends the process. */
  readonly tlsExit: boolean;
}

/** One way to reach a server: a `remote` line, or a `<connection>` block. */
export interface Profile {
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
  /** Undefined takes what the name resolves to. */
  readonly family: 4 | 6 | undefined;
  /** Undefined leaves the port to the system; so is the address without one. */
  readonly local: { readonly host: string | undefined; readonly port: number } | undefined;
  readonly connectTimeout: Duration;
  readonly exitNotify: boolean;
  readonly wrap: WrapConfig;
  readonly tunMtu: number;
  readonly mssFix: MssFix | undefined;
  readonly proxy: ProxySettings | undefined;
}

/** A proxy in front of a server. */
export interface ProxySettings {
  readonly kind: 'http' | 'socks';
  readonly host: string;
  readonly port: number;
  /** `ask` asks once the proxy wants a login. */
  readonly login: { readonly username: string; readonly password: Secret } | 'ask' | undefined;
  /** HTTP: passwords are never sent in clear (`auto-nct`). */
  readonly noClearText: boolean;
  /** HTTP: further header lines, and the version of the request. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly httpVersion: string;
  readonly timeout: Duration;
}

/** How attempts follow one another (facts: management 12, wire 24). */
export interface RetrySettings {
  readonly first: Duration;
  readonly longest: Duration;
  /** Rounds through all servers; undefined for no end. */
  readonly maxRounds: number | undefined;
  /** How long a name is looked up again; undefined for ever. */
  readonly resolve: Duration | undefined;
}

/** The own certificate and key. */
export type IdentitySettings =
  | { readonly kind: 'none' }
  | { readonly kind: 'pem'; readonly cert: string; readonly key: Secret; readonly keyName: string }
  | { readonly kind: 'pkcs12'; readonly path: string }
  /** A file of it is not there yet: it is on a medium that management clients can be asked for. */
  | { readonly kind: 'absent'; readonly path: string }
  /** `identity-dir`: one of several, by name where `identity` gives one. */
  | { readonly kind: 'folder'; readonly path: string; readonly name: string | undefined };

/** What TLS may use beside the own identity. */
export type ClientTlsSettings = Pick<TlsSettings, 'minVersion' | 'maxVersion' | 'ciphers' | 'cipherSuites' | 'groups' | 'certProfile'> & {
  /** PEM; undefined with `peer-fingerprint` or a PKCS#12 file that holds them. */
  readonly ca: string | undefined;
  readonly extraCerts: string | undefined;
  /** Of the private key, from a file. */
  readonly passphrase: Secret | undefined;
};

/** `auth-user-pass` and what goes with it. */
export interface LoginSettings {
  /** Undefined is asked for. */
  readonly username: string | undefined;
  readonly password: Secret | undefined;
  readonly retry: AuthRetry;
  /** Asked along with name and password. */
  readonly challenge: { readonly text: string; readonly echo: boolean } | undefined;
  /** `auth-nocache`. */
  readonly forget: boolean;
}

/** `auth-retry`. */
export type AuthRetry = 'none' | 'nointeract' | 'interact';

/** Whom questions go to. */
export interface QuerySettings {
  /** Management clients; otherwise the terminal is asked. */
  readonly passwords: boolean;
  readonly remote: boolean;
  readonly proxy: boolean;
}

/** What is taken from the server. */
export interface PullSettings {
  readonly enabled: boolean;
  readonly filters: readonly { readonly action: 'accept' | 'ignore' | 'reject'; readonly prefix: string }[];
  /** `route-nopull`. */
  readonly withoutRoutes: boolean;
}

/** Options about the inside of the tunnel that the operator gave; each as one line, as a server would push it. */
export interface ClientNetworkSettings {
  readonly options: readonly string[];
  /** False: `route-noexec`. */
  readonly setRoutes: boolean;
}
