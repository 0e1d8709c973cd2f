import { TunnelscopeError } from '../base/errors.ts';
import { Reader } from '../base/reader.ts';
import { Writer } from '../base/writer.ts';
import { type ControlOpcode, OP } from './opcodes.ts';

/**
 * What is inside the wrap of a control packet (facts: wire 3):
 * `u8 n | n * u32 acked ids | 8 bytes session id of the receiver if n > 0 | u32 message id unless ACK_V1 | payload`.
 */
export interface ControlBody {
  /** Message ids of the receiver that are acknowledged; at most `MAX_ACKS`. */
  readonly acks: readonly number[];
  /** The receiver's session id; present exactly when `acks` is not empty. */
  readonly ackSession: Buffer | undefined;
  /** Present exactly when the opcode is not ACK_V1. */
  readonly messageId: number | undefined;
  /** TLS bytes; empty in resets and ACK_V1. Shares memory with the packet it was decoded from. */
  readonly payload: Buffer;
}

/** More acknowledgements than this make a packet malformed. */
export const MAX_ACKS = 8;

/** Acknowledgements that a sender puts into a packet with a message of its own: some peers take no more. */
export const MAX_PIGGYBACK_ACKS = 4;

/** Bytes of a session id. */
export const SESSION_ID_LENGTH = 8;

/** Bytes in front of the payload of a body with `acks` acknowledgements and a message id. */
export function bodyOverhead(acks: number): number {
  return 1 + (acks > 0 ? 4 * acks + SESSION_ID_LENGTH : 0) + 4;
}

/** Encodes a body. Throws BUG when its parts do not fit the opcode or each other: no peer can cause that. */
export function encodeControlBody(opcode: ControlOpcode, body: ControlBody): Buffer {
  const { acks, ackSession, messageId, payload } = body;
  if (acks.length > MAX_ACKS) throw new TunnelscopeError('BUG', `${acks.length} acknowledgements in one packet`);
  if ((messageId === undefined) !== (opcode === OP.ack)) throw new TunnelscopeError('BUG', `message id does not fit opcode ${opcode}`);
  if ((ackSession === undefined) !== (acks.length === 0)) throw new TunnelscopeError('BUG', 'session id does not fit the acknowledgements');
  const writer = new Writer(bodyOverhead(acks.length) + payload.length);
  writer.u8(acks.length);
  for (const id of acks) writer.u32(id);
  if (ackSession !== undefined) writer.bytes(ackSession);
  if (messageId !== undefined) writer.u32(messageId);
  return writer.bytes(payload).finish();
}

/** Decodes a body that was unwrapped. Bytes behind the acknowledgements of an ACK_V1 are ignored. */
export function decodeControlBody(opcode: ControlOpcode, bytes: Buffer): ControlBody | 'malformed' {
  const reader = new Reader(bytes);
  const count = reader.u8();
  if (count > MAX_ACKS) return 'malformed';
  const acks: number[] = [];
  for (let i = 0; i < count; i++) acks.push(reader.u32());
  const ackSession = count > 0 ? reader.bytes(SESSION_ID_LENGTH) : undefined;
  const messageId = opcode === OP.ack ? undefined : reader.u32();
  const payload = opcode === OP.ack ? bytes.subarray(0, 0) : reader.rest();
  return reader.failed ? 'malformed' : { acks, ackSession, messageId, payload };
}
