import type { Secret } from '../base/secret.ts';
import type { PlaneStep } from '../protocol/data/plane.ts';

/**
 * What the daemon needs of the configuration beyond the engine: sockets, device, files, scripts, users. Paths are as
 * written and count from the working directory; PEM texts are read already.
 */
export interface DaemonSettings {
  readonly listen: ListenSettings;
  readonly device: DeviceSettings;
  readonly dataPlane: DataPlaneSettings;
  /** `route` and `route-ipv6`: what the system sends into the tunnel. */
  readonly routes: readonly TunnelRoute[];
  readonly tls: TlsSettings;
  readonly crl: CrlSource | undefined;
  readonly scripts: ScriptSettings;
  readonly clientConfigDir: string | undefined;
  /** Where files for scripts go; undefined for TMPDIR, then /tmp. */
  readonly tmpDir: string | undefined;
  /** `seconds` 0 reads only. */
  readonly poolPersist: { readonly file: string; readonly seconds: number } | undefined;
  readonly log: LogSettings;
  readonly status: { readonly file: string; readonly seconds: number } | undefined;
  /** Whose status forms: 2.7 puts the protocol before addresses. */
  readonly statusCompat: '2.6' | '2.7';
  /** `status-format json`: also a file of that name with `.json` behind it. */
  readonly statusJson: boolean;
  readonly management: readonly ManagementListener[];
  readonly managementOptions: ManagementSettings;
  /** Lines kept for management clients. */
  readonly managementLogCache: number;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly nice: number | undefined;
  /** `daemon`: goes to the background when the configuration is read. */
  readonly background: boolean;
  readonly writePid: string | undefined;
  /** Obeyed where it stood; here for who asks later. */
  readonly cd: string | undefined;
  /** Bytes; undefined leaves the system's. */
  readonly sendBuffer: number | undefined;
  readonly receiveBuffer: number | undefined;
  /** Kept across SIGUSR1. */
  readonly persist: { readonly tun: boolean; readonly key: boolean };
  /** What SIGUSR1 becomes. */
  readonly remapUsr1: 'SIGHUP' | 'SIGTERM' | undefined;
  /** The file that the command line named; `config` in the environment. */
  readonly configFile: string | undefined;
  /** Texts of `echo` and `parameter`, for management clients. */
  readonly echoes: readonly string[];
  /** Every directive as one line, for the listing at verb 4; blocks without what is in them. */
  readonly listing: readonly string[];
}

/** What the process around a server and around a client need alike. */
export type CommonDaemonSettings = Omit<DaemonSettings, 'listen' | 'tls' | 'routes' | 'clientConfigDir' | 'tmpDir' | 'poolPersist'>;

/** The socket. `dual` takes IPv4 on an IPv6 socket. */
export interface ListenSettings {
  readonly transport: 'udp' | 'tcp';
  readonly family: 4 | 6 | 'dual';
  /** Nothing named a family: IPv4 is taken, and the log says so. */
  readonly familyAssumed: boolean;
  /** A name or an address; undefined for all. */
  readonly host: string | undefined;
  readonly port: number;
}

/** `data-plane`: what carries packets, and what of it is left out. */
export interface DataPlaneSettings {
  /** Undefined takes what is fastest here. */
  readonly adapter: 'portable' | 'batched' | undefined;
  readonly without: readonly PlaneStep[];
}

/** The tunnel device. Without a name the next free one is taken; `null` is none at all. */
export type DeviceSettings =
  | {
      readonly kind: 'tun';
      readonly name: string | undefined;
      /** False: `ifconfig-noexec`, `route-noexec`. */
      readonly setAddresses: boolean;
      readonly setRoutes: boolean;
    }
  | { readonly kind: 'null' };

/** One route into the tunnel, host bits zero. */
export interface TunnelRoute {
  readonly family: 4 | 6;
  readonly network: Buffer;
  readonly bits: number;
  /** Undefined: straight to the device. */
  readonly gateway: Buffer | undefined;
  readonly metric: number | undefined;
}

/** TLS versions as Node names them. */
export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** Certificates, keys and what TLS may use. */
export interface TlsSettings {
  /** PEM; undefined only with `peer-fingerprint`. */
  readonly ca: string | undefined;
  /** PEM, own certificate first, then `extra-certs`. */
  readonly cert: string;
  /** PEM. */
  readonly key: Secret;
  readonly passphrase: Secret | undefined;
  /** Whether management clients are asked for it, and the answer kept for restarts; or the terminal, once. */
  readonly asksPassphrase: 'never' | 'kept' | 'each time' | 'terminal';
  /** PEM; undefined for `none`. */
  readonly dh: string | undefined;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's names with colons, for TLS 1.2 and below; undefined for the default. */
  readonly ciphers: string | undefined;
  /** OpenSSL's names with colons, for TLS 1.3. */
  readonly cipherSuites: string | undefined;
  /** OpenSSL's names with colons. */
  readonly groups: string | undefined;
  readonly certProfile: 'insecure' | 'legacy' | 'preferred' | 'suiteb';
}

/** `crl-verify`: a file that is read again when it changes, a block, or a directory with a file for each revoked serial. */
export type CrlSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'text'; readonly pem: string }
  | { readonly kind: 'directory'; readonly path: string };

/** A program and its first arguments. */
export type ScriptCommand = readonly [program: string, ...args: string[]];

/** The directives that run something. */
export type ScriptName =
  | 'up'
  | 'down'
  | 'route-up'
  | 'route-pre-down'
  | 'ipchange'
  | 'client-connect'
  | 'client-disconnect'
  | 'learn-address'
  | 'auth-user-pass-verify'
  | 'tls-verify';

/** What is run, and with which environment. */
export interface ScriptSettings {
  readonly commands: ReadonlyMap<ScriptName, ScriptCommand>;
  /** `script-security`: from 2 on scripts may run, from 3 on they may be handed passwords. */
  readonly security: number;
  readonly environment: readonly (readonly [name: string, value: string])[];
  /** `down` runs before the device is closed. */
  readonly downFirst: boolean;
  /** `up` and `down` also run at restarts. */
  readonly upAtRestart: boolean;
}

/** What the log looks like and where it goes: a file wins over syslog, syslog over standard output. */
export interface LogSettings {
  readonly file: { readonly path: string; readonly append: boolean } | undefined;
  /** `syslog` and `daemon`: the name that stands before each message there. */
  readonly syslog: { readonly name: string } | undefined;
  /** `log-format`. */
  readonly shape: 'text' | 'json' | 'logfmt';
  /** `log-plaintext`: at verb 9, packets inside the tunnel are shown too. */
  readonly plaintext: boolean;
  readonly verb: number;
  readonly mute: number;
  readonly stamps: 'date' | 'none' | 'machine';
  readonly errorsToStderr: boolean;
}

/** How the management interface behaves, apart from where it is. */
export interface ManagementSettings {
  /** `management-client`: we connect to the programs instead of waiting for them. */
  readonly connectOut: boolean;
  /** Names of the only user and group that may use unix sockets. */
  readonly clientUser: string | undefined;
  readonly clientGroup: string | undefined;
  /** Starts and restarts wait for `hold release`. */
  readonly hold: boolean;
  /** SIGUSR1 when a client that was let in disconnects. */
  readonly signal: boolean;
  /** Forgets the pass phrase of the private key when the last client that was let in disconnects. */
  readonly forgets: boolean;
  /** `>UPDOWN` notifications. */
  readonly upDown: boolean;
  /** One client at a time, as in stock. */
  readonly single: boolean;
}

/**
 * What a management client may do: `read` shows and subscribes; `operate` also changes and ends things; `authenticate`
 * also decides about logins and sees their passwords. Each may do what the ones before it may.
 */
export type ManagementRole = 'read' | 'operate' | 'authenticate';

/** Where management clients connect. `tunnel` is the server's own address inside the tunnel. */
export type ManagementPlaceKind =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'tunnel'; readonly port: number };

/** One place where management clients connect, and what it takes. */
export type ManagementListener = ManagementPlaceKind & {
  /** Every client has to give it first; `ask` is asked for at the terminal when the daemon starts. */
  readonly password: Secret | 'ask' | undefined;
  readonly role: ManagementRole;
  /** PEM texts; with `ca`, clients must have a certificate of it. */
  readonly tls: { readonly cert: string; readonly key: Secret; readonly ca: string | undefined } | undefined;
  /** Mode and owner of a unix socket. */
  readonly socket: { readonly mode: number; readonly user: string | undefined; readonly group: string | undefined } | undefined;
};
