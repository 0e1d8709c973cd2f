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

const MINUTE = 60_000;
/** No zone has had seconds in its offset since. */
const WHOLE_MINUTES_SINCE = Date.UTC(1973, 0);
const MAX_MINUTES = 4096;

/**
 * The same for very many times in a row: what the process's time zone makes of a minute is worked out once. Not for longer than one
 * piece of work, as the zone may be changed.
 */
export class LocalTimes {
  readonly #minutes = new Map<number, string>();

  format(wall: WallTime): string {
    if (!(wall >= WHOLE_MINUTES_SINCE)) return formatLocalTime(wall);
    return this.minute(wall) + two(Math.floor((wall % MINUTE) / 1000));
  }

  /** Of that what the time zone has a say in: all but the seconds, of times whose seconds are the same everywhere. */
  minute(wall: WallTime): string {
    if (!(wall >= WHOLE_MINUTES_SINCE)) return formatLocalTime(wall);
    const minute = Math.floor(wall / MINUTE);
    const known = this.#minutes.get(minute);
    if (known !== undefined) return known;
    if (this.#minutes.size >= MAX_MINUTES) this.#minutes.clear();
    const start = formatLocalTime((minute * MINUTE) as WallTime).slice(0, -2);
    this.#minutes.set(minute, start);
    return start;
  }
}

/** The microseconds since the full second, 0 to 999999. */
export function microsecondsOf(wall: WallTime): number {
  const second = Math.floor(wall / 1000) * 1000;
  return Math.min(999_999, Math.round((wall - second) * 1000));
}
