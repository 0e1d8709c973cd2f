import type { PeerRef } from '../model/peer-ref.ts';
import type { Row, RowArgs } from './row.ts';

/** A message on its way out of a machine, in the same queue as its events. */
export interface Note {
  readonly kind: 'note';
  readonly row: Row;
  readonly args: Readonly<Record<string, string | number>>;
  /** The client it is about; the log prints its prefix. */
  readonly peer: PeerRef | undefined;
}

/** Where a machine says what the log should show. The level is compared first: an off level costs one compare. */
export class Notes {
  /** The verbosity now; changes at once by `verb` of the management interface. */
  verb: number;
  readonly #sink: (note: Note) => void;

  constructor(verb: number, sink: (note: Note) => void) {
    this.verb = verb;
    this.#sink = sink;
  }

  /** True when a note of this row would be shown: ask before computing costly arguments. */
  wants(row: Row): boolean {
    return (row.word & 15) <= this.verb;
  }

  /** Queues a note, unless its level is off. */
  add<T extends string>(row: Row<T>, args: RowArgs<T>, peer?: PeerRef): void {
    if ((row.word & 15) > this.verb) return;
    this.#sink({ kind: 'note', row, args, peer });
  }
}
