import { createSecretKey, randomBytes } from 'node:crypto';
import { closeSync } from 'node:fs';
import { MessageChannel } from 'node:worker_threads';
import { INNER_AT } from '../../../protocol/data/inner.ts';
import { udpLink } from '../../../protocol/data/link.ts';
import type { DataKeys, PlaneCommand, PlaneSettings } from '../../../protocol/data/plane.ts';
import { Arena } from './arena.ts';
import { openPair, openRawUdp, openWake, wake } from './descriptors.ts';
import type { ToWorker, WorkerSetup } from './layout.ts';
import type { Libc } from './libc.ts';
import { DataLoop } from './loop.ts';
import { SharedMemory } from './memory.ts';
import { VNET_BYTES } from './segments.ts';

/**
 * A rehearsal: pairs of planes of the same sort send each other packets on the loopback interface, with pairs of sockets for
 * TUN devices. V8 interprets code until it has run some hundred times, which makes the way of a lone packet through a
 * fresh plane half as long again; on an idle tunnel it would take minutes until it is compiled.
 */

/** Code that has met one pair is compiled for that one, and thrown away when the real plane comes. */
const PAIRS = 3;
/** Packets there and back; V8 has compiled the way by then. */
const ROUNDS = 1500;
/** The rehearsal ends after so much time at the latest. */
const LONGEST_MS = 800;
/** Nothing came: the loopback interface is not there. */
const MOST_SILENT = 5;
const WAIT_MS = 20;
/** As `ping` sends them. */
const PACKET_BYTES = 84;
const ROOM_BYTES = 4096;
const ADDRESS = { server: Buffer.from([10, 0, 0, 1]), client: Buffer.from([10, 0, 0, 2]) };
const OTHER = { server: 'client', client: 'server' } as const;
/** What V8 compiled refers to what it saw, and is thrown away with that. */
const kept: unknown[] = [];
const SLOT = { peerId: 0, generation: 0 };

/** Lets the code that carries packets run. `between` is called after each round; false ends it. */
export function rehearse(setup: WorkerSetup, libc: Libc, between: () => boolean): void {
  const planes: Practising[] = [];
  kept.push(planes);
  try {
    for (let pair = 0; pair < PAIRS; pair++) if (!meet(setup, libc, planes)) return;
    const end = performance.now() + LONGEST_MS;
    let silent = 0;
    for (let round = 0; round < ROUNDS && silent < MOST_SILENT && performance.now() < end; round++) {
      if (!between()) return;
      const at = 2 * (round % PAIRS);
      silent = planes[at]?.sends() === true && planes[at + 1]?.sends() === true ? 0 : silent + 1;
    }
  } finally {
    for (const plane of planes) plane.close();
  }
}

/** Opens both, each the other's one peer, with the same fresh keys. False without a loopback interface, or descriptors for it. */
function meet(setup: WorkerSetup, libc: Libc, planes: Practising[]): boolean {
  const direction = (): DataKeys['send'] => ({ cipherKey: createSecretKey(randomBytes(32)), implicitIv: randomBytes(8) });
  const [up, down] = [direction(), direction()];
  try {
    const server = new Practising('server', setup, libc, planes);
    const client = new Practising('client', setup, libc, planes);
    server.open(client, { cipher: 'AES-256-GCM', send: down, receive: up });
    client.open(server, { cipher: 'AES-256-GCM', send: up, receive: down });
    return true;
  } catch {
    return false;
  }
}

/** One of the two: a loop with everything that it needs, on this thread. */
class Practising {
  readonly port: number;
  readonly #libc: Libc;
  readonly #loop: DataLoop;
  #peer: Practising | undefined;
  readonly #wake: number;
  readonly #host: string;
  readonly #channel = new MessageChannel();
  readonly #opened: number[] = [];
  /** The other end of its TUN device. */
  readonly #device: number;
  /** A packet for the device to give, with its header, and behind it room for what the device takes. */
  readonly #bench: Arena;
  readonly #packet: number;
  readonly #packetBytes: number;
  readonly #room: number;

  /** Joins `planes` before it can fail. */
  constructor(role: 'server' | 'client', setup: WorkerSetup, libc: Libc, planes: Practising[]) {
    planes.push(this);
    this.#libc = libc;
    this.#host = setup.family === 4 ? '127.0.0.1' : '::1';
    const settings: PlaneSettings = { ...setup.settings, role, ownAddresses: [] };
    const socket = openRawUdp({ family: setup.family, host: this.#host, port: 0 });
    this.#opened.push(socket.fd);
    this.port = socket.local.port;
    this.#wake = openWake();
    this.#opened.push(this.#wake);
    const [tun, device] = openPair();
    this.#opened.push(tun, device);
    this.#device = device;
    const headerBytes = setup.tunHeaders ? VNET_BYTES : 0;
    this.#packetBytes = headerBytes + PACKET_BYTES;
    this.#bench = new Arena(ROOM_BYTES, (buffer) => libc.addressOf(buffer));
    this.#packet = this.#bench.take(this.#packetBytes);
    this.#room = this.#bench.take(this.#packetBytes);
    const ip = this.#packet + headerBytes;
    this.#bench.data.setUint8(ip, 0x45);
    this.#bench.data.setUint16(ip + 2, PACKET_BYTES);
    this.#bench.bytes.set(ADDRESS[role], ip + INNER_AT.source4);
    this.#bench.bytes.set(ADDRESS[OTHER[role]], ip + INNER_AT.destination4);
    this.#loop = new DataLoop(
      {
        ...setup,
        settings,
        descriptors: { udp: socket.fd, tun, wake: this.#wake },
        connected: false,
        memory: SharedMemory.create().parts,
        manualClock: false,
        practises: true,
      },
      this.#channel.port1,
      libc,
    );
  }

  /** Opens its peer. */
  open(peer: Practising, keys: DataKeys): void {
    this.#peer = peer;
    const commands: PlaneCommand[] = [
      { kind: 'open-peer', slot: SLOT, link: udpLink(this.#host, peer.port), format: 'v2' },
      { kind: 'set-keys', slot: SLOT, keyId: 0, keys },
      { kind: 'send-with', slot: SLOT, keyId: 0 },
      { kind: 'set-inner-routes', slot: SLOT, routes: [{ family: 4, network: ADDRESS.client, bits: 32 }] },
      { kind: 'set-open', slot: SLOT, open: true },
    ];
    for (const command of commands) this.#tell({ kind: 'command', command, cell: 0 });
    this.#loop.turn(0);
  }

  /** Sends one packet through the tunnel; true when it came out. */
  sends(): boolean {
    const to = this.#peer;
    if (to === undefined) return false;
    const bench = this.#bench;
    this.#libc.write(this.#device, bench.base + this.#packet, this.#packetBytes);
    this.#loop.turn(WAIT_MS);
    this.#loop.turn(0);
    to.#loop.turn(WAIT_MS);
    return this.#libc.read(to.#device, bench.base + this.#room, this.#packetBytes) === this.#packetBytes;
  }

  close(): void {
    for (const fd of this.#opened) closeSync(fd);
    this.#channel.port1.close();
  }

  #tell(message: ToWorker): void {
    this.#channel.port2.postMessage(message, []);
    wake(this.#wake);
  }
}
