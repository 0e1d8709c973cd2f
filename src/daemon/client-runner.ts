import type { Random } from '../base/random.ts';
import { after, milliseconds, type Now, seconds } from '../base/units.ts';
import { ClientEngine } from '../engine/client.ts';
import type { ClientOutput, ClientProgress, ClientSettings, PulledAddress } from '../engine/client-types.ts';
import { Numbers } from '../engine/numbers.ts';
import type { Clock } from '../host/clock.ts';
import { PortablePlane } from '../host/dataplane/portable.ts';
import { udpTransport } from '../host/dataplane/transport.ts';
import { NodeTlsDevice } from '../host/tls.ts';
import type { TlsMaterial } from '../host/tls-context.ts';
import type { Tun } from '../host/tun.ts';
import { openUdp } from '../host/udp.ts';
import type { Note } from '../messages/notes.ts';
import { hostOf } from '../protocol/data/link.ts';
import { MachineDriver } from '../service/machine-driver.ts';

/** Between attempts, doubled with each that fails (facts: wire 24). */
const RETRY = { first: seconds(1), longest: seconds(300) };

/** What a client in this process is made of. */
export interface ClientRunnerParts {
  /** `remote` is a UDP link. */
  readonly settings: ClientSettings;
  readonly material: TlsMaterial;
  readonly clock: Clock;
  readonly random: Random;
  /** What is inside the tunnel; stays the caller's. */
  readonly tun: Tun;
  readonly verb: number;
  readonly log: (note: Note, now: Now) => void;
}

/**
 * An OpenVPN client in this process, over a real UDP socket: connects, comes back when the session ends for a reason that
 * lets it, and leaves with a word to the server.
 */
export class ClientRunner {
  readonly #parts: ClientRunnerParts;
  readonly #plane: PortablePlane;
  readonly #tls: NodeTlsDevice;
  readonly #numbers = new Numbers();
  #driver: MachineDriver<ClientOutput, ClientEngine> | undefined;
  #address4: PulledAddress | undefined;
  #connects = 0;
  #retry = RETRY.first;
  #cancelRetry: () => void = () => {};
  /** Set when the client shall not come back. */
  #left: (() => void) | undefined;

  /** Throws KEY_MATERIAL. */
  constructor(parts: ClientRunnerParts) {
    const { settings, clock, tun } = parts;
    const { remote, tunMtu } = settings;
    this.#parts = parts;
    this.#plane = new PortablePlane({
      settings: {
        role: 'client',
        transport: 'udp',
        clientToClient: false,
        tunMtu,
        mssFix: { size: 1492, counts: 'mtu' },
        replayWindow: { size: 64, seconds: 15 },
        ownAddresses: [],
      },
      open: async () => {
        const to = { host: hostOf(remote), port: remote.address.port };
        return udpTransport(await openUdp({ family: remote.address.family, port: 0, remote: to }));
      },
      tun,
      clock,
    });
    this.#tls = new NodeTlsDevice(parts.material, (tls, event) => this.#run((engine, now) => engine.handleTls(tls, event, now)));
  }

  /** How far the present attempt is; undefined between attempts. */
  get progress(): ClientProgress | undefined {
    return this.#driver?.machine.progress;
  }

  /** The own IPv4 address inside the tunnel, while connected. */
  get address4(): PulledAddress | undefined {
    return this.progress === 'connected' ? this.#address4 : undefined;
  }

  /** How often it was connected. */
  get connects(): number {
    return this.#connects;
  }

  /** Opens the socket and begins to connect. Throws LISTEN. */
  async start(): Promise<void> {
    this.#plane.onEvent((event) => this.#run((engine, now) => engine.handlePlane(event, now)));
    // A server that is not there is noticed by the handshake's own timeout.
    this.#plane.onTrouble(() => {});
    await this.#plane.start();
    this.#attempt();
  }

  /** Leaves the server, if it is connected, and closes everything but the tunnel's inside. */
  async stop(signal: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#left = resolve;
      this.#cancelRetry();
      if (this.#driver === undefined) resolve();
      else this.#run((engine, now) => engine.leave(signal, now));
    });
    this.#tls.close();
    await this.#plane.stop();
  }

  #run(action: (engine: ClientEngine, now: Now) => void): void {
    this.#driver?.run(action);
  }

  #attempt(): void {
    const { settings, random, verb, clock } = this.#parts;
    const engine = new ClientEngine({ settings, random, verb, numbers: this.#numbers }, clock.now());
    this.#driver = new MachineDriver(engine, clock, (output, now) => this.#carryOut(output, now));
    // Its first packet waits to be sent.
    this.#driver.run(() => {});
  }

  #carryOut(output: ClientOutput, now: Now): void {
    switch (output.kind) {
      case 'note':
        return this.#parts.log(output, now);
      case 'plane':
        return this.#plane.command(output.command);
      case 'tls':
        return this.#tls.command(output.command);
      case 'step':
        return;
      case 'connected':
        this.#connects++;
        this.#address4 = output.address4;
        this.#retry = RETRY.first;
        return;
      case 'ended':
        return this.#ended(output, now);
    }
  }

  #ended(ended: Extract<ClientOutput, { kind: 'ended' }>, now: Now): void {
    this.#driver?.stop();
    this.#driver = undefined;
    if (this.#left !== undefined) return this.#left();
    if (!ended.again) return;
    const wait = milliseconds(Math.max(this.#retry, (ended.backoffSeconds ?? 0) * 1000));
    this.#retry = milliseconds(Math.min(this.#retry * 2, RETRY.longest));
    this.#cancelRetry = this.#parts.clock.schedule(after(now.at, wait), () => this.#attempt());
  }
}
