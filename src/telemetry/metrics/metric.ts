import type { Now } from '../../base/units.ts';
import type { SourceKind } from '../facts.ts';
import type { CountView, Counts, DaemonView, FleetView, HistogramView, SeriesView } from '../views.ts';

/** Gives one sample: its value and the values of the row's labels, in their order; `daemon` comes by itself. */
export type Emit = (value: number, ...labels: readonly string[]) => void;
/** The same of a distribution. */
export type EmitHistogram = (value: HistogramView, ...labels: readonly string[]) => void;

/** What every metric says of itself. */
interface Described {
  /** The family: without `_total`, `_info` and the suffixes of histograms, and with its unit. */
  readonly name: string;
  readonly unit?: 'seconds' | 'bytes';
  readonly help: string;
  /** Beside `daemon`. */
  readonly labels: readonly string[];
  /** Who can supply it; `monitor` where it is about the monitor itself. */
  readonly sources: readonly (SourceKind | 'monitor')[];
  /** What happens to a real daemon when it moves. */
  readonly moves: string;
  /** What the configuration of the monitor has to name for it, beside a source. */
  readonly wants?: 'pid' | 'certificates' | 'files';
  /** It has series only while there is something to tell: to have none is well. */
  readonly sparse?: true;
}

/** One metric: how it is read from the state. */
export type Metric = Described &
  (
    | {
        readonly of: 'daemon';
        readonly type: 'counter' | 'gauge' | 'info';
        /** Gives each value it has with its labels. */
        readonly read: (daemon: DaemonView, emit: Emit, now: Now) => void;
      }
    | {
        readonly of: 'daemon';
        readonly type: 'histogram';
        /** Gives each value it has with its labels. */
        readonly read: (daemon: DaemonView, emit: EmitHistogram) => void;
      }
    | {
        readonly of: 'series';
        readonly type: 'counter' | 'gauge';
        /** The value; undefined where nothing is known. */
        readonly read: (series: SeriesView) => number | undefined;
      }
    | {
        readonly of: 'fleet';
        readonly type: 'counter' | 'gauge';
        /** Gives each value it has with its labels. */
        readonly read: (fleet: FleetView, emit: Emit) => void;
      }
  );

/** A counter that is there once something supplied it. */
export function countOf(pick: (daemon: DaemonView) => CountView): (daemon: DaemonView, emit: Emit) => void {
  return (daemon, emit) => {
    const count = pick(daemon);
    if (count.by !== undefined) emit(count.value);
  };
}

/** A counter that is there from 0 on once a log is read, so that its first step shows as one. */
export function countOfLog(pick: (daemon: DaemonView) => CountView): (daemon: DaemonView, emit: Emit) => void {
  return (daemon, emit) => {
    const count = pick(daemon);
    if (count.by !== undefined || hasLog(daemon)) emit(count.value);
  };
}

/** Whether some source brings the daemon's log, or did. */
export function hasLog({ sources }: DaemonView): boolean {
  return [...sources.values()].some(({ lines }) => lines);
}

/** Counters by the words of one label, or of several joined with `|`. */
export function countsOf(pick: (daemon: DaemonView) => Counts): (daemon: DaemonView, emit: Emit) => void {
  return (daemon, emit) => {
    for (const [words, count] of pick(daemon)) emit(count, ...words.split('|'));
  };
}
