import type { Duration } from '../base/units.ts';
import type { TlsPeer } from '../protocol/tls.ts';

/** What the log says of a TLS peer and of the ping timers; the same words at both ends. */

/** `256 bits ECprime256v1, signature: ..., peer temporary key: ...`: what follows `peer certificate: `. */
export function describePeer(peer: TlsPeer): string {
  const leaf = peer.chain[0];
  const certificate = leaf === undefined ? 'none' : `${leaf.keyDescription}, signature: ${leaf.signatureAlgorithm}`;
  return peer.temporaryKey === undefined ? certificate : `${certificate}, peer temporary key: ${peer.temporaryKey}`;
}

/** `ping 10, ping-restart 60`, or what there is of it. */
export function timersText(ping: Duration | undefined, lostAfter: Duration | undefined, name = 'ping-restart'): string {
  const parts: string[] = [];
  if (ping !== undefined) parts.push(`ping ${ping / 1000}`);
  if (lostAfter !== undefined) parts.push(`${name} ${lostAfter / 1000}`);
  return parts.join(', ');
}
