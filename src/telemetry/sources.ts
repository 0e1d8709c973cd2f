import type { Now } from '../base/units.ts';
import { type SourceFault, type SourceKind, SOURCES } from './facts.ts';
import { Histogram } from './figures.ts';
import type { FleetOptions } from './options.ts';
import type { Figure, SourceView } from './views.ts';

/** Seconds that a poll takes. */
const COLLECTION_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** One source of a daemon, as it is now. */
export class Source implements SourceView {
  readonly kind: SourceKind;
  where: string;
  up = false;
  since: Now;
  heard: Now | undefined;
  trouble: string | undefined;
  fault: SourceFault | undefined;
  readonly faults = new Map<SourceFault, number>();
  readonly collection = new Histogram(COLLECTION_BOUNDS);
  /** It carries the daemon's log. */
  lines = false;

  constructor(kind: SourceKind, where: string, now: Now) {
    this.kind = kind;
    this.where = where;
    this.since = now;
  }

  failed(fault: SourceFault, count: number): void {
    this.faults.set(fault, (this.faults.get(fault) ?? 0) + count);
  }
}

/** The sources of one daemon, and whose word counts. */
export class Sources {
  readonly #options: Pick<FleetOptions, 'silentAfter'>;
  readonly #sources = new Map<SourceKind, Source>();

  constructor(options: Pick<FleetOptions, 'silentAfter'>) {
    this.#options = options;
  }

  get all(): ReadonlyMap<SourceKind, Source> {
    return this.#sources;
  }

  /** The source of this kind, made at its first word. */
  of(kind: SourceKind, now: Now): Source {
    const known = this.#sources.get(kind);
    if (known !== undefined) return known;
    const source = new Source(kind, '', now);
    this.#sources.set(kind, source);
    return source;
  }

  /** The best source that is up and tells of the daemon itself. */
  get speaker(): Source | undefined {
    return SOURCES.filter((kind) => kind !== 'process')
      .map((kind) => this.#sources.get(kind))
      .find((source) => source?.up);
  }

  /** The source whose log lines count: only one's, as each line would count twice. */
  get reader(): SourceKind | undefined {
    return SOURCES.find((kind) => {
      const source = this.#sources.get(kind);
      return source?.up === true && source.lines;
    });
  }

  /** Whether a source may replace what stands: it is no worse, or the other's word is old or its source gone. */
  mayReplace(current: Figure<unknown> | undefined, source: SourceKind, now: Now): boolean {
    if (current === undefined) return true;
    if (SOURCES.indexOf(source) <= SOURCES.indexOf(current.source)) return true;
    if (this.#sources.get(current.source)?.up !== true) return true;
    return now.at - current.now.at > this.#options.silentAfter;
  }
}

/** A figure that any source may supply. */
export class Cell<T> {
  readonly #sources: Sources;
  figure: Figure<T> | undefined;

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Takes a value, if a better source does not hold another. */
  offer(value: T, source: SourceKind, now: Now): boolean {
    if (!this.#sources.mayReplace(this.figure, source, now)) return false;
    this.figure = { value, source, now };
    return true;
  }
}
