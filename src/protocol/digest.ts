import { createHash } from 'node:crypto';

/** The length in bytes of a digest that `auth` names, in any case; undefined when the crypto library has none of that name. */
export function digestLength(name: string): number | undefined {
  try {
    return createHash(name.toLowerCase()).digest().length;
  } catch {
    // The crypto library tells of an unknown digest only by throwing.
    return undefined;
  }
}
