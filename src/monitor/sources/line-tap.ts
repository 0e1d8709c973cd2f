import type { Now } from '../../base/units.ts';
import type { FilePlace } from '../../host/follow-file.ts';
import type { SeenLine } from '../../telemetry/facts.ts';
import type { LastLine } from '../attached/history.ts';

/** How far the log of a daemon was read: in its file, and over its management interface. */
export interface LinePlace {
  readonly file?: FilePlace | undefined;
  readonly management?: LastLine | undefined;
}

/**
 * Who has to have every line, those too that were written while the monitor was not there: knows where reading ended, and takes what
 * came since. Such lines are told to nobody else, as what they tell of is over.
 */
export interface LineTap {
  /** Where to go on; undefined of a daemon that is new. */
  place(daemon: string): LinePlace | undefined;
  /** Every line up to there was told. */
  reached(daemon: string, place: LinePlace): void;
  missed(daemon: string, line: SeenLine, now: Now): void;
}

/** The same for one source of one daemon. */
export interface SourceTap<P> {
  readonly place: P | undefined;
  reached(place: P): void;
  missed(line: SeenLine): void;
}
