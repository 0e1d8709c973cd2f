import { between, type Duration, type Instant } from '../base/units.ts';
import type { PlaneCounters } from '../protocol/data/plane.ts';

/** When a key came into use, and what its session had carried until then: packets and link bytes, both ways. */
export interface KeyUse {
  readonly since: Instant;
  readonly bytes: number;
  readonly packets: number;
}

/** A key comes into use; before the data plane carried anything there are no counters. */
export function keyUseFrom(at: Instant, counters: PlaneCounters | undefined): KeyUse {
  if (counters === undefined) return { since: at, bytes: 0, packets: 0 };
  const { bytesReceived, bytesSent, packetsReceived, packetsSent } = counters;
  return { since: at, bytes: bytesReceived + bytesSent, packets: packetsReceived + packetsSent };
}

/** How long the key has been in use, and what it has carried. */
export function usedOf(key: KeyUse, at: Instant, counters: PlaneCounters | undefined): { readonly age: Duration } & Omit<KeyUse, 'since'> {
  const now = keyUseFrom(at, counters);
  return { age: between(key.since, at), bytes: now.bytes - key.bytes, packets: now.packets - key.packets };
}
