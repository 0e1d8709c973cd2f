/**
 * Payloads that are no IP packets: each starts with 16 fixed bytes whose first nibble no IP version has
 * (facts: wire 17). Of OCC's operations only EXIT means something to us; the others get no answer.
 */

/** The whole payload of a ping. */
export const PING_PAYLOAD: Buffer = Buffer.from('2a187bf3641eb4cb07ed2d0a981fc748', 'hex');
const OCC_MAGIC: Buffer = Buffer.from('287f346bd4ef7a812d56b8d3afc5459c', 'hex');
const OCC_EXIT = 6;

/** The whole payload of the in-band exit message. */
export const EXIT_PAYLOAD: Buffer = Buffer.concat([OCC_MAGIC, Buffer.of(OCC_EXIT)]);

/** What a payload without an IP version is. */
export type SpecialPayload = 'ping' | 'exit' | 'other-occ' | 'unknown';

/** Reads a payload that is no IP packet. */
export function readSpecial(payload: Buffer): SpecialPayload {
  if (payload.equals(PING_PAYLOAD)) return 'ping';
  const operation = payload[OCC_MAGIC.length];
  if (operation === undefined || payload.compare(OCC_MAGIC, 0, OCC_MAGIC.length, 0, OCC_MAGIC.length) !== 0) return 'unknown';
  return operation === OCC_EXIT ? 'exit' : 'other-occ';
}
