import { crc32 } from 'node:zlib';

/**
 * How a record stands in a segment: its length and a checksum of length and content, 32 bits each, then the content. A tail that
 * was torn, whether cut, zeroed or garbled, does not pass for a record.
 */

/** Bytes before the content. */
export const RECORD_HEAD = 8;

/** A larger record is not taken, and a length above it is damage. */
export const MAX_RECORD = 1 << 20;

/** What stands at a place: a record and where the next begins, less than a record, or no record. */
export type RecordRead = { readonly record: Buffer; readonly next: number } | 'short' | 'damaged';

/** A record as it stands in a segment. */
export function frameRecord(record: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(RECORD_HEAD + record.length);
  framed.writeUInt32BE(record.length, 0);
  framed.set(record, RECORD_HEAD);
  framed.writeUInt32BE(checksum(framed), 4);
  return framed;
}

/** Reads what stands at `at`; the record shares memory with `bytes`. */
export function readRecord(bytes: Buffer, at: number): RecordRead {
  if (bytes.length - at < RECORD_HEAD) return 'short';
  const length = bytes.readUInt32BE(at);
  if (length > MAX_RECORD) return 'damaged';
  const next = at + RECORD_HEAD + length;
  if (next > bytes.length) return 'short';
  const framed = bytes.subarray(at, next);
  return framed.readUInt32BE(4) === checksum(framed) ? { record: framed.subarray(RECORD_HEAD), next } : 'damaged';
}

/** Of everything but itself. */
function checksum(framed: Buffer): number {
  return crc32(framed.subarray(RECORD_HEAD), crc32(framed.subarray(0, 4)));
}

/** Where a reader of a spool stands: the last record that is done with. Two slots that are written in turn, so that one is whole. */
const SLOT = 12;

/** What is written for the record number `done` as the `turn`th time, and where. */
export function frameCursor(done: number, turn: number): { readonly at: number; readonly bytes: Buffer } {
  const bytes = Buffer.alloc(SLOT);
  bytes.writeBigUInt64BE(BigInt(done), 0);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 8)), 8);
  return { at: (turn % 2) * SLOT, bytes };
}

/** The furthest number of the slots that are whole; 0 of none. */
export function readCursor(bytes: Buffer): number {
  let done = 0;
  for (let at = 0; at + SLOT <= bytes.length; at += SLOT) {
    const whole = bytes.readUInt32BE(at + 8) === crc32(bytes.subarray(at, at + 8));
    const number = Number(bytes.readBigUInt64BE(at));
    if (whole && Number.isSafeInteger(number)) done = Math.max(done, number);
  }
  return done;
}
