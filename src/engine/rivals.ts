import type { Now } from '../base/units.ts';
import { MULTI } from '../messages/multi.ts';
import { formatFamilyAddress } from '../model/address.ts';
import type { Link } from '../protocol/data/plane.ts';
import type { EngineContext } from './context.ts';
import type { ClientInstance } from './instance.ts';
import type { Rejections } from './rejections.ts';
import type { Roster } from './roster.ts';

/** Who gives way when two clients want the same: a common name, or an address outside the tunnel. */
export class Rivals {
  readonly #context: EngineContext;
  readonly #roster: Roster;
  readonly #rejections: Rejections;

  constructor(context: EngineContext, roster: Roster, rejections: Rejections) {
    this.#context = context;
    this.#roster = roster;
    this.#rejections = rejections;
  }

  /** Allowed unless another client is at that address; the same certificate coming twice means the older one is stale. */
  float(client: ClientInstance, link: Link, now: Now): void {
    const { notes } = this.#context;
    const to = formatFamilyAddress(link.address);
    const others = this.#roster.onLink(link).filter((other) => other !== client);
    const own = client.certificates?.[0]?.sha256;
    if (!others.every((other) => own !== undefined && other.certificates?.[0]?.sha256 === own)) {
      return this.#rejections.limited('float', now, MULTI.floatRefused, { address: to }, client.ref);
    }
    for (const other of others) this.#context.remove(other, 'SIGTERM', 'float', now);
    const from = formatFamilyAddress(client.link.address);
    notes.add(MULTI.floated, { peerId: client.slot.peerId, commonName: client.label, from, to }, client.ref);
    this.#roster.move(client, link);
    this.#context.plane({ kind: 'set-address', slot: client.slot, link });
  }

  /** One session a common name, and one a link: the new one has proved itself, so the old one goes. */
  displace(client: ClientInstance, now: Now): void {
    const name = client.commonName ?? '';
    const namesakes = this.#context.settings.duplicateCn || name === '' ? [] : this.#roster.named(name);
    const onLink = this.#roster.onLink(client.link).filter((other) => other.shownName !== undefined);
    const stale = [...new Set([...namesakes, ...onLink])].filter((other) => other !== client && !other.removed);
    if (stale.some((other) => other.link.key !== client.link.key))
      this.#context.notes.add(MULTI.displaced, { commonName: name }, client.ref);
    for (const other of stale) this.#context.remove(other, 'SIGTERM', 'displaced', now);
  }
}
