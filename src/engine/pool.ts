import { addToIp, compareIp, formatIp, ipDistance, parseIp } from '../base/ip.ts';
import type { AddressRange } from './settings.ts';

/** Larger ranges are used up to here: memory for more addresses than clients helps nobody. */
const MAX_LEASES = 65_536;

/** Addresses lent to one client. */
export interface Lease {
  readonly index: number;
  readonly address4: Buffer | undefined;
  readonly address6: Buffer | undefined;
}

/** One line of the `ifconfig-pool-persist` file (facts: status 10). */
export interface PoolEntry {
  readonly commonName: string;
  readonly address4: string;
  readonly address6: string;
}

/**
 * The server's dynamic addresses: IPv4 and IPv6 of a lease have the same distance from the start of their ranges. A common
 * name gets the addresses back that it had, unless `duplicate-cn` makes names ambiguous; else a fresh one; else the one that
 * was given back longest ago.
 */
export class AddressPool {
  readonly #range4: AddressRange | undefined;
  readonly #range6: AddressRange | undefined;
  readonly #sticky: boolean;
  readonly size: number;
  readonly #names = new Map<number, string>();
  readonly #indexOfName = new Map<string, number>();
  readonly #used = new Set<number>();
  /** Given back, longest ago first. */
  readonly #released = new Set<number>();
  #nextFresh = 0;

  constructor(range4: AddressRange | undefined, range6: AddressRange | undefined, sticky: boolean) {
    this.#range4 = range4;
    this.#range6 = range6;
    this.#sticky = sticky;
    const sizes = [range4, range6].filter((range) => range !== undefined).map((range) => Number(ipDistance(range.first, range.last)) + 1);
    this.size = sizes.length === 0 ? 0 : Math.min(MAX_LEASES, ...sizes);
  }

  /** Lends addresses to a client; undefined when all are in use. */
  acquire(commonName: string): Lease | undefined {
    const index = this.#indexFor(commonName);
    if (index === undefined) return undefined;
    this.#used.add(index);
    this.#released.delete(index);
    this.#remember(index, commonName);
    return this.#lease(index);
  }

  /** Takes addresses back; the name keeps its claim until somebody else needs them. */
  release(lease: Lease): void {
    if (!this.#used.delete(lease.index)) return;
    this.#released.add(lease.index);
  }

  /** Takes over what an earlier run remembered; lines that do not fit the ranges are left out and returned. */
  load(entries: readonly PoolEntry[]): PoolEntry[] {
    const refused: PoolEntry[] = [];
    for (const entry of entries) {
      const index = this.#indexOf(entry.address4, this.#range4) ?? this.#indexOf(entry.address6, this.#range6);
      if (index === undefined || this.#names.has(index)) refused.push(entry);
      else {
        this.#remember(index, entry.commonName);
        if (!this.#used.has(index)) this.#released.add(index);
      }
    }
    return refused;
  }

  /** What to remember for the next run, in the order of addresses. */
  entries(): PoolEntry[] {
    return [...this.#names]
      .sort((a, b) => a[0] - b[0])
      .map(([index, commonName]) => {
        const lease = this.#lease(index);
        return {
          commonName,
          address4: lease.address4 === undefined ? '' : formatIp(lease.address4),
          address6: lease.address6 === undefined ? '' : formatIp(lease.address6),
        };
      });
  }

  #indexFor(commonName: string): number | undefined {
    const known = this.#sticky ? this.#indexOfName.get(commonName) : undefined;
    if (known !== undefined && !this.#used.has(known)) return known;
    while (this.#nextFresh < this.size) {
      const index = this.#nextFresh++;
      if (!this.#names.has(index) && !this.#used.has(index)) return index;
    }
    return this.#released.values().next().value;
  }

  #remember(index: number, commonName: string): void {
    const before = this.#names.get(index);
    if (before !== undefined && this.#indexOfName.get(before) === index) this.#indexOfName.delete(before);
    this.#names.set(index, commonName);
    this.#indexOfName.set(commonName, index);
  }

  #lease(index: number): Lease {
    return {
      index,
      address4: this.#range4 === undefined ? undefined : addToIp(this.#range4.first, index),
      address6: this.#range6 === undefined ? undefined : addToIp(this.#range6.first, index),
    };
  }

  #indexOf(text: string, range: AddressRange | undefined): number | undefined {
    const ip = text === '' ? undefined : parseIp(text);
    if (ip === undefined || range === undefined || ip.bytes.length !== range.first.length) return undefined;
    if (compareIp(ip.bytes, range.first) < 0 || compareIp(ip.bytes, range.last) > 0) return undefined;
    const index = Number(ipDistance(range.first, ip.bytes));
    return index < this.size ? index : undefined;
  }
}
