import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Now } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import { addressText, listenStream, type StreamAddress, type StreamConnection, type StreamListener } from '../host/net-listener.ts';
import { ManagementServer } from '../management/server.ts';
import type { ManagementOutput, ManagementServerOptions } from '../management/server-options.ts';
import { MANAGEMENT } from '../messages/management.ts';
import type { DaemonPort } from '../model/daemon-port.ts';
import type { Logging } from './logging.ts';
import { MachineDriver } from './machine-driver.ts';

/** One place where management clients connect. */
export interface ManagementPlace {
  readonly where: StreamAddress;
  readonly password: Secret | undefined;
}

/** More than the server's own bound may wait in the system's buffers; this is only the last fence. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** The management interface on its sockets: connections in, replies and notifications out. */
export class ManagementService {
  readonly #driver: MachineDriver<ManagementOutput, ManagementServer>;
  readonly #logging: Logging;
  readonly #listeners: StreamListener[] = [];
  readonly #connections = new Map<number, StreamConnection>();

  constructor(port: DaemonPort, options: Omit<ManagementServerOptions, 'onOutput' | 'earlierLog'>, logging: Logging, clock: Clock) {
    this.#logging = logging;
    const onOutput = (): void => this.#driver.run(() => {});
    const machine = new ManagementServer(port, { ...options, earlierLog: logging.earlier(), onOutput }, clock.now());
    this.#driver = new MachineDriver(machine, clock, (output, now) => this.#carryOut(output, now));
  }

  /** Opens one listener. Rejects with LISTEN. */
  async listen(place: ManagementPlace): Promise<StreamAddress> {
    const listener = await listenStream(place.where, (connection) => this.#accept(connection, place), {
      maxQueuedBytes: MAX_QUEUED_BYTES,
    }).catch((error: unknown) => {
      throw new TunnelscopeError('LISTEN', `MANAGEMENT: ${reasonOf(error)}`, { cause: error });
    });
    this.#listeners.push(listener);
    const { local } = listener;
    if (local.kind === 'unix') this.#logging.notes.add(MANAGEMENT.unixListening, { path: local.path });
    else this.#logging.notes.add(MANAGEMENT.tcpListening, { address: addressText(local) });
    return local;
  }

  /** Says goodbye to all clients and closes the sockets. */
  async close(): Promise<void> {
    this.#driver.run((machine, now) => machine.end(now));
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#driver.stop();
  }

  #accept(connection: StreamConnection, place: ManagementPlace): void {
    const { id, remote } = connection;
    this.#connections.set(id, connection);
    connection.listen({
      data: (bytes) => this.#driver.run((machine, now) => machine.handleData(id, bytes, now)),
      closed: () => {
        this.#connections.delete(id);
        this.#driver.run((machine, now) => machine.handleClosed(id, now));
      },
    });
    this.#driver.run((machine, now) => machine.handleConnect(id, { from: addressText(remote), password: place.password }, now));
  }

  #carryOut(output: ManagementOutput, now: Now): void {
    if (output.kind === 'note') return this.#logging.log(output, now);
    const connection = this.#connections.get(output.id);
    switch (output.kind) {
      case 'send': {
        const { bytes, id } = output;
        connection?.write(bytes, () => this.#driver.run((machine, later) => machine.handleSent(id, bytes.length, later)));
        return;
      }
      case 'close':
        return connection?.end();
      case 'pause':
        return connection?.pause();
      case 'resume':
        return connection?.resume();
    }
  }
}
