import type { WallTime } from '../base/units.ts';
import type { Address } from './address.ts';

/** How far a client has come. */
export type ClientPhase = 'handshake' | 'authenticating' | 'connecting' | 'connected' | 'closing';

/** What is measured about one client's link, at the source. */
export interface LinkQuality {
  /** Data packets that came. */
  readonly packets: number;
  /** Gaps in the data packet ids that never filled. */
  readonly lost: number;
  /** Packets that came after a later one. */
  readonly reordered: number;
  /** Packets refused as seen before or too old. */
  readonly replayed: number;
  /** Packets whose tag did not verify. */
  readonly unauthentic: number;
  /** The last control-channel round trip, in milliseconds. */
  readonly roundTripMs: number | undefined;
  /** Control packets sent again. */
  readonly retransmits: number;
  /** Renegotiations that completed. */
  readonly renegotiations: number;
  /** Milliseconds from first packet to: TLS established, key method 2 read, authenticated, connected. */
  readonly phaseMs: { readonly tls?: number; readonly keyExchange?: number; readonly auth?: number; readonly connected?: number };
  /** When an authentic packet was last heard. */
  readonly lastHeard: WallTime;
}

/** What status output shows of one client instance of a server. */
export interface ClientRow {
  readonly session: number;
  readonly clientId: number;
  /** Undefined while the peer has none. */
  readonly peerId: number | undefined;
  /** Undefined while unknown; status prints `UNDEF`. */
  readonly commonName: string | undefined;
  /** Undefined for clients that log in by certificate alone. */
  readonly username: string | undefined;
  readonly address: Address;
  readonly virtual4: string | undefined;
  readonly virtual6: string | undefined;
  /** Link bytes from the server's view, control channel and encapsulation included. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** First accepted packet. */
  readonly since: WallTime;
  /** Negotiated data cipher; undefined before negotiation. */
  readonly cipher: string | undefined;
  readonly phase: ClientPhase;
}

/** One client instance of a server, with all that is known. */
export interface ClientRecord extends ClientRow {
  /** Undefined where nobody measures it: behind a stock daemon. */
  readonly quality: LinkQuality | undefined;
}

/** One entry of the server's inner routing table. */
export interface RouteRecord {
  /** Host `10.8.0.2`, subnet `10.66.0.0/24`, `fd00:8::1000`. */
  readonly destination: string;
  /** A concrete host seen inside a client's subnet; printed with a trailing `C`. */
  readonly cached: boolean;
  readonly commonName: string | undefined;
  readonly address: Address;
  /** When the server last looked this address up towards the client. */
  readonly lastReference: WallTime;
}

/** What carries the packets of a daemon, and how. */
export interface DataPlaneRecord {
  readonly adapter: 'portable' | 'batched';
  /** Whose ciphers: `node executable`, `libcrypto` or `node:crypto`. */
  readonly crypto: string;
  /** What makes it faster, of what there is: `native-crypto`, `gso`, `gro`, `vnet-hdr`. */
  readonly steps: readonly string[];
  /** Why another adapter runs than the one that was asked for. */
  readonly instead?: string;
  /** Packets that were not taken in time: by the network, the TUN device, and the engine. */
  readonly dropped: { readonly network: number; readonly tun: number; readonly unread: number };
  /** System calls on the network and what they moved; undefined where nobody counts. */
  readonly calls?: {
    readonly receive: number;
    readonly packetsReceived: number;
    readonly send: number;
    readonly messagesSent: number;
    readonly packetsSent: number;
  };
}

/** A server's state of one moment: what status files, `status` and SIGUSR2 show. */
export interface ServerStatus {
  readonly kind: 'server';
  readonly title: string;
  readonly time: WallTime;
  readonly clients: readonly ClientRecord[];
  readonly routes: readonly RouteRecord[];
  /** High-water mark of the broadcast queue; always 0 here, as multicast is sent at once. */
  readonly maxQueueLength: number;
  readonly dcoEnabled: boolean;
  /** Undefined behind a stock daemon. */
  readonly dataPlane?: DataPlaneRecord;
}

/**
 * The same for whoever writes rows one after the other and keeps none: with ten thousand clients, records that nobody holds on to spare
 * the collector most of its work. Rows that are made as they are asked for can be gone through once, and clients come by client id.
 */
export interface ServerStatusRows extends Omit<ServerStatus, 'clients' | 'routes'> {
  readonly clients: Iterable<ClientRow>;
  readonly routes: Iterable<RouteRecord>;
}

/** A client's counters: the statistics form. Bytes since the start of the tunnel instance. */
export interface ClientStatus {
  readonly kind: 'client';
  readonly title: string;
  readonly time: WallTime;
  readonly tunRead: number;
  readonly tunWrite: number;
  readonly linkRead: number;
  readonly linkWrite: number;
  readonly authRead: number;
}

/** What a daemon says of itself. */
export type StatusReport = ServerStatus | ClientStatus;
