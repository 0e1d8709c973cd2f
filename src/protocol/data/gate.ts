import type { Instant } from '../../base/units.ts';

/**
 * How many control packets reach the engine: each one costs it a hash or more, so what strangers send is bounded before
 * it gets there. No source is remembered: sources are counted by hash in a table of fixed size, which starts anew each
 * second. Packets of open peers have their source's share alone, so a flood by strangers does not stop renegotiations.
 */

/** Packets a second. */
export interface ControlLimits {
  readonly perSource: number;
  /** Of all sources without an open peer together. */
  readonly strangers: number;
}

/** Well above what handshakes need: some 7 packets each. */
export const DEFAULT_CONTROL_LIMITS: ControlLimits = { perSource: 500, strangers: 5000 };

const BUCKETS = 4096;
const PERIOD = 1000;

/** Counts control packets by source and second. */
export class ControlGate {
  readonly #limits: ControlLimits;
  readonly #counts = new Uint16Array(BUCKETS);
  #strangers = 0;
  #periodEnd = Number.NEGATIVE_INFINITY;

  constructor(limits: ControlLimits = DEFAULT_CONTROL_LIMITS) {
    this.#limits = limits;
  }

  /** Whether one more packet of this link key may pass; counts it when it may. */
  admit(key: string, known: boolean, at: Instant): boolean {
    if (at >= this.#periodEnd) {
      this.#periodEnd = at + PERIOD;
      this.#counts.fill(0);
      this.#strangers = 0;
    }
    const bucket = hash(key) % BUCKETS;
    const count = this.#counts[bucket] ?? 0;
    if (count >= this.#limits.perSource || (!known && this.#strangers >= this.#limits.strangers)) return false;
    this.#counts[bucket] = count + 1;
    if (!known) this.#strangers++;
    return true;
  }
}

/** FNV-1a. Whoever builds collisions shares one source's bound with himself. */
function hash(key: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) h = Math.imul(h ^ key.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
