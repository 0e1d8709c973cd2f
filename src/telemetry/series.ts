import { createHmac } from 'node:crypto';
import { labelBlock, labelText } from './labels.ts';
import type { FleetOptions } from './options.ts';
import type { SeriesView, SessionView } from './views.ts';

/**
 * Which series there are a user or client: none; one a user, over all sessions; one a client while it is connected; or the
 * `top` users by bytes with the rest summed. Never more than `max` in the fleet: the rest is summed under `(other)`.
 */
export interface SeriesPolicy {
  readonly mode: 'off' | 'user' | 'client' | 'top';
  readonly top: number;
  readonly max: number;
  /** Shows a keyed hash instead of each name. */
  readonly hashKey?: Buffer;
}

/** What there is when nothing else is said. */
export const DEFAULT_SERIES: SeriesPolicy = { mode: 'off', top: 20, max: 10_000 };

/** How many series the whole fleet has, and how many it could not give. */
export interface SeriesBudget {
  used: number;
  leftOut: number;
}

const OTHER = '(other)';
const NOBODY = 'UNDEF';
/** Who comes into the top must be above its last by this much, so that two alike do not take turns. */
const CLEARLY = 1.1;
const HASH_DIGITS = 16;

/** The sums of one user, or of one client. */
export class Series implements SeriesView {
  labels: string;
  received = 0;
  sent = 0;
  sessions = 0;
  lost = 0;
  roundTripMs: number | undefined;
  /** It has a series of its own; else what it moves goes to the rest. */
  shown: boolean;
  /** It was counted as left out. */
  counted = false;

  constructor(labels: string, shown: boolean) {
    this.labels = labels;
    this.shown = shown;
  }
}

/** The per-user series of one daemon. Sums never go backwards; a user who loses the series and gets it again goes on from the full sum. */
export class SeriesTable {
  readonly #daemon: string;
  readonly #options: Pick<FleetOptions, 'series'>;
  #policy: SeriesPolicy;
  readonly #budget: SeriesBudget;
  readonly #users = new Map<string, Series>();
  readonly #shown = new Set<Series>();
  readonly #other: Series;
  /** No more than the smallest sum in the top: sums only grow. */
  #floor = 0;

  constructor(daemon: string, options: Pick<FleetOptions, 'series'>, budget: SeriesBudget) {
    this.#daemon = daemon;
    this.#options = options;
    this.#policy = options.series;
    this.#budget = budget;
    this.#other = new Series(labelBlock([...this.#daemonLabel(), ['user', OTHER]]), false);
  }

  #daemonLabel(): [string, string][] {
    return [['daemon', this.#daemon]];
  }

  get wanted(): boolean {
    return this.#policy.mode !== 'off';
  }

  /** Those that are shown, the rest last when there is any. */
  *[Symbol.iterator](): Generator<SeriesView> {
    yield* this.#shown;
    if (this.#other.received > 0 || this.#other.sent > 0 || this.#other.sessions > 0) yield this.#other;
  }

  /** The series that a session counts in from now on. */
  open(session: SessionView): Series {
    const series = this.#policy.mode === 'client' ? this.#openClient(session) : this.#openUser(session);
    series.sessions++;
    if (!series.shown) this.#other.sessions++;
    return series;
  }

  #openClient(session: SessionView): Series {
    const shown = this.#admits();
    const series = new Series(
      shown
        ? labelBlock([
            ...this.#daemonLabel(),
            ['user', this.#name(nameOf(session))],
            ['session', String(session.number)],
            ['real_address', this.#policy.hashKey === undefined ? (session.address?.text ?? '') : ''],
            ['virtual_address', session.virtual4 ?? session.virtual6 ?? ''],
          ])
        : '',
      shown,
    );
    if (shown) this.#show(series);
    else this.#budget.leftOut++;
    return series;
  }

  #openUser(session: SessionView): Series {
    const name = labelText(nameOf(session));
    const known = this.#users.get(name);
    if (known !== undefined) return known;
    if (name === OTHER || this.#users.size >= this.#maxUsers()) {
      this.#budget.leftOut++;
      return new Series('', false);
    }
    const series = new Series(labelBlock([...this.#daemonLabel(), ['user', this.#name(name)]]), false);
    this.#users.set(name, series);
    this.#offerPlace(series);
    return series;
  }

  /** Sums are kept of more users than are shown, as the top changes; but not of any number. */
  #maxUsers(): number {
    return this.#policy.mode === 'top' ? Math.max(this.#policy.max, this.#policy.top) : this.#policy.max;
  }

  #admits(): boolean {
    return this.#budget.used < this.#policy.max;
  }

  #show(series: Series): void {
    series.shown = true;
    this.#budget.used++;
    this.#shown.add(series);
  }

  #hide(series: Series): void {
    series.shown = false;
    if (this.#shown.delete(series)) this.#budget.used--;
  }

  #leaveOut(series: Series): void {
    if (!series.counted) this.#budget.leftOut++;
    series.counted = true;
  }

  #name(name: string): string {
    const { hashKey } = this.#policy;
    return hashKey === undefined ? name : createHmac('sha256', hashKey).update(name).digest('hex').slice(0, HASH_DIGITS);
  }

  /** A session of this series moved so many bytes. */
  count(series: Series, received: number, sent: number): void {
    series.received += received;
    series.sent += sent;
    if (series.shown) return;
    this.#other.received += received;
    this.#other.sent += sent;
    if (this.#policy.mode === 'top' && series.labels !== '') this.#contend(series);
  }

  /** Gives the place of the last in the top to one that moved clearly more. */
  #contend(series: Series): void {
    const sum = series.received + series.sent;
    if (sum <= this.#floor * CLEARLY) return;
    if (this.#shown.size >= this.#policy.top) {
      const last = smallest(this.#shown);
      if (last === undefined) return;
      this.#floor = last.received + last.sent;
      if (sum <= this.#floor * CLEARLY) return;
      this.#hide(last);
      this.#other.sessions += last.sessions;
    } else if (!this.#admits()) return;
    this.#show(series);
    this.#other.sessions -= series.sessions;
  }

  /** A session that had ended with this series is there after all. */
  reopen(series: Series): void {
    series.sessions++;
    if (!series.shown && this.#policy.mode === 'client' && series.labels !== '' && this.#admits()) this.#show(series);
    else if (!series.shown) this.#other.sessions++;
  }

  /** A session of this series ended. */
  close(series: Series): void {
    series.sessions--;
    if (!series.shown) this.#other.sessions--;
    else if (this.#policy.mode === 'client') this.#hide(series);
  }

  /**
   * Takes up what the options say now. No session counts in any series then: each is to be opened again. Says whether the sums of
   * users were kept; they are when there are series of users before and after.
   */
  configure(): boolean {
    const before = this.#policy;
    this.#policy = this.#options.series;
    const keepsSums = keepsUsers(before) && keepsUsers(this.#policy);
    for (const series of this.#shown) this.#hide(series);
    this.#other.sessions = 0;
    this.#floor = 0;
    if (keepsSums) this.#showAgain();
    else {
      this.#users.clear();
      this.#other.received = this.#other.sent = 0;
    }
    return keepsSums;
  }

  /** Who moved most comes first, as far as there is room. */
  #showAgain(): void {
    const users = [...this.#users];
    if (this.#policy.mode === 'top') users.sort(([, one], [, other]) => other.received + other.sent - one.received - one.sent);
    for (const [name, series] of users) {
      series.sessions = 0;
      series.labels = labelBlock([...this.#daemonLabel(), ['user', this.#name(name)]]);
      this.#offerPlace(series);
    }
  }

  #offerPlace(series: Series): void {
    if (this.#admits() && (this.#policy.mode === 'user' || this.#shown.size < this.#policy.top)) this.#show(series);
    else this.#leaveOut(series);
  }

  /** Gives all series back: the daemon is no more. */
  clear(): void {
    for (const series of this.#shown) this.#hide(series);
    this.#users.clear();
  }
}

/** Whether users are summed over their sessions. */
function keepsUsers({ mode }: SeriesPolicy): boolean {
  return mode === 'user' || mode === 'top';
}

function nameOf({ username, commonName }: SessionView): string {
  return username ?? commonName ?? NOBODY;
}

function smallest(all: Iterable<Series>): Series | undefined {
  let found: Series | undefined;
  for (const series of all) if (found === undefined || series.received + series.sent < found.received + found.sent) found = series;
  return found;
}
