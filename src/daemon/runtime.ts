import type { Random } from '../base/random.ts';
import { after, type Duration, type Now, seconds } from '../base/units.ts';
import type { DaemonSettings } from '../engine/daemon-settings.ts';
import { hostRoute } from '../engine/inner-owners.ts';
import type { Numbers } from '../engine/numbers.ts';
import type { PoolEntry } from '../engine/pool.ts';
import { ServerEngine } from '../engine/server.ts';
import type { ServerSettings } from '../engine/settings.ts';
import type { EngineOutput, Question } from '../engine/types.ts';
import type { Clock } from '../host/clock.ts';
import { ChosenPlane } from '../host/dataplane/choose.ts';
import type { DataPlane } from '../host/dataplane/port.ts';
import { tcpServerTransport, type Transport, udpTransport } from '../host/dataplane/transport.ts';
import { listenTcp } from '../host/tcp.ts';
import type { TlsDevice } from '../host/tls.ts';
import type { TlsChoice } from '../host/tls-choice.ts';
import type { TlsMaterial } from '../host/tls-context.ts';
import type { Tun } from '../host/tun.ts';
import { openUdp, type UdpOptions } from '../host/udp.ts';
import { DEBUG } from '../messages/debug.ts';
import { LINK } from '../messages/link.ts';
import { OURS } from '../messages/ours.ts';
import type { Address } from '../model/address.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';
import type { EnvList } from '../model/env-list.ts';
import { longestPacket } from '../protocol/data/forward.ts';
import { digestLength } from '../protocol/digest.ts';
import type { Logging } from '../service/logging.ts';
import { noteKeyCommand, packetLog, type PacketLogParts } from '../service/packet-log.ts';
import { MachineDriver } from '../service/machine-driver.ts';
import type { CrlWatch } from './crl-watch.ts';
import { wantsBatched } from './data-plane.ts';
import type { Scripts } from './scripts.ts';

/** The last packets of the end may take this long. */
const STOP_LIMIT = seconds(1);

/** An engine says goodbye in two seconds; one that does not come to an end must not keep the process. */
const GOODBYE_LIMIT = seconds(10);

/** What a runtime is made of. The TUN device, the log and the numbers outlive it. */
export interface RuntimeParts {
  readonly server: ServerSettings;
  readonly daemon: DaemonSettings;
  readonly material: TlsMaterial;
  readonly tls: Pick<TlsChoice, 'make' | 'tlsCrypt'>;
  readonly env: EnvList;
  readonly clock: Clock;
  readonly random: Random;
  readonly logging: Logging;
  readonly tun: Tun;
  readonly scripts: Scripts;
  readonly crl: CrlWatch | undefined;
  readonly numbers: Numbers;
  readonly poolEntries: readonly PoolEntry[];
  readonly onEvent: (event: DaemonEvent) => void;
  readonly onPoolChange: () => void;
  /** The data plane cannot go on: the daemon ends. */
  readonly onFailure: (error: unknown) => void;
}

/** What lives from one start to the next restart: sockets, TLS sessions, the engine and the driver that joins them. */
export class Runtime {
  readonly engine: ServerEngine;
  readonly plane: DataPlane;
  readonly #parts: RuntimeParts;
  readonly #tls: TlsDevice;
  readonly #driver: MachineDriver<EngineOutput, ServerEngine>;
  readonly #packetLog: PacketLogParts;
  /** Scripts that tell of a client's end, under way: the daemon ends after them. */
  readonly #farewells = new Set<Promise<void>>();
  #stopped: (() => void) | undefined;

  constructor(parts: RuntimeParts) {
    const { server, daemon } = parts;
    this.#parts = parts;
    this.#packetLog = this.#packetLogParts(parts);
    this.plane = new ChosenPlane({
      settings: {
        role: 'server',
        transport: server.transport,
        clientToClient: server.clientToClient,
        tunMtu: server.tunMtu,
        mssFix: server.mssFix,
        replayWindow: server.replayWindow,
        ownAddresses: [server.tunnel4, server.tunnel6].filter((own) => own !== undefined).map((own) => hostRoute(own.address)),
      },
      open: () => openTransport(daemon, server.tunMtu, server.maxClients),
      batched: wantsBatched(daemon, daemon.listen.transport) ? { udp: udpOptions(daemon), without: daemon.dataPlane.without } : undefined,
      tun: parts.tun,
      clock: parts.clock,
    });
    this.engine = new ServerEngine({
      settings: server,
      random: parts.random,
      tlsCrypt: parts.tls.tlsCrypt,
      verb: parts.logging.logger.verb,
      env: parts.env,
      plane: this.plane,
      poolEntries: parts.poolEntries,
      numbers: parts.numbers,
    });
    this.#driver = new MachineDriver(
      this.engine,
      parts.clock,
      (output, now) => this.#carryOut(output, now),
      (milliseconds) => parts.logging.notes.add(DEBUG.wait, { milliseconds: Math.round(milliseconds) }),
    );
    this.#tls = parts.tls.make(parts.material, (tls, event) => this.run((engine, now) => engine.handleTls(tls, event, now)));
    this.engine.setCrl(parts.crl?.current);
  }

  #packetLogParts({ logging, daemon, server }: RuntimeParts): PacketLogParts {
    const wrap = server.control.wrap;
    return {
      notes: logging.notes,
      mark: (character) => logging.mark(character),
      proto: () => protoName(daemon, this.localAddress),
      peer: (slot) => this.engine.refOf(slot),
      wrap: wrap.kind === 'tls-auth' ? { kind: wrap.kind, digestBytes: digestLength(wrap.digest) ?? 0 } : wrap,
      plaintext: daemon.log.plaintext,
    };
  }

  /** Opens the sockets. Throws LISTEN. */
  async start(): Promise<void> {
    this.plane.onEvent((event) => this.run((engine, now) => engine.handlePlane(event, now)));
    this.plane.onTrouble((trouble) => {
      const { notes } = this.#parts.logging;
      if ('error' in trouble) return this.#parts.onFailure(trouble.error);
      if (trouble.kind === 'step-off') return notes.add(OURS.dataPlaneStepOff, trouble);
      if (trouble.kind === 'step-on') return notes.add(OURS.dataPlaneStepOn, trouble);
      notes.add(LINK.readError, {
        proto: protoName(this.#parts.daemon, this.localAddress),
        name: trouble.code,
        reason: trouble.words,
        fd: -1,
        code: trouble.errno,
      });
    });
    await this.plane.start();
    this.setVerb(this.#parts.logging.logger.verb);
  }

  /** Once privileges are given up: from then on clients are served. Throws DATA_PLANE. */
  async begin(): Promise<void> {
    await this.plane.begin();
    const { adapter, crypto, steps, instead } = this.plane.running();
    const { notes } = this.#parts.logging;
    if (instead !== undefined) notes.add(OURS.dataPlaneInstead, { reason: instead });
    if (adapter === 'batched') notes.add(OURS.dataPlane, { adapter, crypto, steps: steps.join(' ') || 'nothing more' });
  }

  get localAddress(): Address {
    return this.plane.localAddress();
  }

  /** Runs a command on the engine and carries out what follows. */
  run<T>(command: (engine: ServerEngine, now: Now) => T): T {
    return this.#driver.run(command);
  }

  setVerb(verb: number): void {
    this.engine.notes.verb = verb;
    this.plane.traceWith(packetLog(verb, this.#packetLog));
  }

  /**
   * Tells the clients, waits until the last one's counters are in and the scripts of their end have run, then closes everything
   * but the TUN device.
   */
  async stop(): Promise<void> {
    const { clock, logging } = this.#parts;
    const done = new Promise<void>((resolve) => {
      this.#stopped = resolve;
    });
    this.run((engine, now) => engine.stop(now));
    await withLimit(done, GOODBYE_LIMIT, clock);
    // Each has a time limit of its own.
    while (this.#farewells.size > 0) await Promise.all(this.#farewells);
    this.#driver.stop();
    this.#tls.close();
    logging.notes.add(LINK.closing, {});
    await withLimit(this.plane.stop(), STOP_LIMIT, clock);
  }

  #carryOut(output: EngineOutput, now: Now): void {
    switch (output.kind) {
      case 'note':
        return this.#parts.logging.log(output, now);
      case 'event':
        return this.#parts.onEvent(output.event);
      case 'plane':
        noteKeyCommand(this.#packetLog, output.command);
        return this.plane.command(output.command);
      case 'tls':
        if (output.command.kind === 'tls-open') this.engine.setCrl(this.#parts.crl?.refresh(now));
        return this.#tls.command(output.command);
      case 'ask':
        return this.#answer(output.id, output.question);
      case 'pool-changed':
        return this.#parts.onPoolChange();
      case 'stopped':
        return this.#stopped?.();
    }
  }

  #answer(id: number, question: Question): void {
    const { scripts, onFailure } = this.#parts;
    const answered = scripts
      .answer(question)
      .then((answer) => this.run((engine, now) => engine.handleAnswer(id, answer, now)))
      .catch((error: unknown) => onFailure(error));
    if (question.what !== 'client-disconnect' && question.what !== 'learn-address') return;
    this.#farewells.add(answered);
    void answered.finally(() => this.#farewells.delete(answered));
  }
}

async function openTransport(daemon: DaemonSettings, tunMtu: number, maxClients: number): Promise<Transport> {
  if (daemon.listen.transport === 'udp') return udpTransport(await openUdp(udpOptions(daemon)));
  return tcpServerTransport(await listenTcp({ ...bindOf(daemon), maxPacket: longestPacket(tunMtu), maxConnections: 2 * maxClients }));
}

function bindOf({ listen }: DaemonSettings): { family: 4 | 6; ipv6Only: boolean; host: string | undefined; port: number } {
  return { family: listen.family === 4 ? 4 : 6, ipv6Only: listen.family === 6, host: listen.host, port: listen.port };
}

function udpOptions(daemon: DaemonSettings): UdpOptions {
  return { ...bindOf(daemon), sendBuffer: daemon.sendBuffer, receiveBuffer: daemon.receiveBuffer };
}

/** `UDPv4`, `TCPv6_SERVER`: how the log names a transport. */
export function protoName(daemon: DaemonSettings, local: Address): string {
  const family = local.family === 6 ? 'v6' : 'v4';
  return daemon.listen.transport === 'udp' ? `UDP${family}` : `TCP${family}_SERVER`;
}

/** Settles with the work or after the limit, whichever is first. */
async function withLimit(work: Promise<void>, limit: Duration, clock: Clock): Promise<void> {
  let cancel = (): void => {};
  const over = new Promise<void>((resolve) => {
    cancel = clock.schedule(after(clock.now().at, limit), resolve);
  });
  await Promise.race([work, over]);
  cancel();
}
