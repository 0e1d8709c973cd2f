import { randomBytes } from 'node:crypto';
import type { Random } from '../base/random.ts';

/** The system's generator. */
export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
};
