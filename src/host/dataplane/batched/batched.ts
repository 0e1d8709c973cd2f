import { closeSync } from 'node:fs';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { TunnelscopeError } from '../../../base/errors.ts';
import type { Address } from '../../../model/address.ts';
import type { DataPlaneRecord } from '../../../model/status-report.ts';
import { tunnelOf } from '../../../protocol/data/counters.ts';
import type { PacketTrace } from '../../../protocol/data/forward.ts';
import type { ControlLimits } from '../../../protocol/data/gate.ts';
import type {
  PeerSlot,
  PlaneCommand,
  PlaneCounters,
  PlaneEvent,
  PlaneSettings,
  PlaneStep,
  RouteUse,
} from '../../../protocol/data/plane.ts';
import { monotonic } from '../../clock.ts';
import { failureOf, formatFailure } from '../../errno.ts';
import type { Tun } from '../../tun.ts';
import type { UdpOptions } from '../../udp.ts';
import type { DataPlane, PlaneTrouble } from '../port.ts';
import { openRawUdp, openWake, type RawUdp, resetRawUdp, wake } from './descriptors.ts';
import { FLAG, type FromWorker, GAUGE, MAX_PEERS, type Running, type Said, type ToWorker, type WorkerSetup } from './layout.ts';
import { asBuffer, packed } from './mailbox.ts';
import { SharedMemory } from './memory.ts';

/** What a batched plane is made of. */
export interface BatchedPlaneOptions {
  readonly settings: PlaneSettings;
  /** What to bind. The plane is for UDP. */
  readonly udp: UdpOptions;
  /** Bound already, instead of binding one; the plane closes it. */
  readonly socket?: RawUdp | undefined;
  /** Open already, or told of later; the plane reads and writes it and leaves it open. Must have a descriptor, or be `dev null`. */
  readonly tun: Tun;
  /** Steps to leave out. */
  readonly without?: readonly PlaneStep[];
  readonly limits?: ControlLimits;
  /** For tests: time is what `setClock` says. */
  readonly manualClock?: boolean;
  /** For tests: when the thread practises, in milliseconds after its start; undefined for never. */
  readonly rehearsesAfter?: number | undefined;
  /** For tests: the worker's module. */
  readonly worker?: URL;
}

/** Handshakes at the start shall have the processors for themselves. */
const REHEARSES_AFTER_MS = 2000;
/** A read waits so long for the worker to take the commands before it. */
const READ_PATIENCE_MS = 50;

/** The same module as source and built. */
const WORKER = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js', import.meta.url);

/** A peer as the main thread knows it. */
interface Known {
  readonly slot: PeerSlot;
  /** Where it counts; -1 for one too many. */
  readonly cell: number;
}

/**
 * The data plane in a thread of its own, with system calls for many packets at a time: for UDP on Linux. `layout.ts` says
 * how the threads share their work.
 */
export class BatchedPlane implements DataPlane {
  readonly #options: BatchedPlaneOptions;
  readonly #memory = SharedMemory.create();
  readonly #port: MessagePort;
  readonly #workersPort: MessagePort;
  readonly #peers = new Map<number, Known>();
  readonly #freeCells: number[] = [];
  #cellsUsed = 0;
  #socket: RawUdp | undefined;
  #wake = -1;
  #worker: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #running: Running | undefined;
  #accepting = false;
  /** Messages to the worker. */
  #sent = 0;
  /** How many it had taken when it was waited for in vain: nobody waits for it again until it moves. */
  #stuckAt: number | undefined;
  #onEvent: (event: PlaneEvent) => void = () => {};
  #onTrouble: (trouble: PlaneTrouble) => void = () => {};
  #trace: PacketTrace | undefined;
  #ready: { resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(options: BatchedPlaneOptions) {
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#workersPort = port2;
  }

  running(): DataPlaneRecord {
    const { crypto, steps } = this.#running ?? { crypto: 'node:crypto', steps: [] };
    const gauge = (cell: number): number => this.#memory.gauge(cell);
    return {
      adapter: 'batched',
      crypto,
      steps,
      dropped: { network: gauge(GAUGE.networkDrops), tun: gauge(GAUGE.tunDrops), unread: gauge(GAUGE.unreadDrops) },
      calls: {
        receive: gauge(GAUGE.receiveCalls),
        packetsReceived: gauge(GAUGE.packetsReceived),
        send: gauge(GAUGE.sendCalls),
        messagesSent: gauge(GAUGE.messagesSent),
        packetsSent: gauge(GAUGE.packetsSent),
      },
    };
  }

  onEvent(listener: (event: PlaneEvent) => void): void {
    this.#onEvent = listener;
  }

  onTrouble(listener: (trouble: PlaneTrouble) => void): void {
    this.#onTrouble = listener;
  }

  traceWith(trace: PacketTrace | undefined): void {
    if ((trace === undefined) !== (this.#trace === undefined)) this.#send({ kind: 'trace', on: trace !== undefined });
    this.#trace = trace;
  }

  start(): Promise<void> {
    this.#socket = this.#options.socket ?? openRawUdp(this.#options.udp);
    this.#wake = openWake();
    this.#accepting = true;
    return Promise.resolve();
  }

  async begin(): Promise<void> {
    if (this.#socket === undefined) throw new TunnelscopeError('BUG', 'the data plane was not started');
    const worker = new Worker(this.#options.worker ?? WORKER, {
      name: 'data plane',
      workerData: { setup: this.#setup(this.#socket), port: this.#workersPort },
      transferList: [this.#workersPort],
      // It closes what the C library opened, which Node would warn of on standard error.
      trackUnmanagedFds: false,
    });
    this.#worker = worker;
    planes.add(this);
    listenForExit();
    const ready = new Promise<void>((resolve, reject) => {
      this.#ready = { resolve, reject };
    });
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        planes.delete(this);
        this.#worker = undefined;
        resolve();
        this.#died(new Error('its thread ended'));
      });
    });
    worker.on('error', (error) => this.#died(error));
    this.#port.on('message', (said: FromWorker) => this.#hear(said));
    await ready;
    this.#options.tun.onAttached?.((device) => this.#attach(device));
  }

  async stop(): Promise<void> {
    this.#accepting = false;
    this.#halt();
    await this.#ended;
    this.#port.close();
    if (this.#socket === undefined) return;
    closeSync(this.#socket.fd);
    closeSync(this.#wake);
    this.#socket = undefined;
  }

  localAddress(): Address {
    if (this.#socket === undefined) throw new TunnelscopeError('BUG', 'the data plane listens nowhere');
    return this.#socket.local;
  }

  command(command: PlaneCommand): void {
    if (!this.#accepting) return;
    this.#send({ kind: 'command', command: packed(command), cell: command.kind === 'open-peer' ? this.#opened(command.slot) : -1 });
    if (command.kind === 'close-peer') this.#closed(command.slot);
  }

  counters(slot: PeerSlot): PlaneCounters | undefined {
    const cell = this.#cellOf(slot);
    return cell === undefined ? undefined : this.#memory.counters(cell);
  }

  counter(slot: PeerSlot, name: keyof PlaneCounters): number | undefined {
    const cell = this.#cellOf(slot);
    return cell === undefined ? undefined : this.#memory.counter(cell, name);
  }

  /** Where a peer is counted, once the worker has done what it was told. */
  #cellOf(slot: PeerSlot): number | undefined {
    const known = this.#peers.get(slot.peerId);
    if (known === undefined || known.slot.generation !== slot.generation || known.cell < 0) return undefined;
    this.#awaitWorker();
    return known.cell;
  }

  routes(): Iterable<RouteUse> {
    this.#awaitWorker();
    return this.#memory.routes();
  }

  tunnel(): ReturnType<DataPlane['tunnel']> {
    return tunnelOf(this.#memory.gauges.subarray(GAUGE.tunnel));
  }

  /** For tests: waits until the worker has done what it was told, and tells what it said of that. */
  settle(): void {
    this.#awaitWorker();
    for (let got = receiveMessageOnPort(this.#port); got !== undefined; got = receiveMessageOnPort(this.#port)) {
      this.#hear((got as { readonly message: FromWorker }).message);
    }
  }

  /** For tests, with a manual clock: lets the worker see this time. */
  setClock(at: number): void {
    this.#memory.gauges[GAUGE.clock] = at;
    this.#send({ kind: 'trace', on: this.#trace !== undefined });
    this.#awaitWorker();
  }

  /** For tests: when the worker wants to do something next; infinite when never. */
  nextDeadline(): number {
    this.#awaitWorker();
    return this.#memory.gauge(GAUGE.deadline);
  }

  /** After a `begin` that failed: gives the socket away, as good as new. */
  release(): number {
    const { fd } = this.#socket ?? { fd: -1 };
    this.#socket = undefined;
    this.#accepting = false;
    this.#port.close();
    closeSync(this.#wake);
    resetRawUdp(fd);
    return fd;
  }

  /** Ends the worker's loop, without waiting. */
  halt(): void {
    this.#halt();
  }

  #setup(socket: RawUdp): WorkerSetup {
    const { settings, limits, udp, tun, without = [], manualClock = false } = this.#options;
    const { rehearsesAfter = manualClock ? undefined : REHEARSES_AFTER_MS } = this.#options;
    return {
      settings,
      limits,
      descriptors: { udp: socket.fd, tun: tun.descriptor, wake: this.#wake },
      family: udp.family,
      connected: udp.remote !== undefined,
      tunHeaders: tun.headers === true,
      without,
      memory: this.#memory.parts,
      epoch: performance.now() - monotonic(),
      manualClock,
      rehearsesAfter,
      practises: false,
    };
  }

  #attach({ descriptor, headers, name }: Tun): void {
    if (!this.#accepting || name === undefined) return;
    if (descriptor !== undefined) return this.#send({ kind: 'device', fd: descriptor, headers: headers === true });
    this.#onTrouble({ kind: 'tun', error: new TunnelscopeError('TUN', `the device ${name} has no descriptor`) });
  }

  #send(message: ToWorker): void {
    this.#sent = (this.#sent + 1) | 0;
    this.#port.postMessage(message, []);
    if (this.#wake >= 0 && Atomics.exchange(this.#memory.flags, FLAG.wake, 1) === 0) wake(this.#wake);
  }

  #awaitWorker(): void {
    if (this.#worker === undefined) return;
    const { flags } = this.#memory;
    for (let taken = Atomics.load(flags, FLAG.taken); taken !== this.#sent; taken = Atomics.load(flags, FLAG.taken)) {
      if (taken === this.#stuckAt) return;
      if (Atomics.wait(flags, FLAG.taken, taken, READ_PATIENCE_MS) === 'timed-out') this.#stuckAt = taken;
    }
  }

  /** The cell of a peer that opens. */
  #opened(slot: PeerSlot): number {
    const before = this.#peers.get(slot.peerId);
    if (before !== undefined) this.#closed(before.slot);
    const cell = this.#freeCells.pop() ?? (this.#cellsUsed < MAX_PEERS ? this.#cellsUsed++ : -1);
    this.#peers.set(slot.peerId, { slot, cell });
    return cell;
  }

  /** The worker carries out commands in their order: the cell is free for the next peer that opens. */
  #closed(slot: PeerSlot): void {
    const known = this.#peers.get(slot.peerId);
    if (known === undefined || known.slot.generation !== slot.generation) return;
    this.#peers.delete(slot.peerId);
    if (known.cell >= 0) this.#freeCells.push(known.cell);
  }

  #hear(said: FromWorker): void {
    Atomics.sub(this.#memory.flags, FLAG.unread, said.length);
    for (const one of said) this.#heard(one);
  }

  #heard(said: Said): void {
    switch (said.kind) {
      case 'event':
        if (this.#accepting)
          this.#onEvent(said.event.kind === 'control' ? { ...said.event, bytes: asBuffer(said.event.bytes) } : said.event);
        return;
      case 'traced':
        return this.#trace?.(said.direction, asBuffer(said.bytes), said.slot, said.link);
      case 'ready':
        this.#running = said.running;
        return this.#ready?.resolve();
      case 'step-on':
        if (this.#running !== undefined) this.#running = { ...this.#running, steps: [...this.#running.steps, said.step] };
        return this.#onTrouble({ kind: 'step-on', step: said.step });
      case 'step-off':
        if (this.#running !== undefined) {
          this.#running = { ...this.#running, steps: this.#running.steps.filter((step) => step !== said.step) };
        }
        return this.#onTrouble({ kind: 'step-off', step: said.step, reason: formatFailure(failureOf(said.errno)) });
      case 'socket-failed':
        return this.#onTrouble({ kind: 'socket', ...failureOf(said.errno) });
      case 'tun-failed': {
        const reason = formatFailure(failureOf(said.errno));
        const error = new TunnelscopeError('TUN', `read from TUN/TAP ${this.#options.tun.name ?? ''}: ${reason}`);
        return this.#onTrouble({ kind: 'tun', error });
      }
    }
  }

  /** The worker ended though nobody asked for it. */
  #died(cause: Error): void {
    if (Atomics.load(this.#memory.flags, FLAG.stop) !== 0) return;
    this.#halt();
    const error = new TunnelscopeError('DATA_PLANE', `the data plane failed: ${cause.message}`, { cause });
    if (this.#running === undefined) this.#ready?.reject(error);
    else this.#onTrouble({ kind: 'worker', error });
  }

  #halt(): void {
    Atomics.store(this.#memory.flags, FLAG.stop, 1);
    if (this.#wake >= 0) wake(this.#wake);
  }
}

/** Planes whose worker runs. A worker in a system call does not hear that the process ends. */
const planes = new Set<BatchedPlane>();
let listening = false;

function listenForExit(): void {
  if (listening) return;
  listening = true;
  process.on('exit', () => {
    for (const plane of planes) plane.halt();
  });
}
