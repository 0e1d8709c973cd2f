import type { Now } from '../../base/units.ts';
import { type ControlOpcode, isControlOpcode, keyIdOf, opcodeOf, opKey } from '../opcodes.ts';
import type { PacketId } from './packet-id.ts';

/** What every control packet carries in clear, in front of the wrap: `u8 opcode/key id | 8 bytes sender's session id`. */
export interface ControlHeader {
  readonly opcode: ControlOpcode;
  readonly keyId: number;
  /** The sender's; 8 bytes, not all zero. */
  readonly sessionId: Buffer;
}

/** An authentic packet that was not seen before. `body` is for `decodeControlBody`. */
export interface Unwrapped extends ControlHeader {
  readonly body: Buffer;
}

/** Why a packet was refused: dropped silently and counted, never answered (facts: wire 6.7). */
export interface WrapFailure {
  readonly failure: 'opcode' | 'session' | 'short' | 'hmac' | 'replay';
  /** What stock's log says of it first, without peer and advice. */
  readonly text: string;
}

/**
 * The protection of one session's control packets in both directions: its send counter and its replay window. A
 * session has one for all its key states, and a second one once dynamic tls-crypt is agreed on.
 */
export interface ControlWrap {
  /** Bytes that a packet has beyond its body, header included. */
  readonly overhead: number;
  /** Builds a packet. Each call uses up a packet id, so a retransmission is wrapped anew. */
  wrap(header: ControlHeader, body: Buffer, now: Now): Buffer;
  /** Authenticates a packet and marks its id as seen. Nothing is marked when it fails. */
  unwrap(packet: Buffer, now: Now): Unwrapped | WrapFailure;
}

/** Bytes of the header. */
export const HEADER_LENGTH = 9;

/** True for the refusals of `unwrap`. */
export function isWrapFailure(result: Unwrapped | WrapFailure): result is WrapFailure {
  return 'failure' in result;
}

/** Writes the header into a packet's first 9 bytes. */
export function writeHeader(packet: Buffer, header: ControlHeader): void {
  packet[0] = opKey(header.opcode, header.keyId);
  header.sessionId.copy(packet, 1);
}

/** Reads the header; refuses data and unknown opcodes, and the session id zero, which nobody may have. */
export function readHeader(packet: Buffer): ControlHeader | WrapFailure {
  const first = packet[0] ?? 0;
  const opcode = opcodeOf(first);
  if (!isControlOpcode(opcode)) return { failure: 'opcode', text: `unknown opcode received op=${opcode}` };
  const sessionId = packet.subarray(1, HEADER_LENGTH);
  if (sessionId.length < HEADER_LENGTH - 1 || sessionId.every((byte) => byte === 0)) {
    return { failure: 'session', text: 'session-id not found in packet' };
  }
  return { opcode, keyId: keyIdOf(first), sessionId };
}

/** A replay refusal in stock's words; `what` names the layer that found it. */
export function replayFailure(what: string, id: PacketId): WrapFailure {
  return {
    failure: 'replay',
    text: `${what}: bad packet ID (may be a replay): [ #${id.counter} / time = (${id.time}) ${localTime(id.time)} ]`,
  };
}

/** `2023-09-12 06:06:56` in the machine's time zone, as stock prints it. */
function localTime(unix: number): string {
  const date = new Date(unix * 1000);
  const two = (n: number): string => String(n).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
