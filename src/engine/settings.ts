import type { Duration } from '../base/units.ts';
import type { Secret } from '../base/secret.ts';
import type { DataCipher, InnerRoute, MssFix } from '../protocol/data/plane.ts';
import type { VerifyRules } from '../protocol/verify/rules.ts';
import type { WrapConfig } from '../protocol/wrap/config.ts';

/**
 * A server's configuration as the engine needs it: files already read, names already checked, times already durations.
 * `settings-from-options.ts` makes it of directives; what only the daemon needs (paths, sockets, users) is in
 * `DaemonSettings` there.
 */
export interface ServerSettings {
  readonly topology: 'subnet';
  /** `server` or `ifconfig`: own address and netmask inside the tunnel. */
  readonly tunnel4: TunnelAddress | undefined;
  readonly tunnel6: TunnelAddress | undefined;
  readonly pool4: AddressRange | undefined;
  readonly pool6: AddressRange | undefined;
  readonly pushes: readonly string[];
  readonly keepalive: { readonly ping: Duration | undefined; readonly pingRestart: Duration | undefined };
  readonly clientToClient: boolean;
  readonly duplicateCn: boolean;
  readonly maxClients: number;
  readonly maxRoutesPerClient: number;
  /** Reads client files; `exclusive` refuses clients without one. */
  readonly clientConfig: { readonly exclusive: boolean } | undefined;
  readonly control: ControlChannelSettings;
  readonly verify: VerifyRules;
  readonly auth: AuthSettings;
  readonly hooks: HookSettings;
  readonly tunMtu: number;
  readonly mssFix: MssFix | undefined;
  readonly replayWindow: { readonly size: number; readonly seconds: number };
  /** Completed handshakes per time (`connect-freq`). */
  readonly connectFreq: RateLimit | undefined;
  /** Replies to first packets per time (`connect-freq-initial`). */
  readonly connectFreqInitial: RateLimit;
  /** 0, 1 or 2: what clients are told at the end (facts: wire 17). */
  readonly explicitExitNotify: 0 | 1 | 2;
  readonly muteReplayWarnings: boolean;
  readonly statusVersion: 1 | 2 | 3;
  readonly transport: 'udp' | 'tcp';
  readonly inactive: { readonly after: Duration; readonly bytes: number } | undefined;
  readonly sessionTimeout: Duration | undefined;
}

/** An address with its prefix length inside the tunnel. */
export interface TunnelAddress {
  readonly address: Buffer;
  readonly bits: number;
}

/** First and last assignable address, both included, with the prefix length pushed to clients. */
export interface AddressRange {
  readonly first: Buffer;
  readonly last: Buffer;
  readonly bits: number;
}

/** At most `count` in `per`. */
export interface RateLimit {
  readonly count: number;
  readonly per: Duration;
}

/** The control channel: how it is protected, timed and keyed. */
export interface ControlChannelSettings {
  readonly wrap: WrapConfig;
  readonly tlsTimeout: Duration;
  readonly handWindow: Duration;
  readonly tranWindow: Duration;
  /** 0 means never. Servers subtract up to a tenth at random. */
  readonly renegotiate: { readonly after: Duration; readonly bytes: number; readonly packets: number };
  readonly dataCiphers: readonly DataCipher[];
  readonly fallbackCipher: DataCipher | undefined;
  /** `cipher` as configured, for the options string only. */
  readonly cipher: string | undefined;
  /** Digest name for tls-auth and the options string. */
  readonly auth: string;
  /** Largest control datagram, IP and UDP headers included. */
  readonly maxPacketSize: number;
}

/** Who checks names and passwords. */
export interface AuthSettings {
  /** A script does (`auth-user-pass-verify`). */
  readonly script: 'via-env' | 'via-file' | undefined;
  /** Management clients do (`management-client-auth`); with a script, both must agree. */
  readonly management: boolean;
  /** Peers without a name and password are let through. */
  readonly optional: boolean;
  readonly usernameAsCommonName: boolean;
  readonly token: TokenSettings | undefined;
  /** `require` is the default. */
  readonly clientCertificate: 'require' | 'optional' | 'none';
}

/** `auth-gen-token` (facts: wire 22). */
export interface TokenSettings {
  readonly key: Secret<Buffer>;
  /** Undefined for no end. */
  readonly lifetime: Duration | undefined;
  readonly renewal: Duration;
}

/** Which scripts exist; the daemon knows their commands. */
export interface HookSettings {
  readonly clientConnect: boolean;
  readonly clientDisconnect: boolean;
  readonly learnAddress: boolean;
  readonly tlsVerify: boolean;
}

/** What one client's file, connect script or management body sets (facts: options allowed in client files). */
export interface ClientConfig {
  readonly disable: boolean;
  readonly pushReset: boolean;
  /** Prefixes of pushed options to take away. */
  readonly pushRemove: readonly string[];
  readonly pushes: readonly string[];
  readonly address4: { readonly address: Buffer; readonly mask: Buffer } | undefined;
  readonly address6: { readonly address: Buffer; readonly bits: number } | undefined;
  readonly internalRoutes: readonly InnerRoute[];
}
