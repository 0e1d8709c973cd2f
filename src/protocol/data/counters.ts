import type { Instant } from '../../base/units.ts';
import type { PlaneCounters } from './plane.ts';

/**
 * A peer's counters as cells of one Float64Array, so that an adapter can lay them where another thread reads them while
 * packets pass. Each cell is whole at any moment; cells that belong together may differ by the packet under way.
 */
export const CELL = {
  bytesReceived: 0,
  bytesSent: 1,
  packetsReceived: 2,
  packetsSent: 3,
  // These three are the replay windows' (`TALLY`).
  lost: 4,
  reordered: 5,
  replayed: 6,
  unauthentic: 7,
  badSource: 8,
  innerBytes: 9,
  lastInner: 10,
  lastHeard: 11,
} as const satisfies Record<keyof PlaneCounters, number>;

/** One counter's cell. */
export type Cell = (typeof CELL)[keyof typeof CELL];

/** How many cells a peer has. */
export const PEER_CELLS = 12;

/** Where a replay window counts within its cells. */
export const TALLY = { lost: 0, reordered: 1, replayed: 2 } as const;

/** Of `PlaneView.tunnel`. */
export const TUNNEL_CELL = { packetsRead: 0, packetsWritten: 1, bytesRead: 2, bytesWritten: 3 } as const;

/** How many cells the TUN device has. */
export const TUNNEL_CELLS = 4;

/** Adds to a cell. */
export function addTo(cells: Float64Array, cell: number, amount: number): void {
  cells[cell] = (cells[cell] ?? 0) + amount;
}

/** What the cells of a peer say, which begin with the `first`. */
export function countersOf(cells: Float64Array, first = 0): PlaneCounters {
  const read = (cell: Cell): number => cells[first + cell] ?? 0;
  return {
    bytesReceived: read(CELL.bytesReceived),
    bytesSent: read(CELL.bytesSent),
    packetsReceived: read(CELL.packetsReceived),
    packetsSent: read(CELL.packetsSent),
    lost: read(CELL.lost),
    reordered: read(CELL.reordered),
    replayed: read(CELL.replayed),
    unauthentic: read(CELL.unauthentic),
    badSource: read(CELL.badSource),
    innerBytes: read(CELL.innerBytes),
    lastInner: read(CELL.lastInner) as Instant,
    lastHeard: read(CELL.lastHeard) as Instant,
  };
}

/** What the cells of the TUN device say. */
export function tunnelOf(cells: Float64Array): { packetsRead: number; packetsWritten: number; bytesRead: number; bytesWritten: number } {
  const read = (cell: number): number => cells[cell] ?? 0;
  return {
    packetsRead: read(TUNNEL_CELL.packetsRead),
    packetsWritten: read(TUNNEL_CELL.packetsWritten),
    bytesRead: read(TUNNEL_CELL.bytesRead),
    bytesWritten: read(TUNNEL_CELL.bytesWritten),
  };
}
