import { type Random, randomBelow } from '../../base/random.ts';
import { type Duration, milliseconds, seconds } from '../../base/units.ts';
import type { Profile, RetrySettings } from './configuration.ts';

/** Rounds through all servers before pauses grow, and how often they double at most (facts: management 12). */
const PATIENT_ROUNDS = 4;
const MAX_DOUBLINGS = 15;

/** With `auth-retry nointeract`, a login that failed is not tried again sooner. */
const NOINTERACT_PAUSE = seconds(10);

/** Where the next attempt goes: a server, and which of the addresses of its name. */
export interface Target {
  readonly profile: Profile;
  readonly index: number;
  /** Of the resolved addresses, counted from 0. */
  readonly addressIndex: number;
}

/**
 * Which server is tried next, and after what pause. A server that a session stood with is tried first again; the addresses of one
 * name come before the next server.
 */
export class Remotes {
  readonly #profiles: Profile[];
  readonly #retry: RetrySettings;
  #index = -1;
  #addressIndex = 0;
  /** How many addresses the present server's name has, once known. */
  #addresses = 1;
  /** The next attempt stays where the last one was. */
  #stay = false;
  #advance = false;
  #failures = 0;

  constructor(profiles: readonly Profile[], retry: RetrySettings, shuffle: Random | undefined) {
    this.#profiles = shuffle === undefined ? [...profiles] : shuffled(profiles, shuffle);
    this.#retry = retry;
  }

  get profiles(): readonly Profile[] {
    return this.#profiles;
  }

  /** Attempts since a session stood. */
  get failures(): number {
    return this.#failures;
  }

  /** The next target; undefined when `connect-retry-max` is reached. */
  next(): Target | undefined {
    const { maxRounds } = this.#retry;
    this.#failures++;
    if (maxRounds !== undefined && maxRounds > 0 && this.#failures > maxRounds * this.#profiles.length) return undefined;
    if (this.#index < 0) this.#index = 0;
    else if (!this.#stay) this.#step();
    this.#stay = false;
    this.#advance = false;
    return this.current;
  }

  /** The target of the present attempt. */
  get current(): Target | undefined {
    const profile = this.#profiles[Math.max(0, this.#index)];
    return profile && { profile, index: Math.max(0, this.#index), addressIndex: this.#addressIndex };
  }

  /** Goes on to the server after this one, without an attempt: `remote SKIP`. */
  skip(): Target | undefined {
    this.#nextServer();
    return this.current;
  }

  /** The present name was resolved to so many addresses. */
  resolved(addresses: number): void {
    this.#addresses = Math.max(1, addresses);
    this.#addressIndex %= this.#addresses;
  }

  /** A session stands with the present server. */
  succeeded(): void {
    this.#failures = 0;
    this.#stay = true;
  }

  /** What a server said of where to go next. */
  redirect(advance: 'no' | 'addr' | 'remote'): void {
    this.#stay = advance === 'no';
    this.#advance = advance === 'remote';
  }

  /** How long to wait before the next attempt. `backoff` is what the server asked for. */
  pause(backoff: Duration | undefined, nointeract: boolean): Duration {
    const { first, longest } = this.#retry;
    const base = nointeract ? NOINTERACT_PAUSE : first;
    const slow = Math.min(MAX_DOUBLINGS, Math.max(0, Math.floor(this.#failures / this.#profiles.length) - PATIENT_ROUNDS));
    return milliseconds(Math.min(Math.max(base * 2 ** slow, backoff ?? 0), longest));
  }

  #step(): void {
    if (!this.#advance && this.#addressIndex + 1 < this.#addresses) this.#addressIndex++;
    else this.#nextServer();
  }

  #nextServer(): void {
    this.#index = (Math.max(0, this.#index) + 1) % this.#profiles.length;
    this.#addressIndex = 0;
    this.#addresses = 1;
  }
}

/** Each order equally likely. */
function shuffled<T>(items: readonly T[], random: Random): T[] {
  const rest = [...items];
  const out: T[] = [];
  while (rest.length > 0) {
    const at = randomBelow(random, rest.length);
    out.push(...rest.splice(at, 1));
  }
  return out;
}
