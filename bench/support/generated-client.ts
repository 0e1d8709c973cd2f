import type { Now } from '../../src/base/units.ts';
import { ClientEngine } from '../../src/engine/client.ts';
import type { ClientOutput, ClientSettings } from '../../src/engine/client-types.ts';
import { Numbers } from '../../src/engine/numbers.ts';
import { SystemClock } from '../../src/host/clock.ts';
import { PortablePlane } from '../../src/host/dataplane/portable.ts';
import { udpTransport } from '../../src/host/dataplane/transport.ts';
import { systemRandom } from '../../src/host/random.ts';
import { NodeTlsDevice } from '../../src/host/tls.ts';
import type { TlsMaterial } from '../../src/host/tls-context.ts';
import { NullTun } from '../../src/host/tun.ts';
import { openUdp } from '../../src/host/udp.ts';
import type { PeerSlot, PlaneCounters } from '../../src/protocol/data/plane.ts';
import type { TlsCommand } from '../../src/protocol/tls.ts';
import { MachineDriver } from '../../src/service/machine-driver.ts';

type Driver = MachineDriver<ClientOutput, ClientEngine>;

/** Makes clients of one process: they share certificates and numbers, and have a socket each. */
export class ClientFactory {
  readonly #settings: ClientSettings;
  readonly #numbers = new Numbers();
  readonly #clock = new SystemClock();
  readonly #tls: readonly NodeTlsDevice[];
  readonly #byTls = new Map<number, Driver>();
  #nextPort: number;

  /** Sockets are bound to `firstPort` and those after it: a port that a server still knows from before would not be a new client. */
  constructor(settings: ClientSettings, materials: readonly TlsMaterial[], firstPort: number) {
    this.#settings = settings;
    this.#nextPort = firstPort;
    this.#tls = materials.map(
      (material) =>
        new NodeTlsDevice(material, (tls, event) => {
          this.#byTls.get(tls)?.run((engine, now) => engine.handleTls(tls, event, now));
        }),
    );
  }

  /** A client with its socket open, that has not sent anything yet. */
  async make(): Promise<GeneratedClient> {
    const { address } = this.#settings.remote;
    const remote = { host: address.ip, port: address.port };
    const port = this.#nextPort++;
    const plane = new PortablePlane({
      settings: {
        role: 'client',
        transport: 'udp',
        clientToClient: false,
        tunMtu: this.#settings.tunMtu,
        mssFix: undefined,
        replayWindow: { size: 64, seconds: 15 },
        ownAddresses: [],
      },
      open: async () => udpTransport(await openUdp({ family: 4, port, remote })),
      tun: new NullTun(),
      clock: this.#clock,
    });
    const start = (carryOut: (driver: Driver, output: ClientOutput) => void): Driver => {
      const countersOf = (slot: PeerSlot): PlaneCounters | undefined => plane.counters(slot);
      const config = { settings: this.#settings, random: systemRandom, verb: 0, countersOf, numbers: this.#numbers };
      const engine = new ClientEngine(config, this.#clock.now());
      const driver: Driver = new MachineDriver(engine, this.#clock, (output) => {
        if (output.kind === 'tls') this.#command(driver, port, output.command);
        else carryOut(driver, output);
      });
      return driver;
    };
    const client = new GeneratedClient(plane, start);
    await plane.start();
    return client;
  }

  #command(driver: Driver, port: number, command: TlsCommand): void {
    if (command.kind === 'tls-open') this.#byTls.set(command.tls, driver);
    if (command.kind === 'tls-close') this.#byTls.delete(command.tls);
    this.#tls[port % this.#tls.length]?.command(command);
  }
}

/** One client, for one connection. */
export class GeneratedClient {
  readonly #plane: PortablePlane;
  readonly #start: (carryOut: (driver: Driver, output: ClientOutput) => void) => Driver;
  #driver: Driver | undefined;
  #settled: (connected: boolean) => void = () => {};

  constructor(plane: PortablePlane, start: (carryOut: (driver: Driver, output: ClientOutput) => void) => Driver) {
    this.#plane = plane;
    this.#start = start;
    plane.onEvent((event) => this.#driver?.run((engine, now) => engine.handlePlane(event, now)));
  }

  /** True when the PUSH_REPLY has come and the tunnel is open; false when it came to an end before. */
  connect(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#settled = resolve;
      this.#driver = this.#start((driver, output) => this.#carryOut(driver, output));
      this.#driver.run(() => undefined);
    });
  }

  /** Says good-bye and ends a second later. */
  leave(): void {
    this.#driver?.run((engine: ClientEngine, now: Now) => engine.leave('SIGTERM', now));
  }

  #carryOut(driver: Driver, output: ClientOutput): void {
    if (output.kind === 'plane') this.#plane.command(output.command);
    else if (output.kind === 'connected') this.#settled(true);
    else if (output.kind === 'ended') {
      driver.stop();
      void this.#plane.stop();
      this.#settled(false);
    }
  }
}
