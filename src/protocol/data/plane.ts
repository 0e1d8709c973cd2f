import type { KeyObject } from 'node:crypto';
import type { Duration, Instant } from '../../base/units.ts';
import type { Address } from '../../model/address.ts';
import type { DataPlaneRecord } from '../../model/status-report.ts';

/**
 * The data plane as values: what the engine tells it, what it tells the engine, what can be read of it at once. The
 * plane owns sockets, TUN device and data keys; control packets pass through it unopened. Adapters live in
 * `host/dataplane/`; all rules they share are in this folder.
 */

/**
 * Which peer: ids are reused after a client has gone, so every message also carries the generation of that use; a
 * message with an old one is ignored.
 */
export interface PeerSlot {
  readonly peerId: number;
  readonly generation: number;
}

/** Where packets of a peer come from and go to. */
export interface Link {
  /** Equal for the same UDP address and port, or the same TCP connection; for maps. */
  readonly key: string;
  readonly address: Address;
  /** The number of the TCP connection; undefined on UDP. */
  readonly connection: number | undefined;
}

/** The data ciphers that we speak (facts: wire 15.1). */
export type DataCipher = 'AES-128-GCM' | 'AES-192-GCM' | 'AES-256-GCM' | 'CHACHA20-POLY1305';

/** One direction's key: cipher key and the 8-byte implicit part of the nonce. */
export interface DirectionKey {
  readonly cipherKey: KeyObject;
  readonly implicitIv: Buffer;
}

/** The keys of one key id, as one end uses them. */
export interface DataKeys {
  readonly cipher: DataCipher;
  readonly send: DirectionKey;
  readonly receive: DirectionKey;
}

/** An address or subnet inside the tunnel that belongs to a peer. Host addresses have 32 or 128 bits. */
export interface InnerRoute {
  readonly family: 4 | 6;
  /** 4 or 16 bytes, host bits zero. */
  readonly network: Buffer;
  readonly bits: number;
}

/** What the engine tells the plane. */
export type PlaneCommand =
  | { readonly kind: 'open-peer'; readonly slot: PeerSlot; readonly link: Link; readonly format: 'v1' | 'v2' }
  | { readonly kind: 'set-keys'; readonly slot: PeerSlot; readonly keyId: number; readonly keys: DataKeys }
  | { readonly kind: 'send-with'; readonly slot: PeerSlot; readonly keyId: number }
  | { readonly kind: 'drop-key'; readonly slot: PeerSlot; readonly keyId: number }
  /** A float that the engine allowed. */
  | { readonly kind: 'set-address'; readonly slot: PeerSlot; readonly link: Link }
  /** Replaces all inner routes of the peer; the first host routes are its own addresses. */
  | { readonly kind: 'set-inner-routes'; readonly slot: PeerSlot; readonly routes: readonly InnerRoute[] }
  /** Inner traffic passes only while open: after connect processing is done. Pings and exits are always read. */
  | { readonly kind: 'set-open'; readonly slot: PeerSlot; readonly open: boolean }
  /** The plane sends the pings itself and tells when nothing authentic was heard for `lostAfter`. */
  | { readonly kind: 'set-ping'; readonly slot: PeerSlot; readonly every: Duration | undefined; readonly lostAfter: Duration | undefined }
  /** An authentic control packet counts as heard, and one sent as sent, for the ping timers. */
  | { readonly kind: 'control-heard'; readonly slot: PeerSlot }
  /** `slot` is given once the peer is open, so that its ping timer sees the packet. */
  | { readonly kind: 'send-control'; readonly link: Link; readonly bytes: Buffer; readonly slot: PeerSlot | undefined }
  /** Sends the in-band exit message (OCC EXIT) once. */
  | { readonly kind: 'send-exit'; readonly slot: PeerSlot }
  /** Answered by `closed` with the final counters. */
  | { readonly kind: 'close-peer'; readonly slot: PeerSlot }
  /** Closes a TCP connection after what was sent is written; nothing on UDP. */
  | { readonly kind: 'close-link'; readonly link: Link };

/** Why a packet was not let through. */
export type RejectReason =
  | 'replay'
  | 'unauthentic'
  | 'malformed'
  | 'unknown-peer'
  | 'no-key'
  | 'not-open'
  | 'bad-source'
  | 'no-route'
  | 'flood';

/** What the plane tells the engine. */
export type PlaneEvent =
  /** An opcode other than DATA; not yet authenticated. */
  | { readonly kind: 'control'; readonly link: Link; readonly bytes: Buffer }
  | { readonly kind: 'link-opened'; readonly link: Link }
  | { readonly kind: 'link-closed'; readonly link: Link; readonly reason: string }
  /** An authentic packet came from another address; the peer stays where it is until `set-address`. */
  | { readonly kind: 'float-asked'; readonly slot: PeerSlot; readonly link: Link }
  | { readonly kind: 'ping-lost'; readonly slot: PeerSlot }
  /** The packet id of a key passed 0xFF000000 in either direction. */
  | { readonly kind: 'key-near-end'; readonly slot: PeerSlot; readonly keyId: number }
  /** The in-band exit message came. */
  | { readonly kind: 'exit-seen'; readonly slot: PeerSlot }
  /** `count` packets since the last such event of this peer and reason; at most one a second each. */
  | {
      readonly kind: 'rejected';
      readonly slot: PeerSlot | undefined;
      readonly link: Link | undefined;
      readonly reason: RejectReason;
      readonly count: number;
      /** Of the first: the packet id or inner source address, as the log shows it. */
      readonly detail: string;
    }
  | { readonly kind: 'closed'; readonly slot: PeerSlot; readonly counters: PlaneCounters };

/** What is counted for a peer since `open-peer`. Bytes include encapsulation, without IP and UDP headers. */
export interface PlaneCounters {
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly packetsReceived: number;
  readonly packetsSent: number;
  /** Packet ids that were passed over and never came. */
  readonly lost: number;
  readonly reordered: number;
  readonly replayed: number;
  readonly unauthentic: number;
  readonly badSource: number;
  /** IP packets of the client that passed, both ways: what counts as activity. */
  readonly innerBytes: number;
  /** When the last of them did; `open-peer` before the first. */
  readonly lastInner: Instant;
  readonly lastHeard: Instant;
}

/** The inner destinations in use: when the server last sent towards each. */
export interface RouteUse {
  readonly slot: PeerSlot;
  readonly route: InnerRoute;
  /** A concrete host inside a subnet route. */
  readonly cached: boolean;
  readonly lastReference: Instant;
}

/**
 * Ways of an adapter to be faster that can be left out alone: OpenSSL's functions instead of Node's, packets that travel
 * together through the kernel when they are sent (UDP_SEGMENT), received (UDP_GRO), and on the TUN device.
 */
export const PLANE_STEPS = ['native-crypto', 'gso', 'gro', 'vnet-hdr'] as const;

/** One of them. */
export type PlaneStep = (typeof PLANE_STEPS)[number];

/** What can be read of the plane at once. */
export interface PlaneView {
  /** What carries the packets; undefined where there is only one way. */
  running?(): DataPlaneRecord | undefined;
  counters(slot: PeerSlot): PlaneCounters | undefined;
  /** One of them alone, for who looks at thousands of peers. */
  counter(slot: PeerSlot, name: keyof PlaneCounters): number | undefined;
  routes(): Iterable<RouteUse>;
  /** Packets and bytes read from and written to the TUN device. */
  tunnel(): { readonly packetsRead: number; readonly packetsWritten: number; readonly bytesRead: number; readonly bytesWritten: number };
}

/** What holds for all peers of a plane. */
export interface PlaneSettings {
  readonly role: 'server' | 'client';
  readonly transport: 'udp' | 'tcp';
  /** Packets from one client to another are delivered inside; otherwise they go to the TUN device. */
  readonly clientToClient: boolean;
  readonly tunMtu: number;
  /** The encapsulated size to clamp TCP MSS to, or undefined for no clamp (facts: wire 20). */
  readonly mssFix: MssFix | undefined;
  /** Packet ids (64) and seconds (15) of `replay-window`. */
  readonly replayWindow: { readonly size: number; readonly seconds: number };
  /** Inner destinations of the server itself: these go to the TUN device though clients' subnets hold them. */
  readonly ownAddresses: readonly InnerRoute[];
}

/** How `mssfix` counts: including IP, UDP and encapsulation (`mtu`), without IP and UDP (`payload`), or as is (`fixed`). */
export interface MssFix {
  readonly size: number;
  readonly counts: 'mtu' | 'payload' | 'fixed';
}
