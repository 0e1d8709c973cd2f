import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Instant } from '../../../base/units.ts';
import { Forwarder, type PacketTrace } from '../../../protocol/data/forward.ts';
import { PLANE_STEPS, type PlaneStep } from '../../../protocol/data/plane.ts';
import { Arena } from './arena.ts';
import { chooseCiphers } from './evp.ts';
import { FloatHold } from './float-hold.ts';
import { FLAG, GAUGE, type ToWorker, type WorkerSetup } from './layout.ts';
import type { Libc } from './libc.ts';
import { asBuffer, Mailbox, unpacked } from './mailbox.ts';
import { SharedMemory, WorkerMemory } from './memory.ts';
import { OffloadTun } from './offload.ts';
import { hasSegments, joinsReceived } from './probe.ts';
import { Receiver } from './receiver.ts';
import { Sender } from './sender.ts';
import { PlainTun, TUN_BATCH, type TunIo } from './tun-io.ts';

const ARENA_BYTES = 8 * 1024 * 1024;
const POLLIN = 1;
/** Of a descriptor that polls: `fd` i32, `events` i16, `revents` i16. */
const POLL_BYTES = 8;
const READY_AT = 6;
const CLOCK_MONOTONIC = 1;
const TIME_BYTES = 16;
const WORD = 0x1_0000_0000;
/** So long at most nothing is heard, should the eventfd fail. */
const LONGEST_WAIT_MS = 1000;
/** A socket that fails is told of at most this often. */
const TROUBLE_QUIET_MS = 1000;
/** What the TUN device may want before a packet. */
const LEAD = 64;
/** Packets further apart than this are not a stream. */
const REST_MS = 1;
/** What a poll saw of each descriptor. */
const UDP = 0;
const WAKE = 1;
const TUN = 2;

/** The worker's life: waits for packets and commands, lets the forwarder judge them, and sends what comes of it. */
export class DataLoop {
  readonly #setup: WorkerSetup;
  readonly #port: MessagePort;
  readonly #libc: Libc;
  readonly #arena: Arena;
  readonly #memory: SharedMemory;
  readonly #workerMemory: WorkerMemory;
  readonly #mailbox: Mailbox;
  readonly #forwarder: Forwarder;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #tun: TunIo | undefined;
  readonly #poll: number;
  #polled = 2;
  /** A `timespec`. */
  readonly #time: number;
  #troubleAt = Number.NEGATIVE_INFINITY;
  #tunGone = false;
  readonly #hold = new FloatHold();
  /** A float was ever asked for: before that nobody looks at the clock for it. */
  #floats = false;
  /** Something went to the TUN device in this turn. */
  #delivered = false;
  #tunReadAt = Number.NEGATIVE_INFINITY;
  /** Messages of the main thread that were carried out in this turn. */
  #taken = 0;
  /** One reading of the clock a turn. */
  #now: Instant;

  /** Tries what there is, and says what will run. */
  constructor(setup: WorkerSetup, port: MessagePort, libc: Libc) {
    const { descriptors, without, settings } = setup;
    this.#setup = setup;
    this.#port = port;
    this.#libc = libc;
    this.#arena = new Arena(ARENA_BYTES, (buffer) => libc.addressOf(buffer));
    this.#memory = new SharedMemory(setup.memory);
    this.#workerMemory = new WorkerMemory(this.#memory);
    this.#mailbox = new Mailbox(port, this.#memory);
    this.#time = this.#arena.take(TIME_BYTES);
    this.#now = this.#readClock();
    const wants = (step: PlaneStep): boolean => !without.includes(step);
    const segments = wants('gso') && hasSegments(this.#arena, libc, descriptors.udp);
    const joined = wants('gro') && joinsReceived(this.#arena, libc, descriptors.udp);
    this.#sender = new Sender({
      arena: this.#arena,
      libc,
      udp: descriptors.udp,
      family: setup.family,
      connected: setup.connected,
      gauges: this.#memory.gauges,
      segments,
      stepOff: (step, errno) => this.#mailbox.say({ kind: 'step-off', step, errno }),
    });
    const { ciphers, source } = chooseCiphers(this.#arena, () => this.#sender.room(), wants('native-crypto'));
    this.#receiver = new Receiver({
      arena: this.#arena,
      libc,
      udp: descriptors.udp,
      gauges: this.#memory.gauges,
      datagram: (bytes, { host, port: from }) => this.#forwarder.handleDatagram(bytes, host, from, this.#now),
      failed: (errno) => this.#socketFailed(errno),
    });
    this.#forwarder = this.#makeForwarder(settings, ciphers);
    this.#poll = this.#arena.take(3 * POLL_BYTES);
    this.#pollFor(UDP, descriptors.udp);
    this.#pollFor(WAKE, descriptors.wake);
    const offloads = descriptors.tun !== undefined && this.#takeTun(descriptors.tun, setup.tunHeaders);
    const running: Record<PlaneStep, boolean> = {
      'native-crypto': source !== 'node:crypto',
      gso: segments,
      gro: joined,
      'vnet-hdr': offloads,
    };
    this.#mailbox.say({ kind: 'ready', running: { crypto: source, steps: PLANE_STEPS.filter((step) => running[step]) } });
  }

  /** Until the stop flag is set; then carries out what was told before, and sends it. */
  run(): void {
    while (this.turn(LONGEST_WAIT_MS));
    this.#listen();
    this.#turnEnds();
  }

  /** Packets that came and went so far, whichever were fewer. */
  get carried(): number {
    return Math.min(this.#memory.gauge(GAUGE.packetsReceived), this.#memory.gauge(GAUGE.packetsSent));
  }

  /** Waits at most `longest` milliseconds until there is something to do, and does it. False once the stop flag is set. */
  turn(longest: number): boolean {
    this.#turnEnds();
    if (Atomics.load(this.#memory.flags, FLAG.stop) !== 0) return false;
    if (!this.#sleep(longest, this.#held())) return true;
    this.#now = this.#readClock();
    if (this.#isReady(WAKE)) this.#listen();
    if (this.#isReady(UDP)) this.#receiver.receive();
    this.#tun?.flush();
    // An answer to what was just delivered is there already, as a rule.
    if ((this.#isReady(TUN) || this.#delivered) && !this.#tunGone && this.#held() === 0) this.#readTun();
    this.#delivered = false;
    this.#forwarder.handleDeadline(this.#now);
    return true;
  }

  /** After a rest, what comes first goes out before it is asked whether there is more. */
  #readTun(): void {
    const rested = this.#now - this.#tunReadAt > REST_MS;
    this.#tunReadAt = this.#now;
    this.#tun?.receive(rested ? 1 : TUN_BATCH);
  }

  /** How long the TUN device must not be read. */
  #held(): number {
    return this.#floats ? this.#hold.left(performance.now()) : 0;
  }

  /** False when a signal came. `held` is for how long the TUN device must not be read. */
  #sleep(longest: number, held: number): boolean {
    this.#arena.setWord(this.#poll + TUN * POLL_BYTES + 4, held > 0 ? 0 : POLLIN);
    const wait = Math.min(longest, this.#wait());
    return this.#libc.poll(this.#arena.base + this.#poll, this.#polled, held > 0 ? Math.min(Math.ceil(held), wait) : wait) >= 0;
  }

  #makeForwarder(settings: WorkerSetup['settings'], ciphers: ReturnType<typeof chooseCiphers>['ciphers']): Forwarder {
    const ownAddresses = settings.ownAddresses.map((route) => ({ ...route, network: asBuffer(route.network) }));
    return new Forwarder(
      { ...settings, ownAddresses },
      {
        transmit: (bytes, link) => this.#sender.add(bytes, link),
        deliver: (packet) => this.#deliver(packet),
        event: (event) => {
          if (event.kind === 'float-asked') this.#float();
          this.#mailbox.event(event);
        },
        closeLink: () => {},
      },
      { limits: this.#setup.limits, ciphers, memory: this.#workerMemory },
    );
  }

  #float(): void {
    this.#floats = true;
    this.#hold.begin(performance.now());
  }

  /** Reads and writes this device from now on; true when it takes packets of many segments. */
  #takeTun(fd: number, headers: boolean): boolean {
    this.#tun = this.#openTun(fd, headers);
    this.#pollFor(TUN, fd);
    this.#polled = 3;
    return this.#tun instanceof OffloadTun && this.#tun.offloads;
  }

  #pollFor(index: number, fd: number): void {
    this.#arena.setWord(this.#poll + index * POLL_BYTES, fd);
    this.#arena.setWord(this.#poll + index * POLL_BYTES + 4, POLLIN);
  }

  #openTun(fd: number, headers: boolean): TunIo {
    const parts = {
      arena: this.#arena,
      libc: this.#libc,
      fd,
      gauges: this.#memory.gauges,
      packet: (bytes: Buffer) => this.#forwarder.handleInner(bytes, this.#now),
      failed: (errno: number) => this.#tunFailed(errno),
    };
    if (!headers) return new PlainTun(parts);
    const joined = !this.#setup.without.includes('vnet-hdr');
    return new OffloadTun(parts, { joined, practises: this.#setup.practises }, (step, errno) =>
      this.#mailbox.say({ kind: 'step-off', step, errno }),
    );
  }

  /** Ciphers of Node's put the payload elsewhere. */
  #deliver(packet: Buffer): void {
    if (this.#tunGone || this.#tun === undefined) return;
    this.#delivered = true;
    if (this.#arena.holds(packet)) return this.#tun.write(packet);
    const at = this.#sender.room() + LEAD;
    packet.copy(this.#arena.bytes, at);
    this.#tun.write(this.#arena.view(at, packet.length));
    this.#tun.flush();
  }

  /** Carries out all that the main thread told. */
  #listen(): void {
    const { flags } = this.#memory;
    this.#libc.read(this.#setup.descriptors.wake, this.#arena.base + this.#sender.room(), 8);
    // Before looking: what comes while we look wakes us again.
    Atomics.store(flags, FLAG.wake, 0);
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return;
      this.#carryOut(received.message as ToWorker);
      this.#taken++;
    }
  }

  #carryOut(message: ToWorker): void {
    if (message.kind === 'trace') {
      this.#forwarder.trace = message.on ? this.#trace : undefined;
      return;
    }
    if (message.kind === 'device') {
      if (this.#takeTun(message.fd, message.headers)) this.#mailbox.say({ kind: 'step-on', step: 'vnet-hdr' });
      return;
    }
    this.#workerMemory.nextPeer = message.cell;
    if (message.command.kind === 'set-address') this.#hold.end(performance.now());
    this.#forwarder.command(unpacked(message.command), this.#now);
  }

  /** Sends packets and words, and shows when there is something to do next. */
  #turnEnds(): void {
    this.#sender.flush();
    this.#mailbox.flush();
    this.#memory.gauges[GAUGE.deadline] = this.#forwarder.nextDeadline() ?? Number.POSITIVE_INFINITY;
    if (this.#taken === 0) return;
    Atomics.add(this.#memory.flags, FLAG.taken, this.#taken);
    Atomics.notify(this.#memory.flags, FLAG.taken);
    this.#taken = 0;
  }

  readonly #trace: PacketTrace = (direction, bytes, slot, link) => this.#mailbox.traced({ direction, bytes, slot, link });

  #wait(): number {
    const deadline = this.#forwarder.nextDeadline();
    if (deadline === undefined || this.#setup.manualClock) return LONGEST_WAIT_MS;
    return Math.min(LONGEST_WAIT_MS, Math.max(0, Math.ceil(deadline - this.#now)));
  }

  #readClock(): Instant {
    if (this.#setup.manualClock) return this.#memory.gauge(GAUGE.clock) as Instant;
    // Code that was just used to wait is at hand: after a rest, `performance.now` takes longer than everything up to the packet.
    this.#libc.clock_gettime(CLOCK_MONOTONIC, this.#arena.base + this.#time);
    const { data } = this.#arena;
    const seconds = data.getUint32(this.#time, true) + data.getInt32(this.#time + 4, true) * WORD;
    return (this.#setup.epoch + seconds * 1000 + data.getUint32(this.#time + 8, true) / 1e6) as Instant;
  }

  #isReady(descriptor: number): boolean {
    return this.#arena.data.getInt16(this.#poll + descriptor * POLL_BYTES + READY_AT, true) !== 0;
  }

  #socketFailed(errno: number): void {
    if (this.#now - this.#troubleAt < TROUBLE_QUIET_MS) return;
    this.#troubleAt = this.#now;
    this.#mailbox.say({ kind: 'socket-failed', errno });
  }

  #tunFailed(errno: number): void {
    if (this.#tunGone) return;
    this.#tunGone = true;
    this.#arena.setWord(this.#poll + TUN * POLL_BYTES, 0xffff_ffff);
    this.#mailbox.say({ kind: 'tun-failed', errno });
  }
}
