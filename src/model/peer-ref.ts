import { type Address, formatAddress } from './address.ts';

/** Which client a note or an event is about. */
export interface PeerRef {
  /** Our own number of this session, from first packet to disconnect; never reused in a process. */
  readonly session: number;
  /** The client id (CID) that the management interface speaks of. */
  readonly clientId: number;
  /** Where its packets come from now; changes when it floats. */
  readonly address: Address;
  /** Known, and shown in prefixes, from the start of connect processing. */
  readonly commonName: string | undefined;
}

/** `10.99.0.2:1194` before authentication, `alice/10.99.0.2:1194` after (facts: logging 5). At most 255 characters. */
export function peerPrefix(peer: PeerRef): string {
  const address = formatAddress(peer.address);
  return (peer.commonName === undefined ? address : `${peer.commonName}/${address}`).slice(0, 255);
}
