import type { Duration } from '../base/units.ts';
import type { Notes } from '../messages/notes.ts';
import { PUSH } from '../messages/push.ts';
import { TLS } from '../messages/tls.ts';
import type { PeerRef } from '../model/peer-ref.ts';
import type { DataCipher } from '../protocol/data/plane.ts';
import type { KeyFailure } from '../protocol/session/types.ts';
import type { TlsPeer } from '../protocol/tls.ts';

/** What the log says of key negotiations and ping timers; the same words at both ends. */

/** `256 bits ECprime256v1, signature: ..., peer temporary key: ...`: what follows `peer certificate: `. */
export function describePeer(peer: TlsPeer): string {
  const leaf = peer.chain[0];
  const certificate = leaf === undefined ? 'none' : `${leaf.keyDescription}, signature: ${leaf.signatureAlgorithm}`;
  return peer.temporaryKey === undefined ? certificate : `${certificate}, peer temporary key: ${peer.temporaryKey}`;
}

/** Which cipher data packets have; `peerId` undefined for a peer that knows of none. */
export function noteDataChannel(notes: Notes, cipher: DataCipher, peerId: number | undefined, peer?: PeerRef): void {
  if (peerId === undefined) notes.add(PUSH.dataChannelPlain, { cipher }, peer);
  else notes.add(PUSH.dataChannel, { cipher, peerId }, peer);
}

/** `ping 10, ping-restart 60`, or what there is of it. */
export function timersText(ping: Duration | undefined, lostAfter: Duration | undefined, name = 'ping-restart'): string {
  const parts: string[] = [];
  if (ping !== undefined) parts.push(`ping ${ping / 1000}`);
  if (lostAfter !== undefined) parts.push(`${name} ${lostAfter / 1000}`);
  return parts.join(', ');
}

/** Why a key negotiation came to nothing. */
export function noteKeyFailure(notes: Notes, failure: KeyFailure, handWindow: Duration, peer?: PeerRef): void {
  switch (failure.kind) {
    case 'timeout':
      notes.add(TLS.negotiationTimeout, { seconds: handWindow / 1000 }, peer);
      break;
    case 'tls':
      notes.add(TLS.library, { error: failure.reason }, peer);
      notes.add(TLS.bioError, { function: 'tls_read_plaintext' }, peer);
      notes.add(TLS.plaintextReadError, {}, peer);
      break;
    case 'key-method':
      notes.add(TLS.library, { error: `key method 2: ${failure.why}` }, peer);
      break;
  }
  notes.add(TLS.handshakeFailed, {}, peer);
}

/** When to renegotiate, 0 for never, and what the key before came to. */
export interface RenegotiationFacts {
  readonly limits: { readonly after: Duration; readonly bytes: number; readonly packets: number };
  readonly used: { readonly age: Duration; readonly bytes: number; readonly packets: number };
}

/** The peer or we began a renegotiation. */
export function noteRenegotiation(notes: Notes, { limits, used }: RenegotiationFacts, peer?: PeerRef): void {
  const args = {
    seconds: Math.floor(used.age / 1000),
    secondsLimit: Math.floor(limits.after / 1000),
    bytes: used.bytes,
    bytesLimit: limits.bytes === 0 ? -1 : limits.bytes,
    packets: used.packets,
    packetsLimit: limits.packets,
  };
  notes.add(TLS.softReset, args, peer);
}
