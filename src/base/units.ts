/**
 * Units in types. A machine never asks what time it is: every method that needs it takes a `Now`, which
 * carries two readings of the same moment, because deadlines and dates want different clocks.
 */

/** A length of time in milliseconds. */
export type Duration = number & { readonly __unit: 'milliseconds' };

/** A point on a clock that never steps back, in milliseconds since an arbitrary origin. For deadlines. */
export type Instant = number & { readonly __unit: 'monotonic milliseconds' };

/** Milliseconds since 1970-01-01 UTC on the operator's clock, which may be stepped. For dates and certificates. */
export type WallTime = number & { readonly __unit: 'unix milliseconds' };

/** One moment as both clocks show it. */
export interface Now {
  readonly at: Instant;
  readonly wall: WallTime;
}

/** `n` seconds as a duration. */
export function seconds(n: number): Duration {
  return (n * 1000) as Duration;
}

/** `n` milliseconds as a duration. */
export function milliseconds(n: number): Duration {
  return n as Duration;
}

/** The instant `length` after `start`. */
export function after(start: Instant, length: Duration): Instant {
  return (start + length) as Instant;
}

/** The time from `start` to `end`; negative when `end` came first. */
export function between(start: Instant, end: Instant): Duration {
  return (end - start) as Duration;
}

/** Whole seconds since 1970, as OpenVPN prints and sends them. */
export function unixSeconds(wall: WallTime): number {
  return Math.floor(wall / 1000);
}

/** The earlier of two deadlines, either of which may be missing. */
export function earliest(a: Instant | undefined, b: Instant | undefined): Instant | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return a < b ? a : b;
}
