/** What the program that makes pages of metrics is told: whose page, of how many clients. */
export interface ScrapeSetup {
  readonly maker: 'ours' | 'prom-client';
  readonly clients: number;
  readonly scrapes: number;
}

/** What it answers. */
export interface ScrapeReport {
  /** The median of the scrapes. */
  readonly seconds: number;
  /** What the heap holds when everything that is shown is in place, over an empty one. */
  readonly heldBytes: number;
  /** How much of it is not for the series: of ours, a fleet that is told the same and shows no users. */
  readonly stateBytes: number;
  /** What one scrape allocates, buffers included. */
  readonly allocatedBytes: number;
  /** Lines of the page that are samples. */
  readonly samples: number;
}
