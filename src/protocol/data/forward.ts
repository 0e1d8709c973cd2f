import { unreachable } from '../../base/errors.ts';
import { earliest, type Instant } from '../../base/units.ts';
import { isControlOpcode, keyIdOf, OP, opcodeOf } from '../opcodes.ts';
import { type Ciphers, DATA_OVERHEAD, type DataFormat, NEAR_END_ID, NODE_CIPHERS, packetIdOf } from './aead.ts';
import { addTo, CELL, PEER_CELLS, TUNNEL_CELL, TUNNEL_CELLS, tunnelOf } from './counters.ts';
import { ControlGate, type ControlLimits } from './gate.ts';
import { INNER_AT, innerDestination, innerFamily, innerSource, isBroadcast, isLinkLocalSource, isMany } from './inner.ts';
import { udpKey, udpLink } from './link.ts';
import { clampMss } from './mss.ts';
import { type KeyPair, PeerState } from './peer.ts';
import type { Link, PeerSlot, PlaneCommand, PlaneCounters, PlaneEvent, PlaneSettings, PlaneView, RejectReason, RouteUse } from './plane.ts';
import { type RejectDetail, RejectLog, type RejectSum } from './rejects.ts';
import { type RouteKeeper, RouteTable } from './routes.ts';
import { EXIT_PAYLOAD, PING_PAYLOAD, readSpecial } from './special.ts';

/**
 * Where the forwarder's work goes. These are callbacks and not poll queues because a queue entry a packet is what the
 * hot path cannot afford; they are called from inside `handle*` and `command`, and must not call back into them.
 */
export interface PlaneSink {
  /** To the network. The bytes are the sink's to keep. */
  transmit(bytes: Buffer, link: Link): void;
  /** To the TUN device. The bytes are valid during the call only. */
  deliver(packet: Buffer): void;
  event(event: PlaneEvent): void;
  /** Ends a TCP connection once what was sent is written; no packet of it may be handed in afterwards. */
  closeLink(link: Link, reason: string): void;
}

/** Where a forwarder keeps what others read while packets pass. */
export interface PlaneMemory {
  /** The cells of a peer that opens: `PEER_CELLS` of them, all zero. */
  peer(slot: PeerSlot): Float64Array;
  /** Those of the TUN device: `TUNNEL_CELLS`, all zero. */
  tunnel(): Float64Array;
  /** Who keeps the entries of the routes; the table itself when there is nobody. */
  readonly routes?: <Owner>(slotOf: (owner: Owner) => PeerSlot) => RouteKeeper<Owner>;
}

const OWN_MEMORY: PlaneMemory = {
  peer: () => new Float64Array(PEER_CELLS),
  tunnel: () => new Float64Array(TUNNEL_CELLS),
};

/** What a forwarder can be made with otherwise. */
export interface ForwarderParts {
  readonly limits?: ControlLimits | undefined;
  readonly ciphers?: Ciphers;
  readonly memory?: PlaneMemory;
}

/**
 * What a trace tells apart: `R` came from the network, `W` goes there, `r` and `w` are the TUN device's; `P` says of the packet
 * that was received before, `p` of the one that is sent next, that a ping is in it.
 */
export type TraceDirection = 'R' | 'W' | 'r' | 'w' | 'P' | 'p';

/** Sees every packet, for the log from verb 5 on. The bytes are valid during the call only. */
export type PacketTrace = (direction: TraceDirection, bytes: Buffer, slot: PeerSlot | undefined, link: Link | undefined) => void;

/** No packet of the protocol is longer than this above the TUN device's size: stock's buffers end there. */
const LARGEST_OVERHEAD = 268;
const SMALLEST_LIMIT = 2048;
/** First byte, session id, no acks, message id. */
const SHORTEST_CONTROL = 14;
const NO_PEER_ID = 0xff_ffff;

/** The longest packet that a plane takes off the network; also the bound of TCP frames. */
export function longestPacket(tunMtu: number): number {
  return Math.max(SMALLEST_LIMIT, tunMtu + LARGEST_OVERHEAD);
}

/**
 * The data plane without I/O, which every adapter drives (facts: wire 15 to 20). The world speaks by `handleDatagram`,
 * `handleStream`, `handleInner` and `handleDeadline`, the engine by `command`; what must be done leaves through the
 * sink at once. After each call, arm one timer for `nextDeadline()`.
 */
export class Forwarder implements PlaneView {
  /** Off unless set: costs one compare a packet. */
  trace: PacketTrace | undefined;
  readonly #settings: PlaneSettings;
  readonly #sink: PlaneSink;
  readonly #gate: ControlGate;
  readonly #server: boolean;
  readonly #longest: number;
  readonly #peers = new Map<number, PeerState>();
  readonly #byLink = new Map<string, PeerState>();
  /** Peers whose link has a newer one: mostly an older session of the same client. */
  readonly #behind = new Set<PeerState>();
  /** A client's one peer. */
  #only: PeerState | undefined;
  readonly #routes: RouteTable<PeerState>;
  readonly #memory: PlaneMemory;
  readonly #ciphers: Ciphers;
  readonly #tunnel: Float64Array;
  readonly #own = new RouteTable<true>();
  /** Packets that belong to no peer. */
  readonly #rejects = new RejectLog();
  /** Never later than the earliest thing to do. Traffic moves those later without moving this: waking early is harmless. */
  #wakeAt: Instant | undefined;

  constructor(settings: PlaneSettings, sink: PlaneSink, { limits, ciphers = NODE_CIPHERS, memory = OWN_MEMORY }: ForwarderParts = {}) {
    this.#settings = settings;
    this.#sink = sink;
    this.#gate = new ControlGate(limits);
    this.#ciphers = ciphers;
    this.#memory = memory;
    this.#tunnel = memory.tunnel();
    this.#routes = new RouteTable({ keeper: memory.routes?.((peer) => peer.slot) });
    this.#server = settings.role === 'server';
    this.#longest = longestPacket(settings.tunMtu);
    this.#own.replace(true, settings.ownAddresses, 0 as Instant);
  }

  counters(slot: PeerSlot): PlaneCounters | undefined {
    return this.#find(slot)?.counters();
  }

  counter(slot: PeerSlot, name: keyof PlaneCounters): number | undefined {
    return this.#find(slot)?.counter(name);
  }

  *routes(): Iterable<RouteUse> {
    for (const { owner, route, cached, lastReference } of this.#routes.entries()) yield { slot: owner.slot, route, cached, lastReference };
  }

  tunnel(): { packetsRead: number; packetsWritten: number; bytesRead: number; bytesWritten: number } {
    return tunnelOf(this.#tunnel);
  }

  /** A UDP datagram from `host`, spelled as the socket does. */
  handleDatagram(bytes: Buffer, host: string, port: number, at: Instant): void {
    const first = bytes[0] ?? 0;
    const opcode = opcodeOf(first);
    if (opcode === OP.dataV2 && bytes.length >= 4) {
      const peer = this.#peerOfV2(bytes, host, port);
      if (this.trace !== undefined) this.trace('R', bytes, peer?.slot, peer?.isAt(host, port) === true ? peer.link : udpLink(host, port));
      if (peer === undefined)
        this.#reject(undefined, 'unknown-peer', at, () => ({ detail: `peer-id ${bytes.readUIntBE(1, 3)}`, link: udpLink(host, port) }));
      else this.#fromNetwork(peer, bytes, 'v2', host, port, at);
      return;
    }
    const key = udpKey(host, port);
    const peer = this.#byLink.get(key);
    if (this.trace !== undefined) this.trace('R', bytes, peer?.slot, peer?.link ?? udpLink(host, port));
    if (opcode === OP.dataV1 && peer !== undefined) this.#fromNetwork(peer, bytes, 'v1', host, port, at);
    else if (opcode === OP.dataV1) this.#reject(undefined, 'unknown-peer', at, () => ({ detail: 'no peer-id', link: udpLink(host, port) }));
    else this.#control(bytes, key, peer, () => peer?.link ?? udpLink(host, port), at);
  }

  /** A packet off a TCP connection. The connection alone says whose it is. */
  handleStream(bytes: Buffer, link: Link, at: Instant): void {
    const opcode = opcodeOf(bytes[0] ?? 0);
    const peer = this.#byLink.get(link.key);
    if (this.trace !== undefined) this.trace('R', bytes, peer?.slot, link);
    if (opcode !== OP.dataV1 && opcode !== OP.dataV2) this.#control(bytes, link.key, peer, () => link, at);
    else if (peer === undefined) this.#reject(undefined, 'unknown-peer', at, () => ({ detail: '', link }));
    else this.#fromNetwork(peer, bytes, opcode === OP.dataV2 ? 'v2' : 'v1', undefined, 0, at);
  }

  /** A packet off the TUN device. MSS clamping changes it in place; it is not kept. */
  handleInner(packet: Buffer, at: Instant): void {
    addTo(this.#tunnel, TUNNEL_CELL.packetsRead, 1);
    addTo(this.#tunnel, TUNNEL_CELL.bytesRead, packet.length);
    const family = innerFamily(packet);
    if (family !== undefined && this.#server && isMany(packet, family)) {
      if (this.trace !== undefined) this.trace('r', packet, undefined, undefined);
      return this.#toAll(undefined, packet, at);
    }
    const peer = family === undefined ? undefined : this.#server ? this.#towards(packet, family, at) : this.#only;
    if (this.trace !== undefined) this.trace('r', packet, peer?.slot, peer?.link);
    if (family === undefined)
      this.#reject(undefined, 'malformed', at, () => ({ detail: 'not an IP packet from the TUN device', link: undefined }));
    else if (peer === undefined)
      this.#reject(undefined, 'no-route', at, () => ({ detail: innerDestination(packet, family), link: undefined }));
    else this.#toPeer(peer, packet, at);
  }

  /** What the engine says. Commands for a peer that is gone, or of an earlier use of its id, do nothing. */
  command(command: PlaneCommand, at: Instant): void {
    if (command.kind === 'open-peer') return this.#openPeer(command.slot, command.link, command.format, at);
    if (command.kind === 'send-control') return this.#sendControl(command.bytes, command.link, command.slot);
    if (command.kind === 'close-link') {
      if (command.link.connection !== undefined) this.#sink.closeLink(command.link, 'closed by us');
      return;
    }
    const peer = this.#find(command.slot);
    if (peer === undefined) return;
    switch (command.kind) {
      case 'set-keys':
        peer.setKeys(command.keyId, command.keys);
        break;
      case 'send-with':
        peer.sendKey = peer.key(command.keyId);
        break;
      case 'drop-key':
        peer.dropKey(command.keyId);
        break;
      case 'set-address':
        this.#unlink(peer);
        peer.moveTo(command.link);
        this.#link(peer);
        break;
      case 'set-inner-routes':
        this.#routes.replace(peer, command.routes, at);
        break;
      case 'set-open':
        peer.open = command.open;
        break;
      case 'set-ping':
        peer.setPing(command.every, command.lostAfter, at);
        break;
      case 'control-heard':
        peer.heard(at);
        break;
      case 'send-exit':
        this.#seal(peer, EXIT_PAYLOAD, at);
        break;
      case 'close-peer':
        this.#closePeer(peer);
        break;
      default:
        unreachable(command);
    }
    this.#wake(peer.nextDeadline());
  }

  /** When `handleDeadline` wants to be called next; undefined when nothing is pending. */
  nextDeadline(): Instant | undefined {
    return this.#wakeAt;
  }

  /** Sends pings, tells of silent peers and of sums of rejects, forgets unused cached hosts. */
  handleDeadline(at: Instant): void {
    if (this.#wakeAt === undefined || at < this.#wakeAt) return;
    let next: Instant | undefined;
    for (const peer of this.#peers.values()) {
      const pingDue = peer.pingDue();
      if (pingDue !== undefined && pingDue <= at) {
        if (this.trace !== undefined) this.trace('p', PING_PAYLOAD, peer.slot, peer.link);
        this.#seal(peer, PING_PAYLOAD, at);
        peer.lastSent = at;
      }
      if (peer.isLost(at)) this.#sink.event({ kind: 'ping-lost', slot: peer.slot });
      for (const sum of peer.rejects.take(at)) this.#tell(peer, sum);
      next = earliest(next, peer.nextDeadline());
    }
    for (const sum of this.#rejects.take(at)) this.#tell(undefined, sum);
    const expiry = this.#routes.nextExpiry;
    if (expiry !== undefined && expiry <= at) this.#routes.expire(at);
    this.#wakeAt = earliest(earliest(next, this.#rejects.nextDeadline()), this.#routes.nextExpiry);
  }

  #find(slot: PeerSlot): PeerState | undefined {
    const peer = this.#peers.get(slot.peerId);
    return peer?.slot.generation === slot.generation ? peer : undefined;
  }

  /** A client has one peer, at one address, and does not look at the id; a server finds the peer by it. */
  #peerOfV2(bytes: Buffer, host: string, port: number): PeerState | undefined {
    if (!this.#server) return this.#only?.isAt(host, port) === true ? this.#only : undefined;
    const id = ((bytes[1] ?? 0) << 16) | ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    return id === NO_PEER_ID ? this.#byLink.get(udpKey(host, port)) : this.#peers.get(id);
  }

  #control(bytes: Buffer, key: string, peer: PeerState | undefined, link: () => Link, at: Instant): void {
    const opcode = opcodeOf(bytes[0] ?? 0);
    if (bytes.length < SHORTEST_CONTROL || bytes.length > this.#longest || !isControlOpcode(opcode)) {
      this.#reject(undefined, 'malformed', at, () => ({ detail: `opcode ${opcode}, ${bytes.length} bytes`, link: link() }));
    } else if (this.#gate.admit(key, peer !== undefined, at)) {
      this.#sink.event({ kind: 'control', link: link(), bytes });
    } else {
      this.#reject(undefined, 'flood', at, () => ({ detail: 'control packets', link: link() }));
    }
  }

  /** A data packet that claims to be `peer`'s. `host` is undefined on TCP. */
  #fromNetwork(peer: PeerState, bytes: Buffer, format: DataFormat, host: string | undefined, port: number, at: Instant): void {
    const keyId = keyIdOf(bytes[0] ?? 0);
    const key = peer.key(keyId);
    if (key === undefined) return this.#reject(peer, 'no-key', at, () => ({ detail: `key id ${keyId}`, link: peer.link }));
    if (bytes.length <= DATA_OVERHEAD[format] || bytes.length > this.#longest) {
      return this.#refuse(peer, 'malformed', at, () => `${bytes.length} bytes`);
    }
    const payload = key.opener.open(bytes, format);
    if (payload === undefined) {
      peer.count(CELL.unauthentic);
      return this.#refuse(peer, 'unauthentic', at, () => `#${packetIdOf(bytes, format)}`);
    }
    const id = packetIdOf(bytes, format);
    if (key.replay.accept(id, at) === 'replay') return this.#refuse(peer, 'replay', at, () => `#${id}`);
    peer.received(bytes.length);
    if (peer.heard(at)) this.#wake(peer.nextDeadline());
    if (host !== undefined && !peer.isAt(host, port)) this.#askFloat(peer, host, port, at);
    if (id >= NEAR_END_ID) this.#tellNearEnd(peer, key);
    this.#fromPeer(peer, payload, at);
  }

  #askFloat(peer: PeerState, host: string, port: number, at: Instant): void {
    if (peer.wantsToFloat(udpKey(host, port), at)) this.#sink.event({ kind: 'float-asked', slot: peer.slot, link: udpLink(host, port) });
  }

  #tellNearEnd(peer: PeerState, key: KeyPair): void {
    if (peer.isNearEnd(key)) this.#sink.event({ kind: 'key-near-end', slot: peer.slot, keyId: key.keyId });
  }

  /** An authentic payload. */
  #fromPeer(peer: PeerState, payload: Buffer, at: Instant): void {
    const family = innerFamily(payload);
    if (family === undefined) {
      const special = readSpecial(payload);
      if (special === 'ping' && this.trace !== undefined) this.trace('P', payload, peer.slot, peer.link);
      if (special === 'exit') this.#sink.event({ kind: 'exit-seen', slot: peer.slot });
      else if (special === 'unknown') this.#reject(peer, 'malformed', at, () => ({ detail: 'not an IP packet', link: peer.link }));
      return;
    }
    if (!peer.open) return this.#reject(peer, 'not-open', at, () => ({ detail: innerSource(payload, family), link: peer.link }));
    if (this.#server && !this.#mayComeFrom(peer, payload, family)) {
      peer.count(CELL.badSource);
      return this.#reject(peer, 'bad-source', at, () => ({ detail: innerSource(payload, family), link: peer.link }));
    }
    peer.carried(payload.length, at);
    if (this.#server && this.#settings.clientToClient && this.#toOthers(peer, payload, family, at)) return;
    if (peer.mss !== undefined) clampMss(payload, peer.mss);
    addTo(this.#tunnel, TUNNEL_CELL.packetsWritten, 1);
    addTo(this.#tunnel, TUNNEL_CELL.bytesWritten, payload.length);
    if (this.trace !== undefined) this.trace('w', payload, peer.slot, peer.link);
    this.#sink.deliver(payload);
  }

  /** Passes a client's packet on inside; false when the TUN device has to see it too. */
  #toOthers(from: PeerState, payload: Buffer, family: 4 | 6, at: Instant): boolean {
    if (isMany(payload, family)) {
      this.#toAll(from, payload, at);
      return false;
    }
    const other = this.#isOwn(payload, family) ? undefined : this.#towards(payload, family, at);
    if (other === undefined) return false;
    if (from.mss !== undefined) clampMss(payload, from.mss);
    this.#toPeer(other, payload, at);
    return true;
  }

  /** Multicast: to every client but the one that it comes from (facts: wire 19). */
  #toAll(from: PeerState | undefined, packet: Buffer, at: Instant): void {
    for (const peer of this.#peers.values()) if (peer !== from && peer.open) this.#toPeer(peer, packet, at);
  }

  #mayComeFrom(peer: PeerState, packet: Buffer, family: 4 | 6): boolean {
    if (family === 4) return this.#routes.owner4(packet.readInt32BE(INNER_AT.source4)) === peer;
    return !isLinkLocalSource(packet) && this.#routes.owner6(packet, INNER_AT.source6) === peer;
  }

  #isOwn(packet: Buffer, family: 4 | 6): boolean {
    const owner =
      family === 4 ? this.#own.owner4(packet.readInt32BE(INNER_AT.destination4)) : this.#own.owner6(packet, INNER_AT.destination6);
    return owner !== undefined;
  }

  #towards(packet: Buffer, family: 4 | 6, at: Instant): PeerState | undefined {
    if (isBroadcast(packet, family)) return undefined;
    const peer =
      family === 4
        ? this.#routes.towards4(packet.readInt32BE(INNER_AT.destination4), at)
        : this.#routes.towards6(packet, INNER_AT.destination6, at);
    this.#wake(this.#routes.nextExpiry);
    return peer;
  }

  /** An inner packet on its way to a peer. */
  #toPeer(peer: PeerState, packet: Buffer, at: Instant): void {
    if (!peer.open) return this.#reject(peer, 'not-open', at, () => ({ detail: '', link: peer.link }));
    if (peer.mss !== undefined) clampMss(packet, peer.mss);
    if (this.#seal(peer, packet, at)) peer.carried(packet.length, at);
    else this.#reject(peer, 'no-key', at, () => ({ detail: 'to send with', link: peer.link }));
  }

  /** False when there is no key, or its packet ids are used up. */
  #seal(peer: PeerState, payload: Buffer, at: Instant): boolean {
    const key = peer.sendKey;
    const bytes = key?.sealer.seal(payload, peer.format);
    if (key === undefined || bytes === undefined) return false;
    peer.sent(bytes.length, at);
    if (key.sealer.lastId >= NEAR_END_ID) this.#tellNearEnd(peer, key);
    if (this.trace !== undefined) this.trace('W', bytes, peer.slot, peer.link);
    this.#sink.transmit(bytes, peer.link);
    return true;
  }

  /** Takes the place of no ping: what is sent again and again may be what does not come through. */
  #sendControl(bytes: Buffer, link: Link, slot: PeerSlot | undefined): void {
    if (this.trace !== undefined) this.trace('W', bytes, slot, link);
    this.#sink.transmit(bytes, link);
  }

  #openPeer(slot: PeerSlot, link: Link, format: DataFormat, at: Instant): void {
    const before = this.#peers.get(slot.peerId);
    if (before !== undefined) this.#closePeer(before);
    const peer = new PeerState(slot, link, format, this.#settings, { ciphers: this.#ciphers, cells: this.#memory.peer(slot) }, at);
    this.#peers.set(slot.peerId, peer);
    this.#link(peer);
    this.#only = peer;
  }

  #closePeer(peer: PeerState): void {
    for (const sum of peer.rejects.take(undefined)) this.#tell(peer, sum);
    this.#peers.delete(peer.slot.peerId);
    this.#unlink(peer);
    if (this.#only === peer) this.#only = undefined;
    this.#routes.remove(peer);
    peer.close();
    this.#sink.event({ kind: 'closed', slot: peer.slot, counters: peer.counters() });
  }

  #link(peer: PeerState): void {
    const before = this.#byLink.get(peer.link.key);
    if (before !== undefined && before !== peer) this.#behind.add(before);
    this.#byLink.set(peer.link.key, peer);
  }

  /** Takes a peer off its link. One that was behind it there is found again. */
  #unlink(peer: PeerState): void {
    const { key } = peer.link;
    this.#behind.delete(peer);
    if (this.#byLink.get(key) !== peer) return;
    this.#byLink.delete(key);
    let newest: PeerState | undefined;
    for (const other of this.#behind) if (other.link.key === key) newest = other;
    if (newest === undefined) return;
    this.#behind.delete(newest);
    this.#byLink.set(key, newest);
  }

  /** As `#reject`; on TCP, where nothing can forge a packet in the middle, it also ends the connection (facts: wire 19). */
  #refuse(peer: PeerState, reason: RejectReason, at: Instant, detail: () => string): void {
    this.#reject(peer, reason, at, () => ({ detail: detail(), link: peer.link }));
    if (peer.link.connection !== undefined) this.#sink.closeLink(peer.link, reason);
  }

  #reject(peer: PeerState | undefined, reason: RejectReason, at: Instant, describe: () => RejectDetail): void {
    const log = peer?.rejects ?? this.#rejects;
    const sum = log.add(reason, at, describe);
    if (sum === undefined) this.#wake(log.nextDeadline());
    else this.#tell(peer, sum);
  }

  #tell(peer: PeerState | undefined, sum: RejectSum): void {
    this.#sink.event({ kind: 'rejected', slot: peer?.slot, link: sum.link, reason: sum.reason, count: sum.count, detail: sum.detail });
  }

  #wake(at: Instant | undefined): void {
    if (at !== undefined && (this.#wakeAt === undefined || at < this.#wakeAt)) this.#wakeAt = at;
  }
}
