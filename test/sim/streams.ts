import type { Agenda } from './agenda.ts';
import type { Endpoint } from './network.ts';

/** What one end of a TCP connection hears. */
export interface StreamEnd {
  opened(connection: number, from: Endpoint): void;
  packet(connection: number, bytes: Buffer): void;
  closed(connection: number): void;
}

interface Connection {
  readonly client: StreamEnd;
  readonly server: StreamEnd;
  open: boolean;
}

const LATENCY = 5;

/** TCP connections in virtual time: whole packets, in order, none lost. */
export class Streams {
  readonly #agenda: Agenda;
  readonly #clock: () => number;
  readonly #connections = new Map<number, Connection>();
  #last = 0;

  constructor(agenda: Agenda, clock: () => number) {
    this.#agenda = agenda;
    this.#clock = clock;
  }

  /** Connections that stand. */
  get open(): number {
    return [...this.#connections.values()].filter((connection) => connection.open).length;
  }

  /** Connects; the server hears of it, and packets may go at once. */
  connect(client: StreamEnd, server: StreamEnd, from: Endpoint): number {
    const id = ++this.#last;
    this.#connections.set(id, { client, server, open: true });
    this.#later(() => server.opened(id, from));
    return id;
  }

  send(id: number, by: StreamEnd, bytes: Buffer): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    const other = by === connection.client ? connection.server : connection.client;
    const copy = Buffer.from(bytes);
    this.#later(() => connection.open && other.packet(id, copy));
  }

  /** What was sent still arrives, then the other end hears of it. */
  close(id: number, by: StreamEnd): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    const other = by === connection.client ? connection.server : connection.client;
    this.#later(() => {
      if (!connection.open) return;
      connection.open = false;
      other.closed(id);
    });
  }

  /** The network between breaks: both ends hear of it. */
  cut(id: number): void {
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    this.#later(() => {
      connection.open = false;
      connection.client.closed(id);
      connection.server.closed(id);
    });
  }

  #later(action: () => void): void {
    this.#agenda.add(this.#clock() + LATENCY, action);
  }
}
