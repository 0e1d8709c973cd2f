import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Instant } from '../../src/base/units.ts';
import { ManualClock } from '../../src/host/clock.ts';
import { BatchedPlane } from '../../src/host/dataplane/batched/batched.ts';
import type { DataPlane } from '../../src/host/dataplane/port.ts';
import { PortablePlane } from '../../src/host/dataplane/portable.ts';
import { tcpServerTransport, udpTransport } from '../../src/host/dataplane/transport.ts';
import { listenTcp } from '../../src/host/tcp.ts';
import { FakeTun } from '../../src/host/tun.ts';
import { openUdp } from '../../src/host/udp.ts';
import { Forwarder, longestPacket, type PacketTrace } from '../../src/protocol/data/forward.ts';
import type { ControlLimits } from '../../src/protocol/data/gate.ts';
import { hostOf, tcpLink, udpLink } from '../../src/protocol/data/link.ts';
import { PairTun } from './pair-tun.ts';
import { builtWorker } from './worker-build.ts';
import type { Link, PlaneCommand, PlaneEvent, PlaneSettings, PlaneStep, PlaneView } from '../../src/protocol/data/plane.ts';

/**
 * A data plane with everything around it in a test's hands, time included. Hosts outside the tunnel have names; what
 * they and the TUN device received is taken in the order in which it came.
 */
export interface PlaneRig {
  readonly view: PlaneView;
  command(command: PlaneCommand): void;
  /** Where an outside host is; on TCP, connects it. */
  link(host: string): Promise<Link>;
  /** Hands in a packet of an outside host, and waits until the plane has seen it. */
  receive(host: string, bytes: Buffer): Promise<void>;
  /** Hands in a packet off the TUN device. */
  fromTun(packet: Buffer): void;
  /** Takes what the plane sent to an outside host. */
  sentTo(host: string): Promise<Buffer[]>;
  /** Takes what went to the TUN device. */
  delivered(): Buffer[];
  /** Takes what the plane told. */
  events(): Promise<PlaneEvent[]>;
  traceWith(trace: PacketTrace | undefined): void;
  advance(milliseconds: number): void;
  stop(): Promise<void>;
}

/** Makes a rig of a fresh plane. */
export type RigMaker = (settings: PlaneSettings, limits?: ControlLimits) => Promise<PlaneRig>;

/** The forwarder alone. */
export const forwarderRig: RigMaker = (settings, limits) => Promise.resolve(new ForwarderRig(settings, limits));

class ForwarderRig implements PlaneRig {
  readonly view: Forwarder;
  readonly #tcp: boolean;
  #now = 1000;
  readonly #links = new Map<string, Link>();
  readonly #sent = new Map<string, Buffer[]>();
  readonly #delivered: Buffer[] = [];
  readonly #events: PlaneEvent[] = [];

  constructor(settings: PlaneSettings, limits: ControlLimits | undefined) {
    this.#tcp = settings.transport === 'tcp';
    this.view = new Forwarder(
      settings,
      {
        transmit: (bytes, link) => this.#sent.set(link.key, [...(this.#sent.get(link.key) ?? []), bytes]),
        deliver: (packet) => this.#delivered.push(Buffer.from(packet)),
        event: (event) => this.#events.push(event),
        closeLink: (link, reason) => this.#events.push({ kind: 'link-closed', link, reason }),
      },
      { limits },
    );
  }

  command(command: PlaneCommand): void {
    this.view.command(command, this.#at());
  }

  link(host: string): Promise<Link> {
    let link = this.#links.get(host);
    if (link === undefined) {
      const number = this.#links.size + 1;
      link = this.#tcp ? tcpLink(number, '192.0.2.1', 40_000 + number, 'tcp-server') : udpLink(`192.0.2.${number}`, 40_000);
      this.#links.set(host, link);
      if (this.#tcp) this.#events.push({ kind: 'link-opened', link });
    }
    return Promise.resolve(link);
  }

  async receive(host: string, bytes: Buffer): Promise<void> {
    const link = await this.link(host);
    if (this.#tcp) this.view.handleStream(Buffer.from(bytes), link, this.#at());
    else this.view.handleDatagram(Buffer.from(bytes), hostOf(link), link.address.port, this.#at());
  }

  fromTun(packet: Buffer): void {
    this.view.handleInner(Buffer.from(packet), this.#at());
  }

  async sentTo(host: string): Promise<Buffer[]> {
    const { key } = await this.link(host);
    const sent = this.#sent.get(key) ?? [];
    this.#sent.delete(key);
    return sent;
  }

  delivered(): Buffer[] {
    return this.#delivered.splice(0);
  }

  events(): Promise<PlaneEvent[]> {
    return Promise.resolve(this.#events.splice(0));
  }

  traceWith(trace: PacketTrace | undefined): void {
    this.view.trace = trace;
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.view.nextDeadline();
      if (next === undefined || next > end) break;
      this.#now = Math.max(this.#now, next);
      this.view.handleDeadline(this.#at());
      if (this.view.nextDeadline() === next) throw new Error('a deadline that has passed is still there');
    }
    this.#now = end;
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  #at(): Instant {
    return this.#now as Instant;
  }
}

/** The portable adapter with real sockets on the loopback interface, a clock of its own, and no TUN device. */
export const portableRig: RigMaker = async (settings, limits) => {
  const clock = new ManualClock(0, 1000);
  const tun = new FakeTun();
  const plane = new PortablePlane({
    settings,
    tun,
    clock,
    ...(limits === undefined ? {} : { limits }),
    open: async () =>
      settings.transport === 'udp'
        ? udpTransport(await openUdp({ family: 4, host: '127.0.0.1', port: 0 }))
        : tcpServerTransport(
            await listenTcp({ family: 4, host: '127.0.0.1', port: 0, maxConnections: 50, maxPacket: longestPacket(settings.tunMtu) }),
          ),
  });
  const around: Around = {
    inject: (packet) => tun.inject(packet),
    written: () => tun.written.splice(0),
    advance: (milliseconds) => clock.advance(milliseconds),
    settle: () => {},
    stop: () => {},
  };
  return startRig(plane, around, settings);
};

/** The batched adapter in a thread of its own, with real sockets, and one end of a pair of sockets for a TUN device. */
export function batchedRig(without: readonly PlaneStep[] = []): RigMaker {
  return (settings, limits) => {
    const tun = new PairTun();
    const plane = new BatchedPlane({
      settings,
      tun,
      udp: { family: 4, host: '127.0.0.1', port: 0 },
      without,
      worker: builtWorker('src/host/dataplane/batched/worker.ts'),
      manualClock: true,
      ...(limits === undefined ? {} : { limits }),
    });
    let now = 1000;
    return startRig(
      plane,
      {
        inject: (packet) => {
          const before = plane.tunnel().packetsRead;
          tun.inject(packet);
          while (plane.tunnel().packetsRead === before) plane.setClock(now);
          plane.setClock(now);
          plane.settle();
        },
        written: () => tun.written(),
        advance: (milliseconds) => {
          const end = now + milliseconds;
          for (let next = plane.nextDeadline(); next <= end; next = plane.nextDeadline()) {
            now = Math.max(now, next);
            plane.setClock(now);
            if (plane.nextDeadline() === next) throw new Error('a deadline that has passed is still there');
          }
          now = end;
          plane.setClock(now);
          plane.settle();
        },
        settle: () => plane.settle(),
        stop: () => tun.close(),
      },
      settings,
      () => plane.setClock(now),
    );
  };
}

/** What is around a plane, and how a test moves it. */
interface Around {
  inject(packet: Buffer): void;
  written(): Buffer[];
  advance(milliseconds: number): void;
  /** Waits for what was told to a thread. */
  settle(): void;
  stop(): void;
}

async function startRig(plane: DataPlane, around: Around, settings: PlaneSettings, begun: () => void = () => {}): Promise<PlaneRig> {
  const rig = new SocketRig(plane, around, settings.transport);
  await plane.start();
  await plane.begin();
  begun();
  return rig;
}

/** An outside host: packets sent and received over a real socket. */
interface Outside {
  readonly link: Link;
  readonly received: Buffer[];
  send(bytes: Buffer): void;
  close(): void;
}

class SocketRig implements PlaneRig {
  readonly view: DataPlane;
  readonly #around: Around;
  readonly #transport: 'udp' | 'tcp';
  readonly #outside = new Map<string, Promise<Outside>>();
  readonly #events: PlaneEvent[] = [];
  #seen = 0;
  /** Packets sent, by link, that have not been taken. */
  readonly #owed = new Map<string, number>();
  #trace: PacketTrace | undefined;
  readonly #woken: (() => void)[] = [];

  constructor(plane: DataPlane, around: Around, transport: 'udp' | 'tcp') {
    this.view = plane;
    this.#around = around;
    this.#transport = transport;
    plane.onTrouble((trouble) => {
      throw new Error(`trouble: ${JSON.stringify(trouble)}`);
    });
    plane.onEvent((event) => {
      this.#events.push(event);
      this.#wake();
    });
    plane.traceWith((direction, bytes, slot, link) => {
      if (direction === 'R') this.#seen++;
      if (direction === 'W' && link !== undefined) this.#owed.set(link.key, (this.#owed.get(link.key) ?? 0) + 1);
      this.#trace?.(direction, bytes, slot, link);
      this.#wake();
    });
  }

  command(command: PlaneCommand): void {
    this.view.command(command);
  }

  async link(host: string): Promise<Link> {
    return (await this.#host(host)).link;
  }

  async receive(host: string, bytes: Buffer): Promise<void> {
    const outside = await this.#host(host);
    const before = this.#seen;
    outside.send(bytes);
    await this.#until(() => this.#seen > before);
    await turn();
  }

  fromTun(packet: Buffer): void {
    this.#around.inject(packet);
  }

  async sentTo(host: string): Promise<Buffer[]> {
    const { link, received } = await this.#host(host);
    this.#around.settle();
    await this.#until(() => received.length >= (this.#owed.get(link.key) ?? 0));
    this.#owed.delete(link.key);
    return received.splice(0);
  }

  delivered(): Buffer[] {
    this.#around.settle();
    return this.#around.written();
  }

  async events(): Promise<PlaneEvent[]> {
    this.#around.settle();
    await turn();
    return this.#events.splice(0);
  }

  traceWith(trace: PacketTrace | undefined): void {
    this.#trace = trace;
  }

  advance(milliseconds: number): void {
    this.#around.advance(milliseconds);
  }

  async stop(): Promise<void> {
    await this.view.stop();
    this.#around.stop();
    for (const outside of this.#outside.values()) (await outside).close();
  }

  #host(name: string): Promise<Outside> {
    const known = this.#outside.get(name);
    if (known !== undefined) return known;
    const made = this.#transport === 'udp' ? this.#udpHost() : this.#tcpHost();
    this.#outside.set(name, made);
    return made;
  }

  async #udpHost(): Promise<Outside> {
    const { port } = this.view.localAddress();
    const socket: UdpSocket = createSocket('udp4');
    await new Promise<void>((resolve) => {
      socket.bind(0, '127.0.0.1', resolve);
    });
    const received: Buffer[] = [];
    socket.on('message', (bytes) => {
      received.push(bytes);
      this.#wake();
    });
    return {
      link: udpLink('127.0.0.1', socket.address().port),
      received,
      send: (bytes) => socket.send(bytes, port, '127.0.0.1'),
      close: () => socket.close(),
    };
  }

  async #tcpHost(): Promise<Outside> {
    const { port } = this.view.localAddress();
    const socket: Socket = connect(port, '127.0.0.1');
    const received: Buffer[] = [];
    let rest = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
        const end = 2 + rest.readUInt16BE(0);
        received.push(rest.subarray(2, end));
        rest = rest.subarray(end);
      }
      this.#wake();
    });
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve);
    });
    const own = (socket.address() as AddressInfo).port;
    const opened = (): Link | undefined => {
      for (const event of this.#events) if (event.kind === 'link-opened' && event.link.address.port === own) return event.link;
      return undefined;
    };
    await this.#until(() => opened() !== undefined);
    const link = opened();
    if (link === undefined) throw new Error('the connection was not told of');
    return {
      link,
      received,
      send: (bytes) => socket.write(Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 255), bytes])),
      close: () => socket.destroy(),
    };
  }

  /** Waits for a condition that only what happens here can bring about; the test's own time limit ends it. */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#woken.push(resolve);
      });
    }
  }

  #wake(): void {
    for (const woken of this.#woken.splice(0)) woken();
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
