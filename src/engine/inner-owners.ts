import { formatIp } from '../base/ip.ts';
import type { InnerRoute } from '../protocol/data/plane.ts';

/** A key that is equal for equal destinations. */
function routeKey(route: InnerRoute): string {
  return `${formatIp(route.network)}/${route.bits}`;
}

/** Routes are not changed, and status prints the same ones again and again. */
const texts = new WeakMap<InnerRoute, string>();

/** `10.8.0.2` for a host, `10.66.0.0/24` for a subnet: as the log and status print destinations. */
export function formatRoute(route: InnerRoute): string {
  const known = texts.get(route);
  if (known !== undefined) return known;
  const text = isHost(route) ? formatIp(route.network) : routeKey(route);
  texts.set(route, text);
  return text;
}

/** True for a single address. */
export function isHost(route: InnerRoute): boolean {
  return route.bits === route.network.length * 8;
}

/** True for two of one destination. */
export function isSameRoute(one: InnerRoute, other: InnerRoute): boolean {
  if (one === other) return true;
  const { network, bits } = one;
  if (bits !== other.bits || network.length !== other.network.length) return false;
  for (let at = network.length - 1; at >= 0; at--) if (network[at] !== other.network[at]) return false;
  return true;
}

/** A host route of an address. */
export function hostRoute(address: Buffer): InnerRoute {
  return { family: address.length === 4 ? 4 : 6, network: address, bits: address.length * 8 };
}

/** Who owns which destination inside the tunnel: the newest learner wins, as in stock. */
export class InnerOwners<Owner> {
  readonly #owners = new Map<string, Owner>();

  ownerOf(route: InnerRoute): Owner | undefined {
    return this.#owners.get(routeKey(route));
  }

  /** Makes `owner` the owner; gives the one before, if that was another. */
  learn(route: InnerRoute, owner: Owner): Owner | undefined {
    const key = routeKey(route);
    const before = this.#owners.get(key);
    this.#owners.set(key, owner);
    return before === owner ? undefined : before;
  }

  /** Takes away what `owner` still owns of these. */
  forget(routes: readonly InnerRoute[], owner: Owner): void {
    for (const route of routes) {
      const key = routeKey(route);
      if (this.#owners.get(key) === owner) this.#owners.delete(key);
    }
  }
}
