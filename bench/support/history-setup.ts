/** What a process that measures the history is told. */
export type HistorySetup =
  | { readonly kind: 'write'; readonly folder: string; readonly perSecond: number; readonly seconds: number }
  | { readonly kind: 'search'; readonly folder: string; readonly sessions: number; readonly rounds: number };

/** What it says of writing. */
export interface WriteReport {
  /** Records that the database had when the last was heard of, and a second later. */
  readonly told: number;
  readonly written: number;
  /** Milliseconds that the loop came late: most, and of the hundred worst the best. */
  readonly longestDelay: number;
  readonly delay99: number;
  /** Milliseconds from the last event to the last commit. */
  readonly behind: number;
}

/** What it says of searching: milliseconds of the slowest search of each kind. */
export type SearchReport = Readonly<Record<string, number>>;
