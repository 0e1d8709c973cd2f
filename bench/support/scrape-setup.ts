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
  /** What one scrape allocates. */
  readonly allocatedBytes: number;
  /** Lines of the page that are samples. */
  readonly samples: number;
}
