import type { SeededRandom } from '../../src/base/random.ts';

/** Values that lengths, counts and ids are wrong with. */
const EDGES = [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** Choices from a seed. */
export class Chance {
  readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  below(limit: number): number {
    return Math.floor(this.random.unit() * limit);
  }

  /** True as often as `share` says, from 0 to 1. */
  sometimes(share: number): boolean {
    return this.random.unit() < share;
  }

  of<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error('nothing to choose from');
    return value;
  }
}

type Mutation = (bytes: Buffer, chance: Chance, others: readonly Buffer[]) => Buffer;

const MUTATIONS: readonly Mutation[] = [
  (bytes, chance) => bytes.subarray(0, chance.below(bytes.length + 1)),
  (bytes, chance) => bytes.subarray(chance.below(bytes.length + 1)),
  (bytes, chance) => withBytes(bytes, chance.below(bytes.length), Buffer.of(chance.below(256))),
  (bytes, chance) => {
    const at = chance.below(bytes.length);
    return withBytes(bytes, at, Buffer.of((bytes[at] ?? 0) ^ (1 << chance.below(8))));
  },
  (bytes, chance) => {
    const edge = Buffer.alloc(4);
    edge.writeUInt32BE(chance.of(EDGES));
    return withBytes(bytes, chance.below(bytes.length), edge.subarray(chance.of([0, 2, 3])));
  },
  (bytes, chance) => Buffer.concat([bytes, chance.random.bytes(chance.below(64))]),
  (bytes, chance) => {
    const [from, length] = [chance.below(bytes.length), chance.below(64)];
    const at = chance.below(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(from, from + length), bytes.subarray(at)]);
  },
  (bytes, chance, others) => {
    if (others.length === 0) return bytes;
    const other = chance.of(others);
    return Buffer.concat([bytes.subarray(0, chance.below(bytes.length + 1)), other.subarray(chance.below(other.length + 1))]);
  },
  (_bytes, chance) => chance.random.bytes(chance.below(1700)),
];

/** A copy of `bytes` that came to harm, in one to four ways; `others` are what pieces are borrowed from. */
export function mutated(bytes: Buffer, chance: Chance, others: readonly Buffer[] = []): Buffer {
  let harmed = Buffer.from(bytes);
  for (let count = 1 + chance.below(4); count > 0; count--) harmed = Buffer.from(chance.of(MUTATIONS)(harmed, chance, others));
  return harmed.subarray(0, 4000);
}

function withBytes(bytes: Buffer, at: number, put: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  put.copy(copy, at);
  return copy;
}
