/** What the program that plays a fleet is told: where its daemons listen, and how busy they are. */
export interface FleetSetup {
  /** One socket a daemon. */
  readonly sockets: readonly string[];
  /** Connected to each daemon all the time. */
  readonly clients: number;
  /** So often one client of each daemon leaves and comes back, in milliseconds. */
  readonly churnMs: number;
}
