/** Where randomness comes from. The host gives the system's; tests give a seeded one, so that a run replays. */
export interface Random {
  /** `count` unpredictable bytes in a buffer of their own. */
  bytes(count: number): Buffer;
}

/** A number from 0 up to but not including `below`, which is at most 2^32. Favours low numbers by less than `below` in 2^32. */
export function randomBelow(random: Random, below: number): number {
  return random.bytes(4).readUInt32BE(0) % below;
}

/** Deterministic bytes from a seed (xorshift32). For simulations and tests only: an onlooker can predict it. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0 || 0x9e3779b9;
  }

  /** A number from 0 up to but not including 1. */
  unit(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state / 0x1_0000_0000;
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.allocUnsafe(count);
    for (let i = 0; i < count; i++) bytes[i] = Math.floor(this.unit() * 256);
    return bytes;
  }
}
