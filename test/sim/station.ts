import { SeededRandom } from '../../src/base/random.ts';
import type { Instant, Now } from '../../src/base/units.ts';
import type { Note } from '../../src/messages/notes.ts';
import { renderRow } from '../../src/messages/row.ts';
import { Forwarder } from '../../src/protocol/data/forward.ts';
import { hostOf, tcpLink } from '../../src/protocol/data/link.ts';
import type { Link, PlaneCommand, PlaneEvent, PlaneSettings } from '../../src/protocol/data/plane.ts';
import type { TlsEvent } from '../../src/protocol/tls.ts';
import { FakeTls } from './fake-tls.ts';
import type { FakeIdentity } from './certificates.ts';
import type { Endpoint } from './network.ts';
import type { StreamEnd } from './streams.ts';
import type { World } from './world.ts';

/** What a station drives: either engine. */
export interface StationMachine {
  handlePlane(event: PlaneEvent, now: Now): void;
  handleTls(tls: number, event: TlsEvent, now: Now): void;
  handleDeadline(now: Now): void;
  nextDeadline(): Instant | undefined;
}

/** How a station is made. */
export interface StationConfig {
  readonly world: World;
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly identity: FakeIdentity;
  readonly plane: PlaneSettings;
  readonly tlsRoundTrips?: 1 | 2;
}

/** TLS answers after this many milliseconds: it is a device, and never answers inside a call. */
const TLS_DELAY = 1;

/** One end in a simulation: an engine, its data plane and its TLS device. */
export abstract class Station implements StreamEnd {
  readonly world: World;
  readonly name: string;
  readonly tls: FakeTls;
  readonly forwarder: Forwarder;
  readonly random: SeededRandom;
  /** The log, as text. */
  readonly lines: string[] = [];
  /** Bodies of inner packets that reached the TUN device. */
  readonly received: string[] = [];
  protected endpoint: Endpoint;
  readonly #planeEvents: PlaneEvent[] = [];
  readonly #streamLinks = new Map<number, Link>();
  #attached = true;
  /** Peers that are open in the data plane. */
  openPeers = 0;

  constructor(config: StationConfig) {
    const { world, identity } = config;
    this.world = world;
    this.name = config.name;
    this.endpoint = config.endpoint;
    this.random = new SeededRandom(world.deriveSeed());
    const random = new SeededRandom(world.deriveSeed());
    this.tls = new FakeTls({ authority: world.authority, identity, random, roundTrips: config.tlsRoundTrips ?? 1 });
    this.forwarder = new Forwarder(config.plane, {
      transmit: (bytes, link) => this.#transmit(bytes, link),
      deliver: (packet) => this.received.push(packet.subarray(28).toString()),
      event: (event) => this.#planeEvents.push(event),
      closeLink: (link) => {
        if (link.connection !== undefined) world.streams.close(link.connection, this);
      },
    });
    this.attach();
  }

  protected abstract machine(): StationMachine | undefined;

  /** Carries out one output of the machine; false when there was none. */
  protected abstract carryOut(): boolean;

  get at(): Endpoint {
    return this.endpoint;
  }

  protected attach(): void {
    this.#attached = true;
    this.world.network.attach(this.endpoint, (bytes, from) => this.hear(bytes, from));
  }

  #transmit(bytes: Buffer, link: Link): void {
    const { world } = this;
    if (link.connection !== undefined) world.streams.send(link.connection, this, bytes);
    else if (this.#attached) world.network.send(bytes, this.endpoint, { host: hostOf(link), port: link.address.port });
  }

  // --- TCP --------------------------------------------------------------------------------------------------------

  opened(connection: number, from: Endpoint): void {
    const link = tcpLink(connection, from.host, from.port, 'tcp-server');
    this.#streamLinks.set(connection, link);
    this.#planeEvents.push({ kind: 'link-opened', link });
    this.settle();
  }

  /** We connected; the link for the settings. */
  protected connectTo(server: Station): Link {
    const connection = this.world.streams.connect(this, server, this.endpoint);
    const link = tcpLink(connection, server.at.host, server.at.port, 'tcp-client');
    this.#streamLinks.set(connection, link);
    return link;
  }

  packet(connection: number, bytes: Buffer): void {
    const link = this.#streamLinks.get(connection);
    if (link !== undefined) this.forwarder.handleStream(bytes, link, this.world.now.at);
    this.settle();
  }

  closed(connection: number): void {
    const link = this.#streamLinks.get(connection);
    this.#streamLinks.delete(connection);
    if (link !== undefined) this.#planeEvents.push({ kind: 'link-closed', link, reason: 'the peer closed it' });
    this.settle();
  }

  // --- driving ----------------------------------------------------------------------------------------------------

  /** Falls silent, as if the machine lost its network. */
  unplug(): void {
    this.#attached = false;
    this.world.network.detach(this.endpoint);
  }

  /** A datagram, also one that nobody in the simulation sent. */
  hear(bytes: Buffer, from: Endpoint): void {
    this.forwarder.handleDatagram(bytes, from.host, from.port, this.world.now.at);
    this.settle();
  }

  /** A packet from the TUN device. */
  sendInner(packet: Buffer): void {
    this.forwarder.handleInner(packet, this.world.now.at);
    this.settle();
  }

  /** Tells the machine something, or asks it. */
  tell(action: (now: Now) => void): void {
    action(this.world.now);
    this.settle();
  }

  nextDeadline(): Instant | undefined {
    const machine = this.machine()?.nextDeadline();
    const plane = this.forwarder.nextDeadline();
    if (machine === undefined || plane === undefined) return machine ?? plane;
    return machine < plane ? machine : plane;
  }

  wake(): void {
    const { now } = this.world;
    this.forwarder.handleDeadline(now.at);
    this.machine()?.handleDeadline(now);
    this.settle();
  }

  protected command(command: PlaneCommand): void {
    if (command.kind === 'open-peer') this.openPeers++;
    this.forwarder.command(command, this.world.now.at);
  }

  protected note(note: Note): void {
    const name = note.peer === undefined ? '' : `${note.peer.commonName ?? note.peer.address.port} `;
    this.lines.push(name + renderRow(note.row, note.args));
  }

  /** Lets everything come to rest that can happen in this moment. */
  settle(): void {
    while (this.#step());
    this.world.wakeAt(this, this.nextDeadline());
  }

  #step(): boolean {
    const event = this.#planeEvents.shift();
    if (event !== undefined) {
      if (event.kind === 'closed') this.openPeers--;
      this.machine()?.handlePlane(event, this.world.now);
      return true;
    }
    if (this.carryOut()) return true;
    const spoken = this.tls.poll();
    if (spoken === undefined) return false;
    this.world.later(TLS_DELAY, () => {
      this.machine()?.handleTls(spoken.tls, spoken.event, this.world.now);
      this.settle();
    });
    return true;
  }
}
