import { TunnelscopeError, reasonOf } from '../base/errors.ts';
import { formatIp } from '../base/ip.ts';
import type { Secret } from '../base/secret.ts';
import type { DaemonSettings, ManagementListener } from '../engine/daemon-settings.ts';
import type { Clock } from '../host/clock.ts';
import type { StreamAddress } from '../host/net-listener.ts';
import { resolveIdentity } from '../host/process.ts';
import type { StatusRenderer } from '../management/command.ts';
import { LinePart, type ReplyLine, WholeLines } from '../management/outlet.ts';
import { MANAGEMENT } from '../messages/management.ts';
import type { DaemonPort } from '../model/daemon-port.ts';
import type { StatusReport } from '../model/status-report.ts';
import type { Logging } from '../service/logging.ts';
import { type ManagementPlace, ManagementService } from '../service/management.ts';
import type { StatusCompat } from '../status/fields.ts';
import { statusJsonPieces } from '../status/json.ts';
import { END_LINE, statusPieces } from '../status/write.ts';
import { MANAGEMENT_PASSWORD } from './asked.ts';
import { askPassword } from './terminal.ts';

/** What of a daemon's settings its management interface is made of. */
export type ManagedDaemon = Pick<DaemonSettings, 'management' | 'managementOptions' | 'managementLogCache' | 'statusCompat'>;

/** What the management interface needs of the daemon. */
export interface ManagementWorld {
  readonly port: DaemonPort;
  readonly logging: Logging;
  readonly clock: Clock;
  /** What the end of the last connection means: a restart, or the daemon's end. */
  raise(name: 'SIGUSR1' | 'SIGTERM', reason: string): void;
  /** Forgets passwords that were given. */
  forgetPasswords(): void;
}

/** The management interface of a daemon, not listening yet; undefined when none is configured. */
export function makeManagement(daemon: ManagedDaemon, world: ManagementWorld): ManagementService | undefined {
  if (daemon.management.length === 0) return undefined;
  const { managementOptions: options } = daemon;
  const { notes } = world.logging;
  const onLeft = (): void => {
    if (options.forgets) world.forgetPasswords();
    if (options.connectOut) {
      notes.add(MANAGEMENT.triggeringExit, {});
      world.raise('SIGTERM', 'management-exit');
    } else if (options.signal) {
      notes.add(MANAGEMENT.triggeringSignal, {});
      world.raise('SIGUSR1', 'management-disconnect');
    }
  };
  return new ManagementService(
    world.port,
    {
      renderStatus: statusRenderer(daemon.statusCompat),
      logHistory: daemon.managementLogCache,
      single: options.single,
      onLeft,
    },
    world.logging,
    world.clock,
  );
}

/** Makes the lines of `status`, in any form. */
export function statusRenderer(compat: StatusCompat): StatusRenderer {
  return {
    lines: (report, version) => wholeLines(statusPieces(report, { version, compat }, '\r\n')),
    json: jsonLines,
  };
}

function* wholeLines(pieces: Iterable<string>): Generator<ReplyLine, void> {
  for (const piece of pieces) yield new WholeLines(piece);
}

function* jsonLines(report: StatusReport): Generator<ReplyLine, void> {
  for (const piece of statusJsonPieces(report)) yield new LinePart(piece);
  yield '';
  yield END_LINE;
}

/**
 * Where the management interface of a daemon is open. The lines of the start hold for the life of the process; what listens
 * inside the tunnel follows the server's own address.
 */
export class ManagementPlaces {
  readonly #service: ManagementService;
  readonly #daemon: ManagedDaemon;
  /** Asked for once, however often a place is opened. */
  readonly #typed = new Map<ManagementListener, Secret>();
  #outside: readonly StreamAddress[] = [];
  #inside: readonly StreamAddress[] = [];
  #own: string | undefined;

  constructor(service: ManagementService, daemon: ManagedDaemon) {
    this.#service = service;
    this.#daemon = daemon;
  }

  /** As the log prints them. */
  get addresses(): readonly string[] {
    return [...this.#outside, ...this.#inside].map(textOf);
  }

  /** Listens, or connects, everywhere but inside the tunnel. Throws LISTEN. */
  async open(): Promise<void> {
    for (const listener of this.#daemon.management) {
      if (listener.kind === 'tunnel') continue;
      const where: StreamAddress =
        listener.kind === 'unix' ? { kind: 'unix', path: listener.path } : { kind: 'tcp', host: listener.host, port: listener.port };
      const place = this.#placeOf(where, listener);
      if (this.#daemon.managementOptions.connectOut) await connectOut(this.#service, place);
      else this.#outside = [...this.#outside, await this.#service.listen(place)];
    }
  }

  /** Listens on the server's own address inside the tunnel, which stands now, and no more on a former one. Throws LISTEN. */
  async follow(own: Buffer | undefined): Promise<void> {
    const host = own === undefined ? undefined : formatIp(own);
    if (host === this.#own) return;
    this.#own = host;
    const former = this.#inside;
    this.#inside = [];
    for (const address of former) await this.#service.leave(address);
    for (const listener of this.#daemon.management) {
      if (listener.kind !== 'tunnel' || host === undefined) continue;
      const place = this.#placeOf({ kind: 'tcp', host, port: listener.port }, listener);
      this.#inside = [...this.#inside, await this.#service.listen(place)];
    }
  }

  #placeOf(where: StreamAddress, listener: ManagementListener): ManagementPlace {
    return placeOf(where, listener, this.#passwordOf(listener), this.#daemon);
  }

  #passwordOf(listener: ManagementListener): Secret | undefined {
    if (listener.password !== 'ask') return listener.password;
    const typed = this.#typed.get(listener) ?? askPassword(MANAGEMENT_PASSWORD.prompt);
    this.#typed.set(listener, typed);
    return typed;
  }
}

async function connectOut(service: ManagementService, place: ManagementPlace): Promise<void> {
  await service.connectOut(place).catch((cause: unknown) => {
    throw new TunnelscopeError('LISTEN', `MANAGEMENT: ${reasonOf(cause)}`, { cause });
  });
}

function textOf(local: StreamAddress): string {
  return local.kind === 'unix' ? local.path : `${local.host}:${local.port}`;
}

function placeOf(
  where: StreamAddress,
  listener: ManagementListener,
  password: Secret | undefined,
  { managementOptions }: ManagedDaemon,
): ManagementPlace {
  const { role, tls, socket } = listener;
  const peer = resolveIdentity({ user: managementOptions.clientUser, group: managementOptions.clientGroup });
  const owner = resolveIdentity({ user: socket?.user, group: socket?.group });
  return {
    where,
    password,
    role,
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key.reveal(), ...(tls.ca === undefined ? {} : { ca: tls.ca }) } }),
    ...(socket === undefined ? {} : { socket: { mode: socket.mode, uid: owner.user?.id, gid: owner.group?.id } }),
    ...(peer.user === undefined && peer.group === undefined ? {} : { peer: { uid: peer.user?.id, gid: peer.group?.id } }),
  };
}
