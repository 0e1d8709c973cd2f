import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import type { Now } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import {
  addressText,
  connectStream,
  listenStream,
  type StreamAddress,
  type StreamConnection,
  type StreamListener,
  type StreamTls,
} from '../host/net-listener.ts';
import type { Role } from '../management/roles.ts';
import { ManagementServer } from '../management/server.ts';
import type { ManagementOutput, ManagementServerOptions } from '../management/server-options.ts';
import { MANAGEMENT } from '../messages/management.ts';
import type { DaemonPort } from '../model/daemon-port.ts';
import type { Logging } from './logging.ts';
import { MachineDriver } from './machine-driver.ts';
import { PacedMachine } from './paced.ts';

/** One place where management clients connect. */
export interface ManagementPlace {
  readonly where: StreamAddress;
  readonly password: Secret | undefined;
  readonly role?: Role;
  readonly tls?: StreamTls;
  /** Of a unix socket: who may open it. */
  readonly socket?: { readonly mode: number; readonly uid: number | undefined; readonly gid: number | undefined };
  /** Of a unix socket: the only user and group that are let in. */
  readonly peer?: { readonly uid: number | undefined; readonly gid: number | undefined };
}

/** How long the program that we connect to may take. */
const CONNECT_TIMEOUT = 5000;

/** Sockets at once; the server says goodbye to those beyond its own limit. */
const MAX_SOCKETS = 2000;

/** More than the server's own bound may wait in the system's buffers; this is only the last fence. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** The management interface on its sockets: connections in, replies and notifications out. */
export class ManagementService {
  readonly #driver: MachineDriver<ManagementOutput, PacedMachine<ManagementOutput, ManagementServer>>;
  readonly #clock: Clock;
  readonly #logging: Logging;
  readonly #listeners: StreamListener[] = [];
  readonly #connections = new Map<number, StreamConnection>();
  /** Bytes that the system took and the machine has not heard of, by connection. */
  readonly #sent = new Map<number, number>();

  constructor(port: DaemonPort, options: Omit<ManagementServerOptions, 'onOutput'>, logging: Logging, clock: Clock) {
    this.#logging = logging;
    this.#clock = clock;
    const onOutput = (): void => this.#driver.run(() => {});
    const machine = new ManagementServer(port, { earlierLog: logging.earlier(), ...options, onOutput }, clock.now());
    this.#driver = new MachineDriver(new PacedMachine(machine, clock, onOutput), clock, (output, now) => this.#carryOut(output, now));
  }

  /** Opens one listener. Rejects with LISTEN. */
  async listen(place: ManagementPlace): Promise<StreamAddress> {
    const listener = await listenStream(place.where, (connection) => this.#accept(connection, place), {
      maxQueuedBytes: MAX_QUEUED_BYTES,
      maxConnections: MAX_SOCKETS,
      ...(place.tls === undefined ? {} : { tls: place.tls }),
      ...(place.socket === undefined ? {} : definedOnly(place.socket)),
    }).catch((error: unknown) => {
      throw new TunnelscopeError('LISTEN', `MANAGEMENT: ${reasonOf(error)}`, { cause: error });
    });
    this.#listeners.push(listener);
    const { local } = listener;
    if (local.kind === 'unix') this.#logging.notes.add(MANAGEMENT.unixListening, { path: local.path });
    else this.#logging.notes.add(MANAGEMENT.tcpListening, { address: addressText(local) });
    return local;
  }

  /** Listens no more on an address that `listen` gave, and says goodbye to who came in there. */
  async leave(address: StreamAddress): Promise<void> {
    const listener = this.#listeners.find(({ local }) => local === address);
    if (listener === undefined) return;
    this.#listeners.splice(this.#listeners.indexOf(listener), 1);
    await listener.close();
  }

  /** Connects to a program that waits for us (`management-client`). Rejects with LISTEN. */
  async connectOut(place: ManagementPlace): Promise<void> {
    const options = { maxQueuedBytes: MAX_QUEUED_BYTES, ...(place.tls === undefined ? {} : { tls: place.tls }) };
    const connection = await connectStream(place.where, CONNECT_TIMEOUT, options);
    this.#logging.notes.add(MANAGEMENT.connectedOut, { address: addressText(place.where) });
    this.#accept(connection, place);
  }

  /** How many clients are connected. */
  get connections(): number {
    return this.#run((machine) => machine.connections);
  }

  /** Wrong passwords since the start. */
  get wrongPasswords(): number {
    return this.#run((machine) => machine.wrongPasswords);
  }

  /** True when a client is connected that was let in. */
  get attended(): boolean {
    return this.#run((machine) => machine.attended);
  }

  /** Says goodbye to all clients and closes the sockets. */
  async close(): Promise<void> {
    this.#driver.run((paced) => paced.hurry());
    this.#run((machine, now) => machine.end(now));
    await Promise.all(this.#listeners.map((listener) => listener.close()));
    this.#driver.stop();
  }

  #accept(connection: StreamConnection, place: ManagementPlace): void {
    const { id, remote } = connection;
    this.#connections.set(id, connection);
    connection.listen({
      data: (bytes) => this.#run((machine, now) => machine.handleData(id, bytes, now)),
      closed: () => {
        this.#connections.delete(id);
        this.#run((machine, now) => machine.handleClosed(id, now));
      },
    });
    const { password, role, peer } = place;
    const info = { from: addressText(remote), password, ...(role === undefined ? {} : { role }) };
    const begin = (): void => this.#run((machine, now) => machine.handleConnect(id, info, now));
    if (peer === undefined) return begin();
    connection.pause();
    void this.#admit(connection, peer, begin);
  }

  /** Lets a connection in when its credentials are known and right. */
  async #admit(connection: StreamConnection, peer: NonNullable<ManagementPlace['peer']>, begin: () => void): Promise<void> {
    const enters = await this.#mayEnter(connection, peer);
    if (!enters) return connection.end();
    begin();
    connection.resume();
  }

  /** Compares who is at the other end with who is let in; both must be right where both are asked for. */
  async #mayEnter(connection: StreamConnection, peer: NonNullable<ManagementPlace['peer']>): Promise<boolean> {
    const who = await connection.credentials().catch(() => undefined);
    const { notes } = this.#logging;
    if (who === undefined) return false;
    if (peer.uid !== undefined && who.uid !== peer.uid) {
      notes.add(MANAGEMENT.wrongUser, { uid: who.uid, required: peer.uid });
      return false;
    }
    if (peer.gid !== undefined && who.gid !== peer.gid) {
      notes.add(MANAGEMENT.wrongGroup, { gid: who.gid, required: peer.gid });
      return false;
    }
    return true;
  }

  #run<T>(action: (machine: ManagementServer, now: Now) => T): T {
    return this.#driver.run(({ machine }, now) => action(machine, now));
  }

  /** Told at the next turn: a long reply to a fast reader would leave none to others. */
  #noteSent(id: number, bytes: number): void {
    if (this.#sent.size === 0) this.#clock.schedule(this.#clock.now().at, () => this.#tellSent());
    this.#sent.set(id, (this.#sent.get(id) ?? 0) + bytes);
  }

  #tellSent(): void {
    const all = [...this.#sent];
    this.#sent.clear();
    this.#run((machine, now) => {
      for (const [id, bytes] of all) machine.handleSent(id, bytes, now);
    });
  }

  #carryOut(output: ManagementOutput, now: Now): void {
    if (output.kind === 'note') return this.#logging.log(output, now);
    if (output.kind === 'turn') return;
    const connection = this.#connections.get(output.id);
    switch (output.kind) {
      case 'send': {
        const { bytes, id } = output;
        connection?.write(bytes, () => this.#noteSent(id, bytes.length));
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

function definedOnly({ mode, uid, gid }: NonNullable<ManagementPlace['socket']>): { mode: number; uid?: number; gid?: number } {
  return { mode, ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
}
