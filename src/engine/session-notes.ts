import { DEBUG } from '../messages/debug.ts';
import type { Notes } from '../messages/notes.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import type { ControlBody } from '../protocol/control-body.ts';
import { type ControlOpcode, opcodeName } from '../protocol/opcodes.ts';
import type { SessionOutput } from '../protocol/session/types.ts';

/** What the log says of a session at verb 8: its steps and its reliability layer. Lengths, never contents. */

/** A step of a session. */
export function noteSessionStep(notes: Notes, out: SessionOutput, peer?: PeerRef): void {
  if (!notes.wants(DEBUG.sessionState) || out.kind === 'transmit') return;
  notes.add(DEBUG.sessionState, { what: describe(out) }, peer);
}

/** The inside of a control packet. */
export function noteControlBody(
  notes: Notes,
  direction: 'sent' | 'received',
  opcode: ControlOpcode,
  keyId: number,
  body: ControlBody,
  peer?: PeerRef,
): void {
  if (!notes.wants(DEBUG.reliable)) return;
  const parts = [`acks=[${body.acks.join(' ')}]`];
  if (body.messageId !== undefined) parts.push(`id=${body.messageId}`, `len=${body.payload.length}`);
  notes.add(DEBUG.reliable, { direction, opcode: opcodeName(opcode) ?? String(opcode), keyId, parts: parts.join(' ') }, peer);
}

function describe(out: Exclude<SessionOutput, { kind: 'transmit' }>): string {
  switch (out.kind) {
    case 'tls-open':
    case 'tls-close':
      return `${out.kind} tls=${out.tls}`;
    case 'tls-feed':
      return `tls-feed tls=${out.tls} len=${out.bytes.length}`;
    case 'tls-write':
      return `tls-write tls=${out.tls} len=${out.message.length}`;
    case 'message':
      return `message len=${out.text.length}`;
    case 'dropped':
      return `dropped ${out.reason}`;
    case 'renegotiating':
      return `renegotiating kid=${out.keyId} by=${out.byPeer ? 'peer' : 'us'}`;
    case 'key-failed':
      return `key-failed kid=${out.keyId} ${out.failure.kind}`;
    case 'tls-established':
    case 'key-method2':
    case 'key-active':
    case 'send-with':
    case 'key-dropped':
      return `${out.kind} kid=${out.keyId}`;
  }
}
