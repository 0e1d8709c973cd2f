import type { Now, WallTime } from '../base/units.ts';
import type { ClientPhase, LinkQuality } from '../model/status-report.ts';
import type { AlertingView } from './alerts/view.ts';
import type { PatternsView } from './patterns/patterns.ts';
import type { TargetView } from './targets.ts';
import type {
  DaemonMode,
  ManagementSide,
  SeenAddress,
  SeenCertificate,
  SeenDataPlane,
  SeenProcess,
  SeenRoom,
  SeenRoute,
  SeenState,
  SourceFault,
  SourceKind,
} from './facts.ts';

/**
 * The fleet state as everything but its writer sees it: live objects that change in place, to be read and not kept. Counters
 * among them never go backwards as long as the fleet lives.
 */

/** A figure with whose word it is, and how old that is. */
export interface Figure<T> {
  readonly value: T;
  readonly source: SourceKind;
  readonly now: Now;
}

/** A count that may come from several contributors; `by` is the one it follows now. */
export interface CountView {
  readonly value: number;
  readonly by: string | undefined;
  /** When that one last said something. */
  readonly now: Now | undefined;
}

/** How often what was seen: by a word of a closed list, or by several joined with `|`. */
export type Counts = ReadonlyMap<string, number>;

/** A distribution: `counts[i]` are the values up to `bounds[i]`, and not below the bound before; the last counts what is above all. */
export interface HistogramView {
  readonly bounds: readonly number[];
  readonly counts: ArrayLike<number>;
  readonly sum: number;
  readonly count: number;
}

/** One source of a daemon. */
export interface SourceView {
  readonly kind: SourceKind;
  /** Its address or path. */
  readonly where: string;
  readonly up: boolean;
  /** It carries the daemon's log. */
  readonly lines: boolean;
  /** Since when it is up or down. */
  readonly since: Now;
  /** The last fact that it told, going down left out. */
  readonly heard: Now | undefined;
  /** Why it is down, in words. */
  readonly trouble: string | undefined;
  readonly fault: SourceFault | undefined;
  /** What went wrong with it so far. */
  readonly faults: ReadonlyMap<SourceFault, number>;
  /** Seconds that its polls took. */
  readonly collection: HistogramView;
}

/** A client of a server, there now. */
export interface SessionView {
  /** Our own number, never used again in this fleet. */
  readonly number: number;
  readonly clientId: number | undefined;
  readonly commonName: string | undefined;
  readonly username: string | undefined;
  readonly address: SeenAddress | undefined;
  readonly virtual4: string | undefined;
  readonly virtual6: string | undefined;
  readonly since: WallTime | undefined;
  readonly received: number;
  readonly sent: number;
  readonly cipher: string | undefined;
  /** What the client said it is: `IV_VER` and `IV_PLAT` of its peer info. */
  readonly version: string | undefined;
  readonly platform: string | undefined;
  readonly phase: ClientPhase;
  readonly quality: LinkQuality | undefined;
  /** Who spoke of it last. */
  readonly source: SourceKind;
}

/** What per-user series are read from: a user with all sessions, one client, or the rest. */
export interface SeriesView {
  /** Rendered: `{daemon="a",user="alice"}`. */
  readonly labels: string;
  readonly received: number;
  readonly sent: number;
  /** How many sessions are connected now. */
  readonly sessions: number;
  readonly lost: number;
  readonly roundTripMs: number | undefined;
}

/** What becomes of the logins, handshakes and sessions of a daemon. */
export interface EventsView {
  readonly connects: CountView;
  /** By reason. */
  readonly disconnects: Counts;
  /** By `succeeded|` or `failed|reason`. */
  readonly handshakes: Counts;
  /** By reason. */
  readonly authFailures: Counts;
  readonly renegotiations: CountView;
  readonly replays: CountView;
  /** Packets that were lost on the way to the daemon, where it measures them. */
  readonly lost: CountView;
  /** Data packets of clients that came, where it counts them. */
  readonly packets: CountView;
  /** By why. */
  readonly rejectedPackets: Counts;
  /** By `severity|event`. */
  readonly lines: Counts;
  readonly handshakeSeconds: HistogramView;
  readonly connectSeconds: HistogramView;
  readonly roundTripSeconds: HistogramView;
}

/** One daemon. What no source told is undefined. */
export interface DaemonView {
  readonly name: string;
  readonly sources: ReadonlyMap<SourceKind, SourceView>;
  /** The best source that is up. */
  readonly speaker: SourceView | undefined;
  readonly title: Figure<string> | undefined;
  readonly mode: Figure<DaemonMode> | undefined;
  readonly state: Figure<SeenState> | undefined;
  /** When its last list, `load-stats` or log spoke of clients: how many are connected. */
  readonly clients: Figure<number> | undefined;
  readonly phases: Readonly<Record<ClientPhase, number>>;
  readonly sessions: Iterable<SessionView>;
  /** Whether some list has told of all who are there. */
  readonly listed: boolean;
  readonly routes: readonly SeenRoute[];
  /** Global figures and a client's statistics, by the names of status output. */
  readonly counters: Figure<ReadonlyMap<string, number>> | undefined;
  /** When the daemon wrote its last status, by its clock. */
  readonly statusTime: Figure<WallTime> | undefined;
  readonly received: CountView;
  readonly sent: CountView;
  readonly events: EventsView;
  readonly dataPlane: Figure<SeenDataPlane> | undefined;
  readonly poolSize: Figure<number> | undefined;
  readonly poolUsed: number;
  readonly management: ReadonlyMap<ManagementSide, Figure<number>>;
  readonly refusedLogins: ReadonlyMap<ManagementSide, CountView>;
  readonly certificates: Figure<readonly SeenCertificate[]> | undefined;
  /** Its value is undefined when the process is gone. */
  readonly process: Figure<SeenProcess | undefined> | undefined;
  readonly cpuSeconds: CountView;
  readonly rooms: Figure<readonly SeenRoom[]> | undefined;
  /** Per-user series, as far as they are wanted. */
  readonly series: Iterable<SeriesView>;
  /** Clients that were not taken as the table was full. */
  readonly clientsLeftOut: number;
}

/** All daemons. */
export interface FleetView {
  readonly daemons: Iterable<DaemonView>;
  readonly size: number;
  /** One daemon; undefined when no daemon has that name. */
  daemon(name: string): DaemonView | undefined;
  /** Users and clients that got no series of their own as there were too many. */
  readonly seriesLeftOut: number;
  /** Facts about daemons that are not there. */
  readonly factsDropped: number;
  /** What strikes, and what is usual. */
  readonly patterns: PatternsView;
  /** The alerts; undefined where nobody evaluates them. */
  readonly alerting: AlertingView | undefined;
  /** Where lines and alerts go. */
  readonly targets: Iterable<TargetView>;
}
