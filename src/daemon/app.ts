import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { after, type Now, seconds } from '../base/units.ts';
import type { LogSettings } from '../engine/daemon-settings.ts';
import { NativePort } from '../engine/native-port.ts';
import { Numbers } from '../engine/numbers.ts';
import type { Configuration, RefusedConfiguration } from '../engine/settings-from-options.ts';
import { serverStatus } from '../engine/status-view.ts';
import { readText, whyUnusable } from '../host/access.ts';
import { AppendFile } from '../host/append-file.ts';
import type { Clock } from '../host/clock.ts';
import { IpRoute2 } from '../host/ip.ts';
import { dropPrivileges, resolveIdentity } from '../host/process.ts';
import { ProcessRunner } from '../host/scripts.ts';
import type { SignalName } from '../host/signals.ts';
import { removeFile } from '../host/temporary.ts';
import { writeWholeFile } from '../host/files.ts';
import { LINK } from '../messages/link.ts';
import { MULTI } from '../messages/multi.ts';
import { OURS } from '../messages/ours.ts';
import { POOL } from '../messages/pool.ts';
import { recognise } from '../messages/recogniser.ts';
import { START } from '../messages/start.ts';
import { STATUS } from '../messages/status.ts';
import { formatFamilyAddress } from '../model/address.ts';
import type { Address } from '../model/address.ts';
import type { DaemonState, StateName } from '../model/daemon-port.ts';
import { formatIp } from '../base/ip.ts';
import { Logging } from '../service/logging.ts';
import { ManagementService } from '../service/management.ts';
import { statusLines, statusText } from '../status/write.ts';
import { readConfiguration } from './configuration.ts';
import { CrlWatch } from './crl-watch.ts';
import { daemonEnv } from './env.ts';
import { loadMaterial, type Material } from './material.ts';
import { protoName, Runtime } from './runtime.ts';
import { Scripts } from './scripts.ts';
import { PeriodicFile, poolText, readPoolFile } from './state-files.ts';
import { Tunnel } from './tunnel.ts';
import { OPENVPN_VERSION, titleOf, titleRest } from './title.ts';

/** Between the end of one run and the next, as in stock. */
const RESTART_PAUSE = seconds(1);

/** What an app is started with. */
export interface AppOptions {
  /** OpenVPN's own command line: `--config server.conf ...`. */
  readonly argv: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly pid: number;
  /** Of this package. */
  readonly version: string;
}

/** A signal with where it came from: the system or the management interface. */
interface Cause {
  readonly name: SignalName;
  readonly source: 'hard' | 'soft';
  readonly reason: string;
}

/**
 * The server daemon: reads the configuration, opens what it names, runs until a signal ends it, and restarts or reloads on the
 * way. `start` settles when clients are served; `done` with the exit status.
 */
export class DaemonApp {
  /** Settles with the exit status when everything is closed. */
  readonly done: Promise<number>;
  readonly logging: Logging;
  readonly port: NativePort;
  readonly #options: AppOptions;
  readonly #title: string;
  readonly #numbers = new Numbers();
  readonly #started: Now;
  #finish: (status: number) => void = () => {};
  #configuration: Configuration | undefined;
  #runtime: Runtime | undefined;
  #tunnel: Tunnel | undefined;
  #scripts: Scripts | undefined;
  #management: ManagementService | undefined;
  #managementAddresses: string[] = [];
  #statusFile: PeriodicFile | undefined;
  #poolFile: PeriodicFile | undefined;
  /** Causes that came while one was being carried out. */
  readonly #causes: Cause[] = [];
  #busy = true;
  #ended = false;
  readonly #directory = process.cwd();

  constructor(options: AppOptions) {
    this.#options = options;
    this.#title = titleOf(options.version);
    this.#started = options.clock.now();
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.logging = new Logging(options.clock, outletOver(1), outletOver(2));
    this.port = new NativePort({
      title: this.#title,
      pid: options.pid,
      plane: { counters: (slot) => this.#runtime?.plane.counters(slot), routes: () => this.#runtime?.plane.routes() ?? [], tunnel: () => NO_TRAFFIC },
      run: (command) => this.#runtime?.run(command),
      verb: (set) => this.#verb(set),
      mute: (set) => this.#mute(set),
      signal: (name) => this.#softSignal(name),
    });
    this.logging.subscribe((line) => this.port.emit({ kind: 'log', line }));
  }

  /** Where management clients connect, as the log prints it. */
  get managementAddresses(): readonly string[] {
    return this.#managementAddresses;
  }

  /** Where clients connect; undefined before the start. */
  get localAddress(): Address | undefined {
    return this.#runtime?.localAddress;
  }

  /** Starts; whatever fails is logged in stock's form and ends the app with status 1. */
  async start(): Promise<void> {
    const read = this.#read();
    if (!read.ok) {
      this.#logRefused(read.error);
      return this.#end(1);
    }
    try {
      await this.#open(read.value);
      await this.#serve('init');
    } catch (error) {
      return this.#fatal(error);
    }
    this.#busy = false;
    this.#next();
  }

  /** A signal of the system. */
  signal(name: SignalName, source: 'hard' | 'soft' = 'hard', reason = ''): void {
    if (name === 'SIGUSR2') return this.#dumpStatus();
    this.#causes.push({ name, source, reason });
    this.#next();
  }

  // --- configuration ----------------------------------------------------------------------------------------------

  #read(): Result<Configuration, RefusedConfiguration> {
    const result = readConfiguration(this.#options.argv, {
      files: { read: readText, check: whyUnusable },
      random: this.#options.random,
      note: (note) => this.logging.log(note, this.#options.clock.now()),
      changeDirectory: (path) => this.#changeDirectory(path),
      applyLog: (log) => this.#applyLog(log),
    });
    const now = this.#options.clock.now();
    for (const note of result.ok ? result.value.warnings : result.error.warnings) this.logging.log(note, now);
    return result;
  }

  #logRefused(refused: RefusedConfiguration): void {
    for (const note of refused.errors) this.logging.log(note, this.#options.clock.now());
  }

  #changeDirectory(path: string): Result<void, string> {
    try {
      process.chdir(path);
      return ok(undefined);
    } catch {
      return fail(whyUnusable(path, 'directory') ?? 'cannot be entered');
    }
  }

  #look: Pick<LogSettings, 'stamps' | 'errorsToStderr'> = { stamps: 'date', errorsToStderr: false };

  #applyLog(log: Partial<LogSettings>): void {
    if (log.verb !== undefined) this.#verb(log.verb);
    if (log.mute !== undefined) this.#mute(log.mute);
    if (log.file !== undefined && !this.logging.toFile) this.#useLogFile(log.file.path, log.file.append);
    // Machine-readable output wins over suppressed time stamps, in either order (facts: logging 4).
    const stamps = this.#look.stamps === 'machine' ? 'machine' : (log.stamps ?? this.#look.stamps);
    this.#look = { stamps, errorsToStderr: log.errorsToStderr ?? this.#look.errorsToStderr };
    this.logging.setLook(this.#look);
  }

  #useLogFile(path: string, append: boolean): void {
    try {
      const file = AppendFile.open(path, { truncate: !append });
      this.logging.useFile({ write: (line) => void file.append(line), close: () => file.close() });
    } catch (error) {
      const [, reason = reasonOf(error), errno = '0'] = /: ([^:]*) \(errno=(\d+)\)$/.exec(reasonOf(error)) ?? [];
      this.logging.notes.add(START.logRedirectFailed, { file: path, reason, errno });
    }
  }

  #verb(set?: number): number {
    if (set !== undefined) {
      this.logging.setVerb(set);
      this.#runtime?.setVerb(set);
    }
    return this.logging.logger.verb;
  }

  #mute(set?: number): number {
    if (set !== undefined) this.logging.setMute(set);
    return this.logging.logger.mute;
  }

  // --- start ------------------------------------------------------------------------------------------------------

  /** What is opened once: management, device, privileges. */
  async #open(configuration: Configuration): Promise<void> {
    const { server, daemon } = configuration;
    const { notes } = this.logging;
    this.port.statusVersion = server.statusVersion;
    notes.add(START.version, { version: OPENVPN_VERSION, rest: titleRest(this.#options.version) });
    notes.add(START.libraryVersions, { versions: `OpenSSL ${process.versions.openssl}, Node ${process.versions.node}` });
    const identity = resolveIdentity({ user: daemon.user, group: daemon.group });
    const material = this.#material(configuration);
    await this.#openManagement(configuration);
    this.#state('CONNECTING');
    this.#tunnel = await Tunnel.open(server, daemon, new IpRoute2(new ProcessRunner()), notes);
    if (server.tunnel4 !== undefined) this.#state('ASSIGN_IP', undefined, configuration);
    await this.#tunnel.configure();
    this.#makeScripts(configuration);
    await this.#interfaceHook('up', configuration, 'init');
    if (daemon.routes.length > 0) this.#state('ADD_ROUTES');
    await this.#tunnel.addRoutes();
    await this.#interfaceHook('route-up', configuration, 'init');
    await this.#makeRuntime(configuration, material);
    dropPrivileges(identity);
    if (identity.group !== undefined) notes.add(START.groupSet, { group: identity.group.name });
    if (identity.user !== undefined) notes.add(START.userSet, { user: identity.user.name });
    await this.#writePid(configuration);
  }

  async #openManagement({ daemon }: Configuration): Promise<void> {
    if (daemon.management.length === 0) return;
    const renderStatus = (report: Parameters<typeof statusLines>[0], version: 1 | 2 | 3): Iterable<string> => statusLines(report, { version, compat: '2.6' });
    this.#management = new ManagementService(this.port, { renderStatus, logHistory: daemon.managementLogCache }, this.logging, this.#options.clock);
    for (const listener of daemon.management) {
      const where = listener.kind === 'unix' ? { kind: 'unix' as const, path: listener.path } : { kind: 'tcp' as const, host: listener.host, port: listener.port };
      const local = await this.#management.listen({ where, password: listener.password });
      this.#managementAddresses.push(local.kind === 'unix' ? local.path : `${local.host}:${local.port}`);
    }
  }

  #material(configuration: Configuration): Material {
    return loadMaterial(configuration, this.logging.notes);
  }

  #makeScripts({ daemon }: Configuration): void {
    this.#scripts = new Scripts(daemon, { runner: new ProcessRunner(), notes: this.logging.notes });
  }

  async #interfaceHook(name: 'up' | 'down' | 'route-up', { server, daemon }: Configuration, context: 'init' | 'restart'): Promise<void> {
    const done = await this.#scripts?.interfaceHook(name, server, this.#tunnel?.name ?? 'null', this.#env({ server, daemon, warnings: [] }), context);
    if (done === false && name === 'up') throw new TunnelscopeError('SCRIPT', 'the up script failed');
  }

  #env({ server, daemon }: Configuration): ReturnType<typeof daemonEnv> {
    const facts = { device: this.#tunnel?.name ?? 'null', pid: this.#options.pid, started: this.#started, logToFile: this.logging.toFile };
    return daemonEnv(server, daemon, facts);
  }

  /** Opens the sockets with a fresh engine. */
  async #makeRuntime(configuration: Configuration, material: Material): Promise<void> {
    const { server, daemon } = configuration;
    const { tunnel, scripts } = { tunnel: this.#tunnel, scripts: this.#scripts };
    if (tunnel === undefined || scripts === undefined) throw new TunnelscopeError('BUG', 'no device to serve');
    const runtime = new Runtime({
      server,
      daemon,
      material: material.tls,
      env: this.#env(configuration),
      clock: this.#options.clock,
      random: this.#options.random,
      logging: this.logging,
      tun: tunnel.tun,
      scripts,
      crl: daemon.crl === undefined ? undefined : new CrlWatch(daemon.crl, material.authorities, this.logging.notes),
      numbers: this.#numbers,
      poolEntries: daemon.poolPersist === undefined ? [] : await readPoolFile(daemon.poolPersist.file),
      onEvent: (event) => this.port.emit(event),
      onPoolChange: () => this.#poolFile?.write(),
      onFailure: (error) => void this.#fatal(error),
    });
    await runtime.start();
    this.#runtime = runtime;
    this.#configuration = configuration;
    this.#noteSockets(configuration, runtime);
    this.#startFiles(configuration);
  }

  #noteSockets({ server, daemon }: Configuration, runtime: Runtime): void {
    const { notes } = this.logging;
    const proto = protoName(daemon, runtime.localAddress);
    const bound = formatFamilyAddress(runtime.localAddress);
    const address = daemon.listen.host === undefined ? bound.replace(/\](0\.0\.0\.0|::):/, '][undef]:') : bound;
    if (daemon.listen.transport === 'tcp') notes.add(LINK.listening, { address });
    notes.add(LINK.localBound, { proto, address });
    notes.add(LINK.remote, { proto, address: '[AF_UNSPEC]' });
    notes.add(MULTI.init, { realHash: 256, virtualHash: 256 });
    if (server.pool4 !== undefined) notes.add(POOL.base4, { base: formatIp(server.pool4.first), size: runtime.engine.pool.size });
    if (server.pool6 !== undefined) notes.add(POOL.base6, { base: formatIp(server.pool6.first), size: runtime.engine.pool.size, bits: server.pool6.bits });
  }

  #startFiles({ server, daemon }: Configuration): void {
    const { clock } = this.#options;
    if (daemon.status !== undefined) {
      const content = (): string | undefined => this.#statusText(server.statusVersion);
      this.#statusFile = new PeriodicFile(daemon.status.file, daemon.status.seconds, content, clock, this.logging.notes);
      this.#statusFile.start();
    }
    if (daemon.poolPersist !== undefined && daemon.poolPersist.seconds > 0) {
      const content = (): string | undefined => (this.#runtime === undefined ? undefined : poolText(this.#runtime.engine.pool));
      this.#poolFile = new PeriodicFile(daemon.poolPersist.file, daemon.poolPersist.seconds, content, clock, this.logging.notes);
      this.#poolFile.start();
    }
  }

  async #writePid({ daemon }: Configuration): Promise<void> {
    if (daemon.writePid !== undefined) await writeWholeFile(daemon.writePid, `${this.#options.pid}\n`, { mode: 0o644 });
  }

  async #serve(_context: 'init' | 'restart'): Promise<void> {
    this.logging.notes.add(START.initComplete, {});
    this.#state('CONNECTED', 'SUCCESS', this.#configuration);
    await Promise.resolve();
  }

  // --- signals ----------------------------------------------------------------------------------------------------

  #softSignal(name: string): boolean {
    const known = (['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const).find((signal) => signal === name);
    if (known === undefined) return false;
    // After the reply: the management client shall read it.
    this.#options.clock.schedule(this.#options.clock.now().at, () => this.signal(known, 'hard', ''));
    return true;
  }

  #next(): void {
    if (this.#busy || this.#ended) return;
    const cause = this.#causes.shift();
    if (cause === undefined) return;
    this.#busy = true;
    this.#carryOut(cause)
      .catch((error: unknown) => this.#fatal(error))
      .finally(() => {
        this.#busy = false;
        this.#next();
      });
  }

  async #carryOut(cause: Cause): Promise<void> {
    const remapped = cause.name === 'SIGUSR1' ? (this.#configuration?.daemon.remapUsr1 ?? cause.name) : cause.name;
    const args = { signal: remapped, source: cause.source, reason: cause.reason };
    if (remapped === 'SIGTERM' || remapped === 'SIGINT') {
      this.#state('EXITING', remapped);
      await this.#close();
      this.logging.notes.add(START.processExiting, args);
      return this.#end(0);
    }
    let configuration = this.#configuration;
    if (remapped === 'SIGHUP') {
      const reread = this.#reread();
      if (reread === undefined) return;
      configuration = reread;
    }
    if (configuration === undefined) return;
    await this.#restart(configuration, args, remapped);
  }

  async #restart(configuration: Configuration, args: { signal: string; source: string; reason: string }, signal: string): Promise<void> {
    const material = this.#material(configuration);
    this.#state('RECONNECTING', signal);
    await this.#closeRuntime();
    this.logging.notes.add(START.processRestarting, args);
    this.logging.notes.add(START.restartPause, { seconds: RESTART_PAUSE / 1000 });
    await this.#sleep(RESTART_PAUSE);
    this.port.statusVersion = configuration.server.statusVersion;
    this.#makeScripts(configuration);
    await this.#makeRuntime(configuration, material);
    await this.#serve('restart');
  }

  /** SIGHUP reads everything again; what cannot run leaves the running configuration in force (a listed difference). */
  #reread(): Configuration | undefined {
    const { verb, mute } = this.logging.logger;
    process.chdir(this.#directory);
    const read = this.#read();
    const refused = read.ok ? this.#whyNot(read.value) : undefined;
    if (read.ok && refused === undefined) return read.value;
    this.#verb(verb);
    this.#mute(mute);
    if (!read.ok) this.#logRefused(read.error);
    this.logging.notes.add(OURS.reloadFailed, { reason: refused ?? 'see the lines before' });
    return undefined;
  }

  /** Key material that cannot be used, found before the running engine is stopped. */
  #whyNot(configuration: Configuration): string | undefined {
    try {
      this.#material(configuration);
      return undefined;
    } catch (error) {
      return reasonOf(error);
    }
  }

  #dumpStatus(): void {
    const report = this.#status();
    const version = this.#configuration?.server.statusVersion ?? 1;
    if (report === undefined) return;
    for (const line of statusLines(report, { version, compat: '2.6' })) this.logging.notes.add(STATUS.line, { line });
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  /** Tells clients, writes the last status, closes sockets, then the device (design: order of the end). */
  async #close(): Promise<void> {
    const configuration = this.#configuration;
    await this.#closeRuntime();
    if (configuration?.daemon.scripts.downFirst === true) await this.#interfaceHook('down', configuration, 'init');
    this.#tunnel?.close();
    if (configuration !== undefined && !configuration.daemon.scripts.downFirst) await this.#interfaceHook('down', configuration, 'init');
    this.#tunnel = undefined;
  }

  async #closeRuntime(): Promise<void> {
    const runtime = this.#runtime;
    await runtime?.stop();
    await this.#statusFile?.stop();
    await this.#poolFile?.stop();
    this.#runtime = undefined;
    this.#statusFile = undefined;
    this.#poolFile = undefined;
  }

  async #fatal(error: unknown): Promise<void> {
    if (this.#ended) return;
    const text = reasonOf(error);
    const known = recognise(text);
    if (error instanceof TunnelscopeError && known.row !== undefined) this.logging.notes.add(known.row, known.args);
    else this.logging.notes.add(START.fatal, { text });
    this.port.emit({ kind: 'fatal', text });
    this.logging.notes.add(START.fatalExit, {});
    await this.#close().catch((later: unknown) => this.logging.notes.add(START.fatal, { text: reasonOf(later) }));
    await this.#end(1);
  }

  async #end(status: number): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#management?.close();
    const pidFile = this.#configuration?.daemon.writePid;
    if (pidFile !== undefined) await removeFile(pidFile).catch(() => undefined);
    await this.logging.close();
    this.#finish(status);
  }

  // --- small things -----------------------------------------------------------------------------------------------

  #state(name: StateName, detail?: string, configuration?: Configuration): void {
    const server = configuration?.server;
    const state: DaemonState = {
      time: this.#options.clock.now().wall,
      name,
      ...(detail === undefined ? {} : { detail }),
      ...(server?.tunnel4 === undefined ? {} : { tun4: formatIp(server.tunnel4.address) }),
      ...(server?.tunnel6 === undefined ? {} : { tun6: formatIp(server.tunnel6.address) }),
    };
    this.port.emit({ kind: 'state', state });
  }

  #status(): ReturnType<typeof serverStatus> | undefined {
    const runtime = this.#runtime;
    return runtime?.run((engine, now) => serverStatus(engine, runtime.plane, this.#title, now));
  }

  #statusText(version: 1 | 2 | 3): string | undefined {
    const report = this.#status();
    return report === undefined ? undefined : statusText(report, { version, compat: '2.6' });
  }

  #sleep(length: typeof RESTART_PAUSE): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => clock.schedule(after(clock.now().at, length), resolve));
  }
}

const NO_TRAFFIC = { packetsRead: 0, packetsWritten: 0, bytesRead: 0, bytesWritten: 0 };

function outletOver(fd: number): { write(line: string): void; close(): Promise<void> } {
  const file = AppendFile.over(fd);
  return { write: (line) => void file.append(line), close: () => file.close() };
}

