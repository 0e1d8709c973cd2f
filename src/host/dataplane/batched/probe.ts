import type { Arena } from './arena.ts';
import type { Libc } from './libc.ts';

const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;

/** Whether the kernel takes datagrams apart for a sender: Linux from 4.18 on. */
export function hasSegments(arena: Arena, libc: Libc, udp: number): boolean {
  const at = arena.take(8);
  arena.setWord(at + 4, 4);
  return libc.getsockopt(udp, SOL_UDP, UDP_SEGMENT, arena.base + at, arena.base + at + 4) === 0;
}

/** Asks the kernel to put datagrams together for a receiver; false before Linux 5.0. */
export function joinsReceived(arena: Arena, libc: Libc, udp: number): boolean {
  const at = arena.take(8);
  arena.setWord(at, 1);
  return libc.setsockopt(udp, SOL_UDP, UDP_GRO, arena.base + at, 4) === 0;
}
