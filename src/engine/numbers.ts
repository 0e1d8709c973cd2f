/** Counters that outlive one engine, so that a restart in the same process never uses a number twice. */
export class Numbers {
  session = 0;
  clientId = 0;
  tls = 0;
}
