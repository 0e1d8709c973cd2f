import type { Link, PeerSlot } from '../protocol/data/plane.ts';
import type { ClientInstance } from './instance.ts';

/** Ids that no peer gets: it means "none" on the wire (facts: wire 13). */
const NO_PEER_ID = 0xffffff;

/** All clients of a server, found by what packets, devices and operators name them by. */
export class Roster {
  readonly #clients = new Set<ClientInstance>();
  readonly #byLink = new Map<string, Set<ClientInstance>>();
  readonly #byTls = new Map<number, ClientInstance>();
  readonly #byPeerId = new Map<number, ClientInstance>();
  readonly #byClientId = new Map<number, ClientInstance>();
  readonly #generations = new Map<number, number>();
  /** Every smaller peer id is taken. */
  #lowestFree = 0;
  readonly #limit: number;

  constructor(maxClients: number) {
    this.#limit = Math.min(maxClients, NO_PEER_ID);
  }

  get size(): number {
    return this.#clients.size;
  }

  /** The smallest free peer id with the generation of this use; undefined when all are taken. */
  freeSlot(): PeerSlot | undefined {
    while (this.#byPeerId.has(this.#lowestFree)) this.#lowestFree++;
    const peerId = this.#lowestFree;
    return peerId < this.#limit ? { peerId, generation: (this.#generations.get(peerId) ?? 0) + 1 } : undefined;
  }

  add(client: ClientInstance): void {
    this.#clients.add(client);
    this.#byPeerId.set(client.slot.peerId, client);
    this.#generations.set(client.slot.peerId, client.slot.generation);
    this.#byClientId.set(client.clientId, client);
    this.#linked(client.link.key).add(client);
  }

  /** Its TLS sessions find it by number. */
  addTls(tls: number, client: ClientInstance): void {
    this.#byTls.set(tls, client);
  }

  dropTls(tls: number): void {
    this.#byTls.delete(tls);
  }

  /** The client floated. */
  move(client: ClientInstance, link: Link): void {
    this.#unlink(client);
    client.link = link;
    this.#linked(link.key).add(client);
  }

  remove(client: ClientInstance): void {
    this.#clients.delete(client);
    this.#byPeerId.delete(client.slot.peerId);
    this.#lowestFree = Math.min(this.#lowestFree, client.slot.peerId);
    this.#byClientId.delete(client.clientId);
    this.#unlink(client);
  }

  has(client: ClientInstance): boolean {
    return this.#clients.has(client);
  }

  all(): Iterable<ClientInstance> {
    return this.#clients;
  }

  onLink(link: Link): readonly ClientInstance[] {
    return [...(this.#byLink.get(link.key) ?? [])];
  }

  /** Those whose name is shown in the log, from the start of connect processing. */
  named(name: string): ClientInstance[] {
    const found: ClientInstance[] = [];
    for (const client of this.#clients) if (client.shownName === name) found.push(client);
    return found;
  }

  ofTls(tls: number): ClientInstance | undefined {
    return this.#byTls.get(tls);
  }

  ofClientId(clientId: number): ClientInstance | undefined {
    return this.#byClientId.get(clientId);
  }

  /** Undefined also when the peer id has a newer owner. */
  ofSlot(slot: PeerSlot): ClientInstance | undefined {
    const client = this.#byPeerId.get(slot.peerId);
    return client?.slot.generation === slot.generation ? client : undefined;
  }

  #linked(key: string): Set<ClientInstance> {
    const linked = this.#byLink.get(key) ?? new Set();
    this.#byLink.set(key, linked);
    return linked;
  }

  #unlink(client: ClientInstance): void {
    const linked = this.#byLink.get(client.link.key);
    linked?.delete(client);
    if (linked?.size === 0) this.#byLink.delete(client.link.key);
  }
}
