import type { SeededRandom } from '../../src/base/random.ts';
import type { Agenda } from './agenda.ts';

/** How unkind a network is. Probabilities are from 0 to 1, times in milliseconds. */
export interface LinkModel {
  readonly loss: number;
  readonly duplication: number;
  /** How many packets are held back, and so overtaken. */
  readonly reordering: number;
  readonly latency: number;
  readonly jitter: number;
}

/** Nothing lost, nothing late. */
export const KIND: LinkModel = { loss: 0, duplication: 0, reordering: 0, latency: 5, jitter: 0 };

/** Where a packet comes from or goes to. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A packet on its way, for those who listen. */
export interface Sighting {
  readonly at: number;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly bytes: Buffer;
}

type Receiver = (bytes: Buffer, from: Endpoint) => void;

/** Packets held back wait this much longer. */
const HELD_BACK = 40;

/** Datagrams between endpoints, in virtual time. */
export class Network {
  model: LinkModel;
  /** Called with every packet that is sent, lost ones too. */
  tap: ((sighting: Sighting) => void) | undefined;
  /** Drops what it says true to, before chance does. */
  filter: ((sighting: Sighting) => boolean) | undefined;
  readonly #agenda: Agenda;
  readonly #random: SeededRandom;
  readonly #clock: () => number;
  readonly #receivers = new Map<string, Receiver>();

  constructor(model: LinkModel, agenda: Agenda, random: SeededRandom, clock: () => number) {
    this.model = model;
    this.#agenda = agenda;
    this.#random = random;
    this.#clock = clock;
  }

  attach(at: Endpoint, receiver: Receiver): void {
    this.#receivers.set(keyOf(at), receiver);
  }

  detach(at: Endpoint): void {
    this.#receivers.delete(keyOf(at));
  }

  send(bytes: Buffer, from: Endpoint, to: Endpoint): void {
    const sighting = { at: this.#clock(), from, to, bytes };
    this.tap?.(sighting);
    if (this.filter?.(sighting) === true || this.#random.unit() < this.model.loss) return;
    this.#plan(bytes, from, to);
    if (this.#random.unit() < this.model.duplication) this.#plan(bytes, from, to);
  }

  #plan(bytes: Buffer, from: Endpoint, to: Endpoint): void {
    const { latency, jitter, reordering } = this.model;
    const late = this.#random.unit() < reordering ? HELD_BACK : 0;
    const at = this.#clock() + latency + this.#random.unit() * jitter + late;
    // A copy each: receivers may change what they get.
    const copy = Buffer.from(bytes);
    this.#agenda.add(at, () => this.#receivers.get(keyOf(to))?.(copy, from));
  }
}

function keyOf({ host, port }: Endpoint): string {
  return `${host}|${port}`;
}
