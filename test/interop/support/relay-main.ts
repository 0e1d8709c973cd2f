import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { SeededRandom } from '../../../src/base/random.ts';

/**
 * A UDP relay that is unkind to packets, as a program of its own because it runs in a namespace. Started with one
 * argument, `RelaySetup` as JSON; told more by `RelayCommand`s, one JSON a line, on standard input.
 */

/** What happens to packets, in both directions: chances from 0 to 1. */
export interface Faults {
  readonly drop?: number;
  /** The same for what the server sends alone. */
  readonly dropDown?: number;
  /** So many packets pass towards the server, then none. */
  readonly passUp?: number;
  /** The same for what the server sends. */
  readonly passDown?: number;
  readonly duplicate?: number;
  /** Held back until after the next packet, or 20 ms. */
  readonly reorder?: number;
}

/** Where the relay stands. */
export interface RelaySetup {
  /** Listens here, on all addresses. */
  readonly port: number;
  /** Sends on to here. */
  readonly to: { readonly ip: string; readonly port: number };
  readonly seed: number;
  readonly faults: Faults;
}

/** What the relay can be told while it runs. */
export type RelayCommand =
  | { readonly kind: 'faults'; readonly faults: Faults }
  /** From now on every client is seen from another port, and from this address when one is given. */
  | { readonly kind: 'float'; readonly ip?: string }
  /** Prints a line `counts` with the `RelayCounts` so far. */
  | { readonly kind: 'count' };

/** What the relay has done to some packets so far; a doubled one passed once. */
export interface PacketCounts {
  passed: number;
  dropped: number;
  duplicated: number;
  reordered: number;
}

/** What the relay has done so far. */
export interface RelayCounts extends PacketCounts {
  /** Of these, the data packets on their way to the server. */
  readonly upData: PacketCounts;
}

/** A client of the relay and the socket that speaks for it to the server. */
interface Flow {
  readonly client: RemoteInfo;
  upstream: Socket;
}

const DATA_V2 = 9;

function noneYet(): PacketCounts {
  return { passed: 0, dropped: 0, duplicated: 0, reordered: 0 };
}

class Relay {
  readonly #setup: RelaySetup;
  readonly #random: SeededRandom;
  readonly #front: Socket;
  readonly #flows = new Map<string, Flow>();
  readonly #counts: RelayCounts = { ...noneYet(), upData: noneYet() };
  #faults: Faults;
  /** How many more may pass. */
  #left = { up: 0, down: 0 };
  #held: (() => void) | undefined;

  constructor(setup: RelaySetup) {
    this.#setup = setup;
    this.#faults = setup.faults;
    this.#allow(setup.faults);
    this.#random = new SeededRandom(setup.seed);
    this.#front = createSocket(setup.to.ip.includes(':') ? 'udp6' : 'udp4');
    this.#front.on('message', (bytes, client) => {
      const flow = this.#flowOf(client);
      const counts = (bytes[0] ?? 0) >> 3 === DATA_V2 ? [this.#counts, this.#counts.upData] : [this.#counts];
      this.#pass('up', counts, () => flow.upstream.send(bytes, setup.to.port, setup.to.ip));
    });
    this.#front.bind(setup.port, () => process.stdout.write('relay is up\n'));
  }

  obey(command: RelayCommand): void {
    switch (command.kind) {
      case 'faults':
        this.#faults = command.faults;
        this.#allow(command.faults);
        return;
      case 'count':
        process.stdout.write(`counts ${JSON.stringify(this.#counts)}\n`);
        return;
      case 'float':
        for (const flow of this.#flows.values()) {
          flow.upstream.close();
          flow.upstream = this.#openUpstream(flow.client, command.ip);
        }
        process.stdout.write('floated\n');
    }
  }

  #allow({ passUp = Infinity, passDown = Infinity }: Faults): void {
    this.#left = { up: passUp, down: passDown };
  }

  #flowOf(client: RemoteInfo): Flow {
    const key = `${client.address}|${client.port}`;
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    const flow = { client, upstream: this.#openUpstream(client) };
    this.#flows.set(key, flow);
    return flow;
  }

  #openUpstream(client: RemoteInfo, ip?: string): Socket {
    const socket = createSocket(this.#setup.to.ip.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (bytes) => this.#pass('down', [this.#counts], () => this.#front.send(bytes, client.port, client.address)));
    // A server that is away answers with ICMP errors; to a relay that is one more lost packet.
    socket.on('error', () => undefined);
    socket.bind(0, ip);
    return socket;
  }

  /** Sends, drops, doubles or holds back one packet. */
  #pass(way: 'up' | 'down', counts: readonly PacketCounts[], send: () => void): void {
    const { drop = 0, dropDown = 0, duplicate = 0, reorder = 0 } = this.#faults;
    if (this.#left[way]-- <= 0 || this.#random.unit() < (way === 'down' ? Math.max(drop, dropDown) : drop)) {
      for (const each of counts) each.dropped++;
      return;
    }
    const earlier = this.#held;
    this.#held = undefined;
    if (earlier === undefined && this.#random.unit() < reorder) {
      for (const each of counts) each.reordered++;
      this.#hold(send);
      return;
    }
    for (const each of counts) each.passed++;
    send();
    if (this.#random.unit() < duplicate) {
      for (const each of counts) each.duplicated++;
      send();
    }
    earlier?.();
  }

  #hold(send: () => void): void {
    this.#held = send;
    setTimeout(() => {
      if (this.#held !== send) return;
      this.#held = undefined;
      send();
    }, 20);
  }
}

const relay = new Relay(JSON.parse(process.argv[2] ?? '{}') as RelaySetup);
createInterface({ input: process.stdin }).on('line', (line) => relay.obey(JSON.parse(line) as RelayCommand));
