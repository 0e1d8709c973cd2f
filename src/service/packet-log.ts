import { DATA } from '../messages/data.ts';
import { DEBUG } from '../messages/debug.ts';
import type { Notes } from '../messages/notes.ts';
import { formatFamilyAddress } from '../model/address.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import { decodeControlBody } from '../protocol/control-body.ts';
import type { PacketTrace } from '../protocol/data/forward.ts';
import type { Link, PeerSlot, PlaneCommand } from '../protocol/data/plane.ts';
import { isControlOpcode, isDataOpcode, keyIdOf, opcodeName, opcodeOf } from '../protocol/opcodes.ts';

/** What the log of packets is made with. */
export interface PacketLogParts {
  readonly notes: Notes;
  /** Takes the characters of verb 5. */
  mark(character: string): void;
  /** `UDPv4` and its kin. */
  proto(): string;
  /** The client that a slot of the data plane belongs to. */
  peer(slot: PeerSlot): PeerRef | undefined;
  /** How control packets are protected: it says where their acknowledgements are, and whether they can be read. */
  readonly wrap: { readonly kind: 'none' | 'tls-crypt' } | { readonly kind: 'tls-auth'; readonly digestBytes: number };
  /** `log-plaintext`: at verb 9 also show what is inside the tunnel. */
  readonly plaintext: boolean;
}

/** From this verbosity on there is something to say of packets. */
const FROM_VERB = 5;
const LINES_FROM_VERB = 6;
const HEADER = 9;
const PACKET_ID = 8;

/** What shows packets at this verbosity; undefined below 5, so that the data plane has nothing to call. */
export function packetLog(verb: number, parts: PacketLogParts): PacketTrace | undefined {
  if (verb < FROM_VERB) return undefined;
  if (verb < LINES_FROM_VERB) {
    return (direction) => {
      if (direction !== 'P' && direction !== 'p') parts.mark(direction);
    };
  }
  return (direction, bytes, slot, link) => {
    const peer = slot === undefined ? undefined : parts.peer(slot);
    switch (direction) {
      case 'R':
      case 'W':
        return noteLinkPacket(parts, direction, bytes, link, peer);
      case 'r':
      case 'w':
        return noteTunPacket(parts, direction, bytes, peer);
      case 'P':
        return parts.notes.add(DATA.pingReceived, {}, peer);
      case 'p':
        return parts.notes.add(DATA.pingSent, {}, peer);
    }
  };
}

function noteLinkPacket(
  parts: PacketLogParts,
  direction: 'R' | 'W',
  bytes: Buffer,
  link: Link | undefined,
  peer: PeerRef | undefined,
): void {
  const { notes } = parts;
  const address = link === undefined ? '[AF_UNSPEC]' : formatFamilyAddress(link.address);
  const args = { proto: parts.proto(), length: bytes.length, address, packet: describePacket(bytes, parts.wrap) };
  if (direction === 'R') notes.add(DATA.linkRead, args, peer);
  else notes.add(DATA.linkWrite, args, peer);
  if (isDataOpcode(opcodeOf(bytes[0] ?? 0))) {
    const keyId = keyIdOf(bytes[0] ?? 0);
    if (direction === 'R') notes.add(DEBUG.preDecrypt, { keyId, address }, peer);
    else notes.add(DEBUG.preEncrypt, { keyId }, peer);
  }
  // Ciphertext, of TLS at the least.
  noteContent(parts, direction, bytes, peer);
}

function noteTunPacket(parts: PacketLogParts, direction: 'r' | 'w', bytes: Buffer, peer: PeerRef | undefined): void {
  if (direction === 'r') parts.notes.add(DATA.tunRead, { length: bytes.length }, peer);
  else parts.notes.add(DATA.tunWrite, { length: bytes.length }, peer);
  if (parts.plaintext) noteContent(parts, direction, bytes, peer);
}

function noteContent({ notes }: PacketLogParts, direction: string, bytes: Buffer, peer: PeerRef | undefined): void {
  if (notes.wants(DEBUG.content)) notes.add(DEBUG.content, { direction, hex: bytes.toString('hex') }, peer);
}

/** `P_CONTROL_V1 kid=0 sid=... pid=[ #3 ] DATA len=42`: what can be read of a packet without its keys (facts: logging 2, wire 1). */
export function describePacket(bytes: Buffer, wrap: PacketLogParts['wrap']): string {
  const first = bytes[0] ?? 0;
  const opcode = opcodeOf(first);
  const start = `${opcodeName(opcode) ?? `P_${opcode}`} kid=${keyIdOf(first)}`;
  if (!isControlOpcode(opcode) || bytes.length < HEADER) return `${start} DATA len=${Math.max(0, bytes.length - 1)}`;
  const sid = `${bytes.toString('hex', 1, 5)} ${bytes.toString('hex', 5, HEADER)}`;
  const bodyAt = wrap.kind === 'none' ? HEADER : wrap.kind === 'tls-auth' ? HEADER + wrap.digestBytes + PACKET_ID : undefined;
  const idAt = wrap.kind === 'tls-crypt' ? HEADER : wrap.kind === 'tls-auth' ? HEADER + wrap.digestBytes : undefined;
  const parts = [start, `sid=${sid}`];
  if (idAt !== undefined && bytes.length >= idAt + PACKET_ID) parts.push(`pid=[ #${bytes.readUInt32BE(idAt)} ]`);
  const body = bodyAt === undefined ? 'malformed' : decodeControlBody(opcode, bytes.subarray(bodyAt));
  if (body === 'malformed') return [...parts, `DATA len=${Math.max(0, bytes.length - HEADER)}`].join(' ');
  parts.push(`[ ${body.acks.join(' ')}${body.acks.length > 0 ? ' ' : ''}]`);
  if (body.messageId !== undefined) parts.push(`id=${body.messageId}`, `DATA len=${body.payload.length}`);
  return parts.join(' ');
}

/** What a command to the data plane means for keys, at verb 7. */
export function noteKeyCommand(parts: Pick<PacketLogParts, 'notes' | 'peer'>, command: PlaneCommand): void {
  const { notes } = parts;
  if (!notes.wants(DEBUG.keysReady)) return;
  switch (command.kind) {
    case 'set-keys':
      return notes.add(DEBUG.keysReady, { keyId: command.keyId, cipher: command.keys.cipher }, parts.peer(command.slot));
    case 'send-with':
      return notes.add(DEBUG.keySends, { keyId: command.keyId }, parts.peer(command.slot));
    case 'drop-key':
      return notes.add(DEBUG.keyGone, { keyId: command.keyId }, parts.peer(command.slot));
    default:
  }
}
