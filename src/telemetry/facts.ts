import type { Duration, Now, WallTime } from '../base/units.ts';
import type { LogEventName } from '../messages/row.ts';
import type { ClientBytes } from '../model/daemon-port.ts';
import type { ClientPhase, DataPlaneRecord, LinkQuality, RouteRecord } from '../model/status-report.ts';

/**
 * What the fleet state is made of: facts, each about one daemon, told by one source at one time. Collectors tell them, the
 * one writer (`Fleet`) takes them, and everything else reads views.
 */

/**
 * Where a fact comes from, the best first: what a better source says, a worse one only fills in. `native` is our own daemon in
 * this process, `process` what the machine knows of a daemon: its process, its certificates, the room on its disks.
 */
export const SOURCES = ['native', 'management', 'status-file', 'log', 'process'] as const;

/** The name of a source; a daemon has at most one of each. */
export type SourceKind = (typeof SOURCES)[number];

/** One fact. */
export interface FleetEvent {
  /** The daemon's name in the configuration; of a daemon that is not there the fact is counted and dropped. */
  readonly daemon: string;
  readonly source: SourceKind;
  /** When the source told it. */
  readonly now: Now;
  readonly fact: Fact;
}

/** What went wrong with a source: why it is down, or what it sent that was not taken. */
export const FAULTS = [
  'refused',
  'unreachable',
  'missing',
  'permission',
  'closed',
  'timeout',
  'password',
  'foreign',
  'malformed',
  'truncated',
  'too-long',
  'too-many',
  'error-reply',
  'internal',
] as const;

/** The reason of a fault; a closed list, as it is a label. */
export type SourceFault = (typeof FAULTS)[number];

/** The facts that sources tell. */
export type Fact =
  /** A source begins, or is back: `where` is its address or path. `lines`: it carries the daemon's log. */
  | { readonly kind: 'source-up'; readonly where: string; readonly lines?: boolean }
  | { readonly kind: 'source-down'; readonly where: string; readonly fault: SourceFault; readonly text: string }
  /** A source that stays sent something which was not taken; `count` such things. */
  | { readonly kind: 'fault'; readonly fault: SourceFault; readonly count?: number }
  /** A poll of a source, or the reading of its file, took this long. */
  | { readonly kind: 'collected'; readonly took: Duration }
  /** What the daemon says of itself; what is left out is not known by this source. */
  | { readonly kind: 'identity'; readonly title?: string; readonly mode?: DaemonMode; readonly pid?: number }
  | { readonly kind: 'state'; readonly state: SeenState }
  | { readonly kind: 'status'; readonly status: SeenStatus }
  /** `load-stats`: counts of the whole process since its start. */
  | { readonly kind: 'load'; readonly clients: number; readonly received: number; readonly sent: number }
  /** A client daemon's byte count since the start of its process. */
  | { readonly kind: 'bytes'; readonly received: number; readonly sent: number }
  | { readonly kind: 'client-bytes'; readonly clients: readonly ClientBytes[] }
  | { readonly kind: 'client'; readonly what: ClientStep; readonly client: SeenClientStep }
  | { readonly kind: 'line'; readonly line: SeenLine }
  /** Management clients of the daemon's own interface, or of the gateway before it; `refused` logins since that began. */
  | { readonly kind: 'management'; readonly at: ManagementSide; readonly clients: number; readonly refused: number }
  /** Every certificate and revocation list that is watched, in one go; files that could not be read are faults. */
  | { readonly kind: 'certificates'; readonly certificates: readonly SeenCertificate[] }
  /** Undefined when the process is gone. */
  | { readonly kind: 'process'; readonly process: SeenProcess | undefined }
  | { readonly kind: 'rooms'; readonly rooms: readonly SeenRoom[] }
  /** Addresses that the pool has for clients. */
  | { readonly kind: 'pool'; readonly size: number };

/** Whether a daemon serves clients or is one. */
export type DaemonMode = 'server' | 'client';

/** Whose management clients. */
export type ManagementSide = 'daemon' | 'gateway';

/** A state as `>STATE` and its history tell it; a name that no OpenVPN has is kept as it is. */
export interface SeenState {
  /** When the daemon changed to it, by the daemon's clock. */
  readonly time: WallTime;
  readonly name: string;
  readonly detail?: string | undefined;
  readonly tun4?: string | undefined;
  readonly tun6?: string | undefined;
  readonly remote?: string | undefined;
}

/** An address as it stood, and taken apart. */
export interface SeenAddress {
  readonly text: string;
  readonly ip: string;
  /** Missing for IPv6 peers of stock up to 2.6. */
  readonly port: number | undefined;
}

/** A client of a list: what a source does not know is undefined. A row that `parseStatus` gives is one. */
export interface SeenClient {
  readonly commonName: string | undefined;
  readonly username: string | undefined;
  readonly realAddress: SeenAddress;
  readonly virtual4: string | undefined;
  readonly virtual6: string | undefined;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly since: { readonly wall: WallTime };
  readonly clientId: number | undefined;
  readonly cipher: string | undefined;
  /** Told by our own daemon only. */
  readonly phase?: ClientPhase | undefined;
  readonly quality?: LinkQuality | undefined;
}

/** An entry of the routing table. */
export interface SeenRoute extends Pick<RouteRecord, 'destination' | 'cached' | 'commonName'> {
  readonly realAddress: { readonly text: string };
  readonly lastReference: { readonly wall: WallTime };
}

/** What carries the packets. */
export type SeenDataPlane = Pick<DataPlaneRecord, 'adapter' | 'steps'>;

/** Status output of any form and origin. What `parseStatus` gives is one; `statusOfReport` makes one of a daemon's own. */
export interface SeenStatus {
  readonly form: 'v1' | 'v2' | 'v3' | 'statistics' | 'unknown';
  readonly title: string | undefined;
  /** When the daemon wrote it. */
  readonly time: { readonly wall: WallTime } | undefined;
  readonly clients: readonly SeenClient[];
  readonly routes: readonly SeenRoute[];
  /** Global figures and a client's statistics by the names that status output has for them. */
  readonly counters: ReadonlyMap<string, number>;
  /** Told by our own daemon only, of a server. */
  readonly dataPlane?: SeenDataPlane | undefined;
  /** False when its end is missing: nobody is gone who is not on the list then. */
  readonly complete: boolean;
  /** What could not be read of it. */
  readonly problems: readonly unknown[];
}

/** Steps of a client, as `>CLIENT:` tells them. */
export type ClientStep = 'connecting' | 'established' | 'renewed' | 'gone';

/** What a source knows of a client; what is undefined or left out is not known, and changes nothing. */
export interface ClientNews {
  readonly clientId?: number | undefined;
  readonly commonName?: string | undefined;
  readonly username?: string | undefined;
  readonly address?: SeenAddress | undefined;
  readonly virtual4?: string | undefined;
  readonly virtual6?: string | undefined;
  /** When its first packet came. */
  readonly since?: WallTime | undefined;
  /** Its counts now; with `gone` the final ones. */
  readonly received?: number | undefined;
  readonly sent?: number | undefined;
  readonly cipher?: string | undefined;
  readonly phase?: ClientPhase | undefined;
  readonly quality?: LinkQuality | undefined;
  /** `IV_VER` and `IV_PLAT` of its peer info. */
  readonly version?: string | undefined;
  readonly platform?: string | undefined;
}

/** A client at a step, which is known by its id. */
export interface SeenClientStep extends ClientNews {
  readonly clientId: number;
}

/** A line of the log, recognised by the message catalogue. */
export interface SeenLine {
  /** Without time stamp and the prefix of its client. */
  readonly text: string;
  /** When the daemon wrote it, by its clock; undefined for a line without a time. */
  readonly time: WallTime | undefined;
  readonly severity: Severity;
  /** The catalogue's id; undefined for a line that it does not have. */
  readonly id: string | undefined;
  readonly event: LogEventName | undefined;
  readonly fields: Readonly<Record<string, string | number>>;
  /** Of the prefix. */
  readonly commonName: string | undefined;
  readonly address: SeenAddress | undefined;
}

/** The severities of log lines, after their flags (facts: logging 3). */
export const SEVERITIES = ['fatal', 'error', 'warning', 'info', 'debug'] as const;

/** One of them. */
export type Severity = (typeof SEVERITIES)[number];

/** A certificate or revocation list of the daemon's configuration. */
export interface SeenCertificate {
  readonly role: CertificateRole;
  /** The file it stands in. */
  readonly file: string;
  /** The subject; of a list the issuer. */
  readonly subject: string;
  /** When it ends to be valid; of a list, when the next is due. */
  readonly notAfter: WallTime;
}

/** What a certificate is for. */
export type CertificateRole = 'certificate' | 'ca' | 'crl';

/** A process as its system sees it. */
export interface SeenProcess {
  readonly pid: number;
  readonly started: WallTime;
  /** Since its start, user and system. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Undefined where only its owner may look. */
  readonly openFiles: number | undefined;
  readonly maxOpenFiles: number | undefined;
}

/** The disk that a file of the daemon stands on. */
export interface SeenRoom {
  readonly use: 'log' | 'status';
  readonly path: string;
  readonly freeBytes: number;
  readonly sizeBytes: number;
}
