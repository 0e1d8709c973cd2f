import type { Now } from '../../base/units.ts';

/** What is usual in one hour of the day. */
export interface UsualHour {
  readonly hour: number;
  /** Bytes in a second, in both directions; later days count more. */
  readonly rate: number;
  readonly days: number;
}

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** So many days are needed before an hour counts as known. */
const ENOUGH_DAYS = 3;
/** What the newest day counts among those before. */
const NEWEST = 0.3;
/** A gap between two looks that is longer makes an hour one that was not seen whole. */
const MAX_GAP_MS = 120_000;

/** How many bytes a daemon moves in each hour of the day, learnt from whole hours in which it was seen all the time. */
export class Usual {
  readonly #hours = new Map<number, UsualHour>();
  #hour: { readonly number: number; readonly bytes: number; whole: boolean } | undefined;
  #looked: number | undefined;

  /** Looks at the sum of its bytes; undefined when nobody can say. The wall clock is one without jumps. */
  look(bytes: number | undefined, { at, wall }: Now): void {
    const gap = this.#looked === undefined ? Infinity : at - this.#looked;
    this.#looked = at;
    const number = Math.floor(wall / HOUR_MS);
    const before = this.#hour;
    if (before !== undefined && (gap > MAX_GAP_MS || bytes === undefined)) before.whole = false;
    if (before?.number === number && (bytes !== undefined || !before.whole)) return;
    if (before?.whole === true && bytes !== undefined && number === before.number + 1)
      this.#learn(before.number % HOURS, (bytes - before.bytes) / (HOUR_MS / 1000));
    // The hour in which the look began is not whole.
    this.#hour = { number, bytes: bytes ?? 0, whole: before !== undefined && bytes !== undefined && gap <= MAX_GAP_MS };
  }

  #learn(hour: number, rate: number): void {
    const known = this.#hours.get(hour);
    const mean = known === undefined ? rate : known.rate + (rate - known.rate) * Math.max(NEWEST, 1 / (known.days + 1));
    this.#hours.set(hour, { hour, rate: mean, days: (known?.days ?? 0) + 1 });
  }

  /** Bytes a second that are usual at this time; undefined as long as it is not known. */
  at({ wall }: Pick<Now, 'wall'>): number | undefined {
    const known = this.#hours.get(Math.floor(wall / HOUR_MS) % HOURS);
    return known === undefined || known.days < ENOUGH_DAYS ? undefined : known.rate;
  }

  snapshot(): readonly UsualHour[] {
    return [...this.#hours.values()];
  }

  restore(hours: readonly UsualHour[]): void {
    for (const known of hours)
      if (Number.isInteger(known.hour) && known.hour >= 0 && known.hour < HOURS) this.#hours.set(known.hour, known);
  }
}
