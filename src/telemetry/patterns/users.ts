import { formatIp, networkOf, parseIp } from '../../base/ip.ts';
import type { WallTime } from '../../base/units.ts';

/** What may be unusual about a connection. */
export const PATTERNS = ['new-network', 'odd-hour'] as const;

/** One of them. */
export type Pattern = (typeof PATTERNS)[number];

/** What is known of one user. */
export interface KnownUser {
  readonly name: string;
  /** When it was seen first. */
  readonly first: number;
  /** A bit an hour of the day, of UTC. */
  readonly hours: number;
  /** The last that it came from. */
  readonly networks: readonly string[];
}

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** Hours are learnt for so long before one is odd. */
const LEARN_MS = 7 * 24 * HOUR_MS;
const MAX_NETWORKS = 16;
/** Bits of an address that make its network: what one site or provider's customer has. */
const NETWORK_BITS = { 4: 24, 6: 48 } as const;

/** From where and at which hours users come; of no more than `most` of them, of which the one that came longest ago makes room. */
export class Users {
  readonly #most: number;
  readonly #known = new Map<string, KnownUser>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Takes a connection, and says what is unusual about it. Nothing is of a user who was not seen before. */
  connected(name: string, network: string, wall: WallTime): readonly Pattern[] {
    const known = this.#known.get(name);
    const hour = Math.floor(wall / HOUR_MS) % HOURS;
    const unusual: Pattern[] = [];
    if (known !== undefined && known.networks.length > 0 && !known.networks.includes(network)) unusual.push('new-network');
    if (known !== undefined && wall - known.first >= LEARN_MS && !near(known.hours, hour)) unusual.push('odd-hour');
    this.#known.delete(name);
    this.#known.set(name, {
      name,
      first: known?.first ?? wall,
      hours: (known?.hours ?? 0) | (1 << hour),
      networks: [...(known?.networks ?? []).filter((each) => each !== network), network].slice(-MAX_NETWORKS),
    });
    if (this.#known.size > this.#most) for (const oldest of this.#known.keys()) return this.#forget(oldest, unusual);
    return unusual;
  }

  #forget(name: string, unusual: readonly Pattern[]): readonly Pattern[] {
    this.#known.delete(name);
    return unusual;
  }

  snapshot(): readonly KnownUser[] {
    return [...this.#known.values()];
  }

  restore(users: readonly KnownUser[]): void {
    for (const user of users.slice(-this.#most)) if (!this.#known.has(user.name)) this.#known.set(user.name, user);
  }
}

/** It is among these hours, or next to one. */
function near(hours: number, hour: number): boolean {
  return [HOURS - 1, 0, 1].some((shift) => (hours & (1 << ((hour + shift) % HOURS))) !== 0);
}

/** The network that an address stands for; the text itself where it is none. */
export function placeOf(ip: string): string {
  const parsed = parseIp(ip);
  if (parsed === undefined) return ip;
  const bits = NETWORK_BITS[parsed.family];
  return `${formatIp(networkOf(parsed.bytes, bits))}/${bits}`;
}
