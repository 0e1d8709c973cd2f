import { formatIp } from '../base/ip.ts';
import type { Random } from '../base/random.ts';
import type { Numbers } from '../engine/numbers.ts';
import type { Configuration } from '../engine/settings-from-options.ts';
import { serverStatusRows, serverStatusSteps } from '../engine/status-view.ts';
import type { Clock } from '../host/clock.ts';
import type { DataPlane } from '../host/dataplane/port.ts';
import type { HeldFiles } from '../host/files.ts';
import type { Runner } from '../host/scripts.ts';
import { chooseTls } from '../host/tls-choice.ts';
import { LINK } from '../messages/link.ts';
import { MULTI } from '../messages/multi.ts';
import { OURS } from '../messages/ours.ts';
import { POOL } from '../messages/pool.ts';
import { START } from '../messages/start.ts';
import { formatFamilyAddress } from '../model/address.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';
import type { ServerStatus, ServerStatusRows } from '../model/status-report.ts';
import type { PlaneView } from '../protocol/data/plane.ts';
import type { Logging } from '../service/logging.ts';
import type { StatusCompat } from '../status/fields.ts';
import { statusJsonPieces } from '../status/json.ts';
import { statusLines, statusPieces } from '../status/write.ts';
import { CrlWatch } from './crl-watch.ts';
import type { TunnelInterface } from './interface.ts';
import type { Material } from './material.ts';
import { protoName, Runtime } from './runtime.ts';
import { Scripts } from './scripts.ts';
import { type FileWorld, PeriodicFile, poolContent, readPoolFile } from './state-files.ts';

/** What serving is begun with. All of it outlives it. */
export interface ServingParts {
  readonly configuration: Configuration;
  readonly material: Material;
  readonly interface: TunnelInterface;
  readonly clock: Clock;
  readonly random: Random;
  readonly runner: Runner;
  readonly logging: Logging;
  readonly numbers: Numbers;
  /** Files that stay open. */
  readonly held: HeldFiles;
  /** The banner of status files. */
  readonly title: string;
  onEvent(event: DaemonEvent): void;
  /** It cannot go on: the daemon ends. */
  onFailure(error: unknown): void;
}

/** From one start to the next restart: sockets and engine, and the files that show and remember what they do. */
export class Serving {
  readonly runtime: Runtime;
  readonly #parts: ServingParts;
  readonly #files: readonly PeriodicFile[];
  readonly #statusFiles: readonly PeriodicFile[];

  private constructor(parts: ServingParts, runtime: Runtime, pool: PeriodicFile | undefined) {
    this.#parts = parts;
    this.runtime = runtime;
    const { status, statusJson } = parts.configuration.daemon;
    const rows = (): Generator<void, Buffer, void> => fileOf(statusPieces(this.#rows(), this.#format));
    const json = (): Generator<void, Buffer, void> => this.#json();
    const world = fileWorld(parts);
    this.#statusFiles = [
      ...(status === undefined ? [] : [new PeriodicFile(status.file, status.seconds, rows, world)]),
      ...(status === undefined || !statusJson ? [] : [new PeriodicFile(`${status.file}.json`, status.seconds, json, world)]),
    ];
    this.#files = pool === undefined ? this.#statusFiles : [...this.#statusFiles, pool];
  }

  /** Opens the sockets; `begin` follows. Throws LISTEN, and FILE when what is remembered cannot be read. */
  static async open(parts: ServingParts): Promise<Serving> {
    const { configuration, material, clock, logging } = parts;
    const { server, daemon } = configuration;
    const { poolPersist, crl } = daemon;
    let pool: PeriodicFile | undefined;
    // Events name who is served before there is somebody to serve them.
    const opened: { serving?: Serving } = {};
    const tls = await chooseTls();
    if (tls.instead !== undefined) logging.notes.add(OURS.tlsInstead, { reason: tls.instead });
    const runtime: Runtime = new Runtime({
      server,
      daemon,
      material: material.tls,
      tls,
      env: parts.interface.env(configuration),
      clock,
      random: parts.random,
      logging,
      tun: parts.interface.tun,
      scripts: new Scripts(daemon, { runner: parts.runner, notes: logging.notes }),
      crl: crl === undefined ? undefined : new CrlWatch(crl, material.authorities, logging.notes),
      numbers: parts.numbers,
      poolEntries: poolPersist === undefined ? [] : await readPoolFile(poolPersist.file, parts.held),
      onEvent: (event) => {
        parts.onEvent(event);
        // Clients come and go: files that are read by the minute shall not show what was before.
        if (event.kind === 'client' && (event.what === 'ESTABLISHED' || event.what === 'DISCONNECT')) opened.serving?.statusChanged();
      },
      onPoolChange: () => pool?.write(),
      onFailure: (error) => parts.onFailure(error),
    });
    await runtime.start();
    if (poolPersist !== undefined && poolPersist.seconds > 0) {
      pool = new PeriodicFile(poolPersist.file, poolPersist.seconds, () => poolContent(runtime.engine.pool), fileWorld(parts));
    }
    const serving = new Serving(parts, runtime, pool);
    opened.serving = serving;
    serving.#noteSockets();
    for (const file of serving.#files) file.start();
    return serving;
  }

  /** Once privileges are given up: from then on clients are served. Throws DATA_PLANE. */
  begin(): Promise<void> {
    return this.runtime.begin();
  }

  /** A client came or went. */
  statusChanged(): void {
    for (const file of this.#statusFiles) file.writeSoon();
  }

  /** The server as it is now, as lines in the form that the configuration asks for. */
  statusLines(): Generator<string, void> {
    return statusLines(this.#rows(), this.#format);
  }

  /** What the JSON file holds. */
  *#json(): Generator<void, Buffer, void> {
    const steps = this.runtime.run((engine, now) => serverStatusSteps(engine, this.runtime.plane, this.#parts.title, now));
    return yield* fileOf(jsonFile(yield* steps));
  }

  /** The server as it is when its rows are gone through. */
  #rows(): ServerStatusRows {
    return this.runtime.run((engine, now) => serverStatusRows(engine, this.runtime.plane, this.#parts.title, now));
  }

  /** Keeps its files open, for after root is given away. */
  async holdFiles(): Promise<void> {
    for (const file of this.#files) await file.hold();
  }

  /** Tells clients, closes the sockets, and writes the files a last time. */
  async close(): Promise<void> {
    await this.runtime.stop();
    for (const file of this.#files) await file.stop();
  }

  get #format(): { readonly version: 1 | 2 | 3; readonly compat: StatusCompat } {
    const { server, daemon } = this.#parts.configuration;
    return { version: server.statusVersion, compat: daemon.statusCompat };
  }

  #noteSockets(): void {
    const { server, daemon } = this.#parts.configuration;
    const { notes } = this.#parts.logging;
    const { localAddress, engine } = this.runtime;
    const proto = protoName(daemon, localAddress);
    const bound = formatFamilyAddress(localAddress);
    const address = daemon.listen.host === undefined ? bound.replace(/\](0\.0\.0\.0|::):/, '][undef]:') : bound;
    if (daemon.listen.familyAssumed) notes.add(START.protocolUndetermined, { family: 'AF_INET' });
    if (daemon.listen.transport === 'tcp') notes.add(LINK.listening, { address });
    notes.add(LINK.localBound, { proto, address });
    notes.add(LINK.remote, { proto, address: '[AF_UNSPEC]' });
    notes.add(MULTI.init, { realHash: 256, virtualHash: 256 });
    if (server.pool4 !== undefined) notes.add(POOL.base4, { base: formatIp(server.pool4.first), size: engine.pool.size });
    if (server.pool6 !== undefined)
      notes.add(POOL.base6, { base: formatIp(server.pool6.first), size: engine.pool.size, bits: server.pool6.bits });
  }
}

/** What a file of these pieces holds, made in steps. */
function* fileOf(pieces: Iterable<string>): Generator<void, Buffer, void> {
  const bytes: Buffer[] = [];
  for (const piece of pieces) {
    bytes.push(Buffer.from(piece));
    yield;
  }
  return Buffer.concat(bytes);
}

function* jsonFile(report: ServerStatus): Generator<string, void> {
  yield* statusJsonPieces(report);
  yield '\n';
}

function fileWorld({ clock, logging, held }: ServingParts): FileWorld {
  return { clock, notes: logging.notes, held };
}

const NO_TRAFFIC = { packetsRead: 0, packetsWritten: 0, bytesRead: 0, bytesWritten: 0 };

/** What can be read of a data plane that is there at times only. */
export function planeViewOf(plane: () => DataPlane | undefined): PlaneView {
  return {
    running: () => plane()?.running(),
    counters: (slot) => plane()?.counters(slot),
    counter: (slot, name) => plane()?.counter(slot, name),
    routes: () => plane()?.routes() ?? [],
    tunnel: () => plane()?.tunnel() ?? NO_TRAFFIC,
  };
}
