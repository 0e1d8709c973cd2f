import type { ControlLimits } from '../../../protocol/data/gate.ts';
import type { TraceDirection } from '../../../protocol/data/forward.ts';
import type { Link, PeerSlot, PlaneCommand, PlaneEvent, PlaneSettings, PlaneStep } from '../../../protocol/data/plane.ts';

/**
 * The batched data plane: how its two threads share their work.
 *
 *     main thread: BatchedPlane                         worker: DataLoop around one Forwarder
 *     ------------------------------                    --------------------------------------------------------
 *     opens the UDP socket, has the TUN device          owns both descriptors: poll, recvmmsg, sendmmsg, read, write
 *     commands      -- MessagePort, eventfd -->         takes all that wait after the eventfd spoke
 *     events        <-- MessagePort ----------          one message a turn, an array; bounded by UNREAD
 *     reads         <-- shared memory --------          counters, last-seen, last-reference, drops
 *     stop, clock   --- shared memory ------->          the flag is looked at after each poll
 *
 * All bytes of packets lie in one arena of the worker, which is never freed or moved: system calls and ciphers get
 * numbers for pointers, and nothing is allocated a packet but views that are kept (facts: node-engine, pitfalls 10, 11).
 *
 *     arena:  | scratch | poll | receive: headers, names, control, slots | send: headers, names, parts, control | out | TUN |
 *
 * A packet that came is opened where it lies in its slot and written to the TUN device from there. One off the device is
 * sealed right into `out`; there, packets to the same place become one message of many segments (UDP_SEGMENT).
 *
 * A thread in a system call hears nothing else: the worker waits at most a second, and the eventfd ends that (pitfall 12).
 */

/** Where ciphers come from. */
export type CryptoSource = 'node executable' | 'libcrypto' | 'node:crypto';

/** What the worker begins with, as `workerData`. */
export interface WorkerSetup {
  readonly settings: PlaneSettings;
  readonly limits: ControlLimits | undefined;
  readonly descriptors: {
    readonly udp: number;
    /** Undefined for a plane without a device, or as long as it is not there. */
    readonly tun: number | undefined;
    readonly wake: number;
  };
  /** The socket's. */
  readonly family: 4 | 6;
  /** The socket has one peer and is connected to it. */
  readonly connected: boolean;
  /** The TUN device was opened with headers (`IFF_VNET_HDR`). */
  readonly tunHeaders: boolean;
  readonly without: readonly PlaneStep[];
  readonly memory: MemoryParts;
  /** What makes an instant of the main thread of a reading of the system's monotonic clock, in milliseconds. */
  readonly epoch: number;
  /** Time is what the shared cell says: for tests. */
  readonly manualClock: boolean;
  /** So many milliseconds after its start the thread practises, so that V8 has compiled its way; undefined for never. */
  readonly rehearsesAfter: number | undefined;
  /** This is practice: the TUN device is a pair of sockets, which knows nothing of offloads, and is taken for one that does. */
  readonly practises: boolean;
}

/** Shared memory, as it travels to the worker. */
export interface MemoryParts {
  readonly control: SharedArrayBuffer;
  readonly peers: SharedArrayBuffer;
  readonly routes: SharedArrayBuffer;
}

/** What the main thread tells the worker. */
export type ToWorker =
  /** `cell` is where the counters of a peer that opens are. */
  | { readonly kind: 'command'; readonly command: PlaneCommand; readonly cell: number }
  | { readonly kind: 'trace'; readonly on: boolean }
  /** The TUN device has come. */
  | { readonly kind: 'device'; readonly fd: number; readonly headers: boolean };

/** What the worker tells the main thread: all of one turn in one message. */
export type FromWorker = readonly Said[];

/** One thing of them. Bytes come as plain arrays, each with a buffer of its own. */
export type Said =
  | { readonly kind: 'event'; readonly event: PlaneEvent }
  | {
      readonly kind: 'traced';
      readonly direction: TraceDirection;
      readonly bytes: Uint8Array;
      readonly slot: PeerSlot | undefined;
      readonly link: Link | undefined;
    }
  | { readonly kind: 'ready'; readonly running: Running }
  /** A step runs that did not before. */
  | { readonly kind: 'step-on'; readonly step: PlaneStep }
  /** A step that ran is off from now on. */
  | { readonly kind: 'step-off'; readonly step: PlaneStep; readonly errno: number }
  | { readonly kind: 'socket-failed'; readonly errno: number }
  | { readonly kind: 'tun-failed'; readonly errno: number };

/** What runs, after everything was tried. */
export interface Running {
  readonly crypto: CryptoSource;
  readonly steps: readonly PlaneStep[];
}

/** Cells of 32 bits in the control block. */
export const FLAG = {
  /** The worker ends when it is not zero. */
  stop: 0,
  /** The main thread wrote to the eventfd and the worker has not seen it. */
  wake: 1,
  /** Messages of the main thread that were carried out, with all that followed in their turn. */
  taken: 2,
  /** Things said that the main thread has not read. */
  unread: 3,
  /** How many route records were ever used. */
  routesUsed: 4,
} as const;

/** Cells of 64 bits in the control block, behind the flags. */
export const GAUGE = {
  /** With a manual clock: now. */
  clock: 0,
  /** When the forwarder wants to be called next; infinite when never. */
  deadline: 1,
  /** Packets that the network did not take. */
  networkDrops: 2,
  tunDrops: 3,
  /** Control packets and traced ones that the main thread was too slow for. */
  unreadDrops: 4,
  /** Of the TUN device: `TUNNEL_CELLS`. */
  tunnel: 5,
  /** System calls that received, and the packets they brought. */
  receiveCalls: 9,
  packetsReceived: 10,
  /** System calls that sent, the messages in them, and the packets in those. */
  sendCalls: 11,
  messagesSent: 12,
  packetsSent: 13,
} as const;

/** Bytes of the control block. */
export const CONTROL_BYTES = 64 + 16 * 8;
/** Where its 64-bit cells begin. */
export const GAUGES_AT = 64;

/** More peers at a time than this are not counted. The memory of those that are not there is never touched. */
export const MAX_PEERS = 65_536;
/** More routes at a time than this are not shown. */
export const MAX_ROUTES = 262_144;

/** A control packet is dropped while this many things wait to be read. */
export const MAX_UNREAD_CONTROL = 1024;
/** So is a traced packet. */
export const MAX_UNREAD_TRACE = 8192;
