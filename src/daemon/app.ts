import { formatIp } from '../base/ip.ts';
import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { after, type Now, seconds } from '../base/units.ts';
import { NativePort } from '../engine/native-port.ts';
import { Numbers } from '../engine/numbers.ts';
import { type Configuration, settingsFromOptions } from '../engine/settings-from-options.ts';
import { AppendFile } from '../host/append-file.ts';
import type { Answers } from '../host/background.ts';
import type { Clock } from '../host/clock.ts';
import { HeldFiles } from '../host/files.ts';
import { IpRoute2, type Network } from '../host/ip.ts';
import { dropPrivileges, resolveIdentity } from '../host/process.ts';
import { ProcessRunner, type Runner } from '../host/scripts.ts';
import type { SignalName } from '../host/signals.ts';
import { recognise } from '../messages/recogniser.ts';
import { START } from '../messages/start.ts';
import { STATUS } from '../messages/status.ts';
import type { Address } from '../model/address.ts';
import type { DaemonEvent, StateName } from '../model/daemon-port.ts';
import { Logging, type LogOutlet } from '../service/logging.ts';
import type { ManagementService } from '../service/management.ts';
import { runPaced } from '../service/paced.ts';
import { answerTo, askedNow, asksAtTerminal, PRIVATE_KEY, serverQuestions } from './asked.ts';
import { type Cause, Causes, stateDetail } from './causes.ts';
import { ConfigurationReader, type ReadConfiguration } from './configuration-reader.ts';
import { daemonEnv } from './env.ts';
import { TunnelInterface } from './interface.ts';
import { LogControl, outletOver } from './log-control.ts';
import { HoldGate } from './hold.ts';
import { makeManagement, ManagementPlaces } from './management.ts';
import { Passphrase } from './passphrase.ts';
import { carryOutNice } from './nice.ts';
import { PidFile } from './pid-file.ts';
import { Reloads, type Runnable, type Unlocked } from './reloads.ts';
import { planeViewOf, Serving } from './serving.ts';
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
  /** Runs scripts; the system's by default. */
  readonly runner?: Runner;
  /** Sets addresses and routes; iproute2's by default. */
  readonly network?: Network;
  /** Where the log goes without a file, and errors with `errors-to-stderr`; the process's own by default. */
  readonly stdout?: LogOutlet;
  readonly stderr?: LogOutlet;
  /**
   * With `daemon`: starts this program again in the background from a folder, with what was asked at the terminal, and gives the exit
   * status for the one that waits.
   */
  readonly background?: (directory: string, answers: Answers) => Promise<number>;
  /** This is the one that was started in the background: the other has said already what there was to say of the configuration. */
  readonly inBackground?: boolean;
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
  readonly #runner: Runner;
  readonly #title: string;
  readonly #numbers = new Numbers();
  readonly #started: Now;
  readonly #log: LogControl;
  readonly #reader: ConfigurationReader;
  readonly #reloads: Reloads;
  readonly #pidFile = new PidFile();
  readonly #held = new HeldFiles();
  readonly #causes = new Causes();
  #finish: (status: number) => void = () => {};
  /** The configuration in force. */
  #current: Unlocked | undefined;
  #interface: TunnelInterface | undefined;
  #serving: Serving | undefined;
  readonly #asking = new AbortController();
  #management: ManagementService | undefined;
  readonly #hold: HoldGate;
  readonly #passphrase: Passphrase;
  #managementPlaces: ManagementPlaces | undefined;
  /** One thing at a time: starting, restarting, ending. */
  #busy = true;
  /** The end has begun. */
  #closing = false;

  constructor(options: AppOptions) {
    const { clock, argv, random } = options;
    this.#options = options;
    this.#runner = options.runner ?? new ProcessRunner();
    this.#title = titleOf(options.version);
    this.#started = clock.now();
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const { stdout = outletOver(AppendFile.over(1), 1), stderr = outletOver(AppendFile.over(2)) } = options;
    const logging = new Logging(clock, stdout, stderr);
    this.logging = logging;
    this.#log = new LogControl({ logging, onVerb: (verb) => this.#serving?.runtime.setVerb(verb), goesOn: options.inBackground === true });
    this.#reader = new ConfigurationReader({ argv, random, clock, logging, log: this.#log, held: this.#held }, settingsFromOptions);
    this.port = new NativePort({
      title: this.#title,
      pid: options.pid,
      plane: planeViewOf(() => this.#serving?.runtime.plane),
      run: (command) => this.#serving?.runtime.run(command),
      verb: (set) => this.#log.verb(set),
      mute: (set) => this.#log.mute(set),
      pace: (steps, use) => runPaced(steps, clock, use),
      reopenLog: () => this.#log.reopen(),
      hold: (action) => this.#hold.handle(action),
      password: (type, password) => this.#passphrase.handle(type, password),
      forgetPasswords: () => this.#passphrase.forget(),
      signal: (name) => this.#managementSignal(name),
    });
    logging.subscribe((line) => this.port.emit({ kind: 'log', line }));
    const { notes } = logging;
    const emit = (event: DaemonEvent): void => this.port.emit(event);
    const attended = (): boolean => this.#management?.attended === true;
    this.#hold = new HoldGate({ notes, emit, attended });
    this.#passphrase = new Passphrase({ notes, emit, attended });
    this.#reloads = new Reloads({ reader: this.#reader, notes, clock, emit, passphrase: () => this.#passphrase.kept });
  }

  /** How often the configuration was read again, by what came of it. */
  get reloads(): Reloads['counts'] {
    return this.#reloads.counts;
  }

  /** Where management clients connect, as the log prints it. */
  get managementAddresses(): readonly string[] {
    return this.#managementPlaces?.addresses ?? [];
  }

  /** Where clients connect; undefined while none are served. */
  get localAddress(): Address | undefined {
    return this.#serving?.runtime.localAddress;
  }

  /** Starts; whatever fails is logged in stock's form and ends the app with status 1. */
  async start(): Promise<void> {
    try {
      const read = this.#reader.read(this.#options.inBackground === true ? 'errors' : 'all');
      if (read === undefined) return await this.#end(1);
      const { background } = this.#options;
      if (background !== undefined && read.configuration.daemon.background)
        return await this.#end(
          await background(this.#reader.startDirectory, await askedNow(serverQuestions(read.configuration.daemon), this.#asking.signal)),
        );
      await this.#open(read);
    } catch (error) {
      return this.fail(error);
    }
    this.#busy = false;
    this.#next();
  }

  /** A signal of the system. */
  signal(name: SignalName, source: 'hard' | 'soft' = 'hard', reason = ''): void {
    if (name === 'SIGUSR2') return this.#dumpStatus();
    this.#causes.add({ name, source, reason });
    if (this.#causes.ending) this.#asking.abort();
    this.#next();
  }

  /** Ends with status 1 because of an error that nobody else can deal with. */
  async fail(error: unknown): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const text = reasonOf(error);
    const known = recognise(text);
    const { notes } = this.logging;
    if (error instanceof TunnelscopeError && known.row !== undefined) notes.add(known.row, known.args);
    else notes.add(START.fatal, { text });
    this.port.emit({ kind: 'fatal', text });
    notes.add(START.fatalExit, {});
    try {
      await this.#close(undefined);
    } catch (later) {
      notes.add(START.fatal, { text: reasonOf(later) });
    }
    await this.#end(1);
  }

  // --- start ------------------------------------------------------------------------------------------------------

  /** Opens everything, what is opened once first: management, device, identity. */
  async #open(read: ReadConfiguration): Promise<void> {
    const { configuration } = read;
    const { daemon } = configuration;
    const { notes } = this.logging;
    this.#noteVersion();
    const identity = resolveIdentity({ user: daemon.user, group: daemon.group });
    if (asksAtTerminal(daemon)) this.#passphrase.know(await answerTo(PRIVATE_KEY, this.#asking.signal));
    const runnable = this.#reloads.tried(read);
    this.port.statusVersion = configuration.server.statusVersion;
    await this.#openManagement(configuration);
    this.#state('CONNECTING');
    this.#hold.set(daemon.managementOptions.hold);
    if ((await this.#waitForRelease(0)) && this.#causes.ending) return;
    const unlocked = await this.#unlocked(runnable);
    if (unlocked === undefined) return;
    await this.#serve(unlocked);
    await this.#pidFile.write(daemon.writePid, this.#options.pid);
    if (identity.user !== undefined || identity.group !== undefined) await this.#serving?.holdFiles();
    dropPrivileges(identity);
    if (identity.group !== undefined) notes.add(START.groupSet, { group: identity.group.name });
    if (identity.user !== undefined) notes.add(START.userSet, { user: identity.user.name });
    await this.#serving?.begin();
    this.#noteServing();
  }

  async #openManagement({ daemon }: Configuration): Promise<void> {
    this.#management = makeManagement(daemon, {
      port: this.port,
      logging: this.logging,
      clock: this.#options.clock,
      raise: (name, reason) => this.signal(name, 'soft', reason),
      forgetPasswords: () => this.#passphrase.forget(),
    });
    this.#managementPlaces = this.#management && new ManagementPlaces(this.#management, daemon);
    await this.#managementPlaces?.open();
    this.#echo(daemon.echoes);
  }

  /** With `management-hold`, until a management client says go; false when there was nothing to wait for. */
  async #waitForRelease(pauseSeconds: number): Promise<boolean> {
    if (!this.#hold.closed || this.#management === undefined) return false;
    await this.#causes.unlessEnding((resolve) => this.#hold.wait(pauseSeconds, resolve));
    return true;
  }

  /** With `management-query-passwords`, asks for the pass phrase of the private key until it fits; undefined when the end came first. */
  async #unlocked({ read, material }: Runnable): Promise<Unlocked | undefined> {
    if (material !== undefined) return { read, material };
    for (;;) {
      await this.#causes.unlessEnding((resolve) => this.#passphrase.wait(resolve));
      if (this.#causes.ending || this.#closing) return undefined;
      const tried = this.#reloads.tried(read).material;
      if (tried !== undefined) {
        this.#passphrase.accept(read.configuration.daemon.tls.asksPassphrase === 'kept');
        return { read, material: tried };
      }
      this.#passphrase.refuse();
      this.#noteRestart({ name: 'SIGUSR1', source: 'soft', reason: 'private-key-password-failure' });
      await this.#pause();
    }
  }

  /** `echo` options, for management clients; the log has had those that begin with `msg` where they stand. */
  #echo(echoes: readonly string[]): void {
    for (const text of echoes) {
      this.port.emit({ kind: 'echo', time: this.#options.clock.now().wall, text });
    }
  }

  /** `management-up-down`. */
  #upDown(up: boolean): void {
    const configuration = this.#current?.read.configuration;
    const env = configuration && this.#interface?.env(configuration);
    if (configuration?.daemon.managementOptions.upDown === true && env !== undefined) this.port.emit({ kind: 'updown', up, env });
  }

  /** Serves under a configuration, on the interface that stands or a new one. */
  async #serve(runnable: Unlocked): Promise<void> {
    const { clock, random } = this.#options;
    const { configuration } = runnable.read;
    const standing = this.#interface?.serves(configuration) === true ? this.#interface : undefined;
    await standing?.resume(configuration);
    if (standing === undefined) await this.#closeInterface('SIGHUP');
    const tunnel = standing ?? (await this.#openInterface(configuration));
    this.#interface = tunnel;
    await this.#managementPlaces?.follow((configuration.server.tunnel4 ?? configuration.server.tunnel6)?.address);
    if (this.#current === undefined) carryOutNice(configuration.daemon.nice, this.logging.notes);
    const serving = await Serving.open({
      configuration,
      material: runnable.material,
      interface: tunnel,
      clock,
      random,
      runner: this.#runner,
      logging: this.logging,
      numbers: this.#numbers,
      held: this.#held,
      title: this.#title,
      onEvent: (event) => this.port.emit(event),
      onFailure: (error) => void this.fail(error),
    });
    if (this.#closing) return serving.close();
    this.#serving = serving;
    this.#current = runnable;
    this.port.statusVersion = configuration.server.statusVersion;
    if (standing === undefined) this.#upDown(true);
  }

  #openInterface(configuration: Configuration): Promise<TunnelInterface> {
    const { pid, network = new IpRoute2(new ProcessRunner()) } = this.#options;
    return TunnelInterface.open(configuration, {
      network,
      runner: this.#runner,
      notes: this.logging.notes,
      env: ({ server, daemon }, device) =>
        daemonEnv(server, daemon, { device, pid, started: this.#started, logToFile: this.logging.toFile }),
      state: (name, at) => this.#state(name, undefined, at),
    });
  }

  #closeInterface(signal: SignalName | undefined): Promise<void> {
    const standing = this.#interface;
    this.#upDown(false);
    this.#interface = undefined;
    return standing?.close(signal) ?? Promise.resolve();
  }

  #noteVersion(): void {
    const { notes } = this.logging;
    notes.add(START.version, { version: OPENVPN_VERSION, rest: titleRest(this.#options.version) });
    notes.add(START.libraryVersions, { versions: `OpenSSL ${process.versions.openssl}, Node ${process.versions.node}` });
  }

  #noteServing(): void {
    this.logging.notes.add(START.initComplete, {});
    this.#state('CONNECTED', 'SUCCESS', this.#current?.read.configuration);
  }

  // --- signals ----------------------------------------------------------------------------------------------------

  /** Told as the system's own, as stock does. Gives what is thrown: SIGUSR1 may be mapped to another. */
  #managementSignal(name: string): string | undefined {
    const known = (['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const).find((signal) => signal === name);
    if (known === undefined) return undefined;
    if (this.#hold.holding && (known === 'SIGHUP' || known === 'SIGUSR1')) {
      this.#hold.remind();
      return undefined;
    }
    // After the reply: the management client shall read it.
    const { clock } = this.#options;
    clock.schedule(clock.now().at, () => this.signal(known));
    return this.#mapped(known);
  }

  /** What a signal becomes by `remap-usr1`. */
  #mapped<Name extends SignalName>(name: Name): Name | 'SIGHUP' | 'SIGTERM' {
    return name === 'SIGUSR1' ? (this.#current?.read.configuration.daemon.remapUsr1 ?? name) : name;
  }

  #next(): void {
    if (this.#busy || this.#closing) return;
    const cause = this.#causes.take();
    if (cause === undefined) return;
    this.#busy = true;
    this.#carryOut(cause)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#busy = false;
        this.#next();
      });
  }

  async #carryOut(cause: Cause): Promise<void> {
    const name = this.#mapped(cause.name);
    const mapped = { ...cause, name };
    switch (name) {
      case 'SIGTERM':
      case 'SIGINT':
        this.#closing = true;
        await this.#close(name);
        this.logging.notes.add(START.processExiting, { signal: name, source: cause.source, reason: cause.reason });
        this.#state('EXITING', stateDetail(mapped));
        return this.#end(0);
      case 'SIGHUP':
        this.#log.reopen();
        return this.#reload(mapped);
      case 'SIGUSR1':
        return this.#restart(this.#current && this.#reloads.keys(this.#current), mapped);
    }
  }

  /** SIGHUP reads everything again; what cannot run leaves the running configuration in force (a listed difference). */
  async #reload(cause: Cause): Promise<void> {
    const rootIsGone = this.#current?.read.configuration.daemon.user !== undefined;
    const next = this.#reloads.everything((configuration) => {
      const anew = this.#interface?.serves(configuration) === false;
      return anew && rootIsGone ? 'the interface cannot be made anew after root was given away' : undefined;
    });
    await this.#restart(next, cause);
  }

  async #restart(next: Runnable | undefined, cause: Cause): Promise<void> {
    const former = this.#current;
    if (next === undefined || former === undefined) return;
    await this.#closeServing();
    if (this.#interface?.serves(next.read.configuration) === true) await this.#interface.pause(cause.name);
    this.#noteRestart(cause);
    if (cause.name === 'SIGHUP') this.#echo(next.read.configuration.daemon.echoes);
    this.#causes.drop('SIGUSR1');
    this.#hold.rearm();
    const held = await this.#waitForRelease(cause.name === 'SIGHUP' ? 0 : RESTART_PAUSE / 1000);
    if (!held || cause.name === 'SIGHUP') await this.#pause();
    if (this.#causes.ending || this.#closing) return;
    const unlocked = await this.#unlocked(next);
    if (unlocked === undefined) return;
    if (cause.name === 'SIGHUP') await this.#takeOver(unlocked, former);
    else await this.#serve(unlocked);
    await this.#serving?.begin();
    this.#noteServing();
  }

  #noteRestart({ name, source, reason }: Cause): void {
    this.logging.notes.add(START.processRestarting, { signal: name, source, reason });
    this.#state('RECONNECTING', stateDetail({ name, source, reason }));
  }

  async #pause(): Promise<void> {
    const { clock } = this.#options;
    this.logging.notes.add(START.restartPause, { seconds: RESTART_PAUSE / 1000 });
    await this.#causes.unlessEnding((resolve) => clock.schedule(after(clock.now().at, RESTART_PAUSE), resolve));
  }

  /** Serves under a new configuration; when that cannot open what it needs, the former one comes back. */
  async #takeOver(next: Unlocked, former: Unlocked): Promise<void> {
    this.#reader.enter(next.read);
    this.#noteVersion();
    try {
      await this.#serve(next);
      this.#reloads.accept();
    } catch (error) {
      this.#reloads.refuse(reasonOf(error));
      this.#reader.enter(former.read);
      await this.#serve(former);
    }
  }

  #dumpStatus(): void {
    const { notes } = this.logging;
    const dump = function* (steps: Generator<string | void, void>): Generator<void, void> {
      for (const line of steps) {
        if (typeof line === 'string') notes.add(STATUS.line, { line });
        yield;
      }
    };
    if (this.#serving !== undefined) runPaced(dump(this.#serving.statusLines()), this.#options.clock, () => {});
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  /** Tells clients, writes the last status, closes sockets, then the device (design: order of the end). */
  async #close(signal: SignalName | undefined): Promise<void> {
    await this.#closeServing();
    await this.#closeInterface(signal);
  }

  async #closeServing(): Promise<void> {
    // Status and management look at it until its clients are gone.
    await this.#serving?.close();
    this.#serving = undefined;
  }

  async #end(status: number): Promise<void> {
    this.#closing = true;
    await this.#management?.close();
    await this.#pidFile.remove();
    await this.#held.close();
    await this.logging.close();
    this.#finish(status);
  }

  #state(name: StateName, detail?: string, configuration?: Configuration): void {
    const { tunnel4, tunnel6 } = configuration?.server ?? {};
    this.port.emit({
      kind: 'state',
      state: {
        time: this.#options.clock.now().wall,
        name,
        ...(detail === undefined ? {} : { detail }),
        ...(tunnel4 === undefined ? {} : { tun4: formatIp(tunnel4.address) }),
        ...(tunnel6 === undefined ? {} : { tun6: formatIp(tunnel6.address) }),
      },
    });
  }
}
