import type { WallTime } from './units.ts';

function two(n: number): string {
  return n < 10 ? `0${n}` : String(n);
}

/** `2026-11-22 13:00:43` in the process's time zone, as log lines and status files print it (facts: logging 4, status 5). */
export function formatLocalTime(wall: WallTime): string {
  const date = new Date(wall);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** The microseconds since the full second, 0 to 999999. */
export function microsecondsOf(wall: WallTime): number {
  const second = Math.floor(wall / 1000) * 1000;
  return Math.min(999_999, Math.round((wall - second) * 1000));
}
