import type { Random } from '../../base/random.ts';
import { SESSION_ID_LENGTH } from '../control-body.ts';

/** A new session id: 8 random bytes, not all zero (facts: wire 2). */
export function freshSessionId(random: Random): Buffer {
  for (;;) {
    const id = random.bytes(SESSION_ID_LENGTH);
    if (id.some((byte) => byte !== 0)) return id;
  }
}
