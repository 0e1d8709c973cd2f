import type { Random } from '../../base/random.ts';
import type { Now } from '../../base/units.ts';
import { ClientEngine } from '../../engine/client.ts';
import type { ClientOutput, ClientProgress, ClientSettings, ClientStep } from '../../engine/client-types.ts';
import type { Numbers } from '../../engine/numbers.ts';
import type { Clock } from '../../host/clock.ts';
import { type BatchedChoice, ChosenPlane } from '../../host/dataplane/choose.ts';
import type { PlaneTrouble } from '../../host/dataplane/port.ts';
import type { Transport } from '../../host/dataplane/transport.ts';
import { NodeTlsDevice } from '../../host/tls.ts';
import type { TlsMaterial } from '../../host/tls-context.ts';
import type { Tun } from '../../host/tun.ts';
import { DEBUG } from '../../messages/debug.ts';
import type { Note, Notes } from '../../messages/notes.ts';
import type { DataPlaneRecord } from '../../model/status-report.ts';
import type { Link, MssFix, PeerSlot, PlaneCounters } from '../../protocol/data/plane.ts';
import { digestLength } from '../../protocol/digest.ts';
import { MachineDriver } from '../../service/machine-driver.ts';
import { noteKeyCommand, packetLog, type PacketLogParts } from '../../service/packet-log.ts';

/** What one attempt at a session is made of. */
export interface AttemptParts {
  /** Makes a transport of what is open already. */
  readonly open: () => Promise<Transport>;
  /** The batched data plane is to be tried, on this socket. */
  readonly batched?: BatchedChoice | undefined;
  /** On UDP; a TCP connection tells its own. */
  readonly remote: Link | undefined;
  readonly settings: Omit<ClientSettings, 'remote'>;
  readonly mssFix: MssFix | undefined;
  readonly replayWindow: { readonly size: number; readonly seconds: number };
  readonly material: TlsMaterial;
  /** What is inside the tunnel; stays the caller's. */
  readonly tun: Tun;
  readonly clock: Clock;
  readonly random: Random;
  readonly numbers: Numbers;
  readonly verb: number;
  readonly log: (note: Note, now: Now) => void;
  /** What is said of packets, keys and waiting from verb 5 up; nothing is without it. */
  readonly packets?: AttemptPackets;
  readonly onStep: (step: ClientStep) => void;
  readonly onConnected: (connected: ConnectedOutput) => void;
  readonly onTrouble: (trouble: PlaneTrouble) => void;
}

/** Where what is said of packets goes. */
export interface AttemptPackets {
  readonly notes: Notes;
  /** Takes the characters of verb 5. */
  readonly mark: (character: string) => void;
  /** `UDPv4` and its kin. */
  readonly proto: string;
  /** `log-plaintext`. */
  readonly plaintext: boolean;
}

/** The engine's word that the tunnel stands. */
export type ConnectedOutput = Extract<ClientOutput, { kind: 'connected' }>;

/** The engine's last word. */
export type EndedOutput = Extract<ClientOutput, { kind: 'ended' }>;

/** Bytes so far: the link's with encapsulation and control channel, the device's without. */
export interface AttemptBytes {
  readonly linkRead: number;
  readonly linkWrite: number;
  readonly tunRead: number;
  readonly tunWrite: number;
}

/** One attempt at a session over one transport, from the first packet to the end: socket, TLS, engine and data plane. */
export class Attempt {
  /** The engine's last word; nothing more happens after it. */
  readonly ended: Promise<EndedOutput>;
  readonly #parts: AttemptParts;
  readonly #plane: ChosenPlane;
  readonly #tls: NodeTlsDevice;
  #driver: MachineDriver<ClientOutput, ClientEngine> | undefined;
  #end: (ended: EndedOutput) => void = () => {};
  #last: EndedOutput | undefined;
  readonly #packetLog: PacketLogParts | undefined;

  /** Throws KEY_MATERIAL. */
  constructor(parts: AttemptParts) {
    this.#parts = parts;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#plane = new ChosenPlane({
      settings: {
        role: 'client',
        transport: parts.remote === undefined ? 'tcp' : 'udp',
        clientToClient: false,
        tunMtu: parts.settings.tunMtu,
        mssFix: parts.mssFix,
        replayWindow: parts.replayWindow,
        ownAddresses: [],
      },
      open: parts.open,
      batched: parts.batched,
      tun: parts.tun,
      clock: parts.clock,
    });
    this.#packetLog = parts.packets && packetLogOf(parts.packets, parts.settings.wrap);
    this.#trace(parts.verb);
    this.#tls = new NodeTlsDevice(parts.material, (tls, event) => this.run((engine, now) => engine.handleTls(tls, event, now)));
  }

  /** Begins; a TCP connection has told its link by then. */
  async start(): Promise<void> {
    this.#plane.onEvent((event) => {
      if (event.kind === 'link-opened') this.#begin(event.link);
      else this.run((engine, now) => engine.handlePlane(event, now));
    });
    this.#plane.onTrouble(this.#parts.onTrouble);
    await this.#plane.start();
    await this.#plane.begin();
    if (this.#parts.remote !== undefined) this.#begin(this.#parts.remote);
  }

  /** True when the server shall hear that we leave. */
  get tellsExit(): boolean | undefined {
    return this.#driver?.machine.tellsExit;
  }

  get progress(): ClientProgress | undefined {
    return this.#driver?.machine.progress;
  }

  /** The data plane's own counters; undefined until the tunnel is open. */
  get activity(): { readonly innerBytes: number } | undefined {
    const slot = this.#driver?.machine.slot;
    return slot && this.#plane.counters(slot);
  }

  /** What carries the packets. */
  get running(): DataPlaneRecord {
    return this.#plane.running();
  }

  get bytes(): AttemptBytes {
    const engine = this.#driver?.machine;
    const slot = engine?.slot;
    const data = this.#last?.counters ?? (slot && this.#plane.counters(slot));
    const { bytesRead, bytesWritten } = this.#plane.tunnel();
    return {
      linkRead: (engine?.counters.bytesReceived ?? 0) + (data?.bytesReceived ?? 0),
      linkWrite: (engine?.counters.bytesSent ?? 0) + (data?.bytesSent ?? 0),
      tunRead: bytesRead,
      tunWrite: bytesWritten,
    };
  }

  set verb(verb: number) {
    this.#trace(verb);
    if (this.#driver !== undefined) this.#driver.machine.notes.verb = verb;
  }

  /** Runs a command on the engine and carries out what follows; undefined before it began. */
  run<T>(action: (engine: ClientEngine, now: Now) => T): T | undefined {
    return this.#driver?.run(action);
  }

  /** Closes the socket. `ended` comes first: this is for after it. */
  async close(): Promise<void> {
    this.#driver?.stop();
    this.#tls.close();
    await this.#plane.stop();
  }

  #trace(verb: number): void {
    if (this.#packetLog !== undefined) this.#plane.traceWith(packetLog(verb, this.#packetLog));
  }

  #begin(remote: Link): void {
    const { settings, random, verb, numbers, clock } = this.#parts;
    const countersOf = (slot: PeerSlot): PlaneCounters | undefined => this.#plane.counters(slot);
    const engine = new ClientEngine({ settings: { ...settings, remote }, random, verb, countersOf, numbers }, clock.now());
    this.#driver = new MachineDriver(
      engine,
      clock,
      (output, now) => this.#carryOut(output, now),
      (milliseconds) => this.#packetLog?.notes.add(DEBUG.wait, { milliseconds: Math.round(milliseconds) }),
    );
    // Its first packet waits to be sent.
    this.#driver.run(() => {});
  }

  #carryOut(output: ClientOutput, now: Now): void {
    switch (output.kind) {
      case 'note':
        return this.#parts.log(output, now);
      case 'plane':
        if (this.#packetLog !== undefined) noteKeyCommand(this.#packetLog, output.command);
        return this.#plane.command(output.command);
      case 'tls':
        return this.#tls.command(output.command);
      case 'step':
        return this.#parts.onStep(output.step);
      case 'connected':
        return this.#parts.onConnected(output);
      case 'ended':
        this.#last = output;
        return this.#end(output);
    }
  }
}

/** A client has one peer: it is not named. */
function packetLogOf({ notes, mark, proto, plaintext }: AttemptPackets, wrap: ClientSettings['wrap']): PacketLogParts {
  return {
    notes,
    mark,
    proto: () => proto,
    peer: () => undefined,
    wrap: wrap.kind === 'tls-auth' ? { kind: wrap.kind, digestBytes: digestLength(wrap.digest) ?? 0 } : wrap,
    plaintext,
  };
}
