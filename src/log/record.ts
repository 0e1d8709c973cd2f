import { printable } from '../base/printable.ts';
import type { Now } from '../base/units.ts';
import { FLAG } from '../messages/kinds.ts';
import type { Note } from '../messages/notes.ts';
import { type LogEventName, renderRow } from '../messages/row.ts';
import { type PeerRef, peerPrefix } from '../model/peer-ref.ts';

/** A message that passed verb and mute: what every destination and format starts from. */
export interface LogRecord {
  readonly now: Now;
  /** Level, flags and mute category (facts: logging 1). */
  readonly word: number;
  /** What stock would print, the client's prefix included, without time stamp. One line of at most MAX_TEXT_BYTES. */
  readonly text: string;
  /** The message's id in the catalogue. */
  readonly id: string;
  /** The fact it stands for, where it stands for one. */
  readonly event: LogEventName | undefined;
  /** The client it is about. */
  readonly peer: PeerRef | undefined;
  /** The values that the text was made of. */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** The longest text of one message, in bytes; stock's buffer (facts: logging 4). */
export const MAX_TEXT_BYTES = 10_239;

/** Renders a note: `<prefix> <message>`, without a prefix when the message has no client or its flag forbids one (facts: logging 5). */
export function recordOf(note: Note, now: Now): LogRecord {
  const { row, args, peer } = note;
  const message = renderRow(row, args);
  const text = peer === undefined || (row.word & FLAG.noPrefix) !== 0 ? message : `${printable(peerPrefix(peer))} ${message}`;
  return { now, word: row.word, text: cutToBytes(text, MAX_TEXT_BYTES), id: row.id, event: row.event, peer, fields: args };
}

/** At most so many bytes of UTF-8, cut between characters. */
export function cutToBytes(text: string, limit: number): string {
  // A UTF-16 unit makes at most three bytes, so most texts need no counting.
  if (text.length * 3 <= limit || Buffer.byteLength(text) <= limit) return text;
  const bytes = Buffer.from(text);
  let end = limit;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
