import { formatIp } from '../base/ip.ts';
import { reasonOf } from '../base/errors.ts';
import { after, seconds } from '../base/units.ts';
import { NativePort } from '../engine/native-port.ts';
import { Numbers } from '../engine/numbers.ts';
import { type Configuration, settingsFromOptions } from '../engine/settings-from-options.ts';
import { IpRoute2 } from '../host/ip.ts';
import { resolveIdentity } from '../host/process.ts';
import { ProcessRunner, type Runner } from '../host/scripts.ts';
import type { SignalName } from '../host/signals.ts';
import { START } from '../messages/start.ts';
import { STATUS } from '../messages/status.ts';
import type { Address } from '../model/address.ts';
import type { StateName } from '../model/daemon-port.ts';
import type { Logging } from '../service/logging.ts';
import { runPaced } from '../service/paced.ts';
import { answerTo, asksAtTerminal, PRIVATE_KEY, serverQuestions } from './asked.ts';
import { type Cause, Causes, stateDetail } from './causes.ts';
import type { ReadConfiguration } from './configuration-reader.ts';
import { daemonEnv } from './env.ts';
import { TunnelInterface } from './interface.ts';
import { type AppOptions, Foundation } from './foundation.ts';
import { Passphrase } from './passphrase.ts';
import { carryOutNice } from './nice.ts';
import { Reloads, type Runnable, type Unlocked } from './reloads.ts';
import { planeViewOf, Serving } from './serving.ts';

/** Between the end of one run and the next, as in stock. */
const RESTART_PAUSE = seconds(1);

/**
 * The server daemon: reads the configuration, opens what it names, runs until a signal ends it, and restarts or reloads on the
 * way. `start` settles when clients are served; `done` with the exit status.
 */
export class DaemonApp {
  readonly port: NativePort;
  readonly #base: Foundation<Configuration>;
  readonly #options: AppOptions;
  readonly #runner: Runner;
  readonly #numbers = new Numbers();
  readonly #reloads: Reloads;
  readonly #causes = new Causes();
  readonly #passphrase: Passphrase;
  /** The configuration in force. */
  #current: Unlocked | undefined;
  #interface: TunnelInterface | undefined;
  #serving: Serving | undefined;
  /** One thing at a time: starting, restarting, ending. */
  #busy = true;

  constructor(options: AppOptions) {
    const { clock } = options;
    this.#options = options;
    this.#runner = options.runner ?? new ProcessRunner();
    const base: Foundation<Configuration> = new Foundation(options, {
      make: settingsFromOptions,
      port: () => this.port,
      questions: ({ daemon }) => serverQuestions(daemon),
      onVerb: (verb) => this.#serving?.runtime.setVerb(verb),
      signal: (name, source, reason) => this.signal(name, source, reason),
      remapUsr1: () => this.#current?.read.configuration.daemon.remapUsr1,
      forgetPasswords: () => this.#passphrase.forget(),
      close: () => this.#close(undefined),
    });
    this.#base = base;
    this.port = new NativePort({
      title: base.title,
      pid: options.pid,
      plane: planeViewOf(() => this.#serving?.runtime.plane),
      run: (command) => this.#serving?.runtime.run(command),
      verb: (set) => base.log.verb(set),
      mute: (set) => base.log.mute(set),
      pace: (steps, use) => runPaced(steps, clock, use),
      reopenLog: () => base.log.reopen(),
      hold: (action) => base.hold.handle(action),
      password: (type, password) => this.#passphrase.handle(type, password),
      forgetPasswords: () => this.#passphrase.forget(),
      signal: (name) => base.managementSignal(name),
    });
    const { emit, attended } = base;
    const { notes } = base.logging;
    this.#passphrase = new Passphrase({ notes, emit, attended });
    this.#reloads = new Reloads({ reader: base.reader, notes, clock, emit, passphrase: () => this.#passphrase.kept });
  }

  /** Settles with the exit status when everything is closed. */
  get done(): Promise<number> {
    return this.#base.done;
  }

  get logging(): Logging {
    return this.#base.logging;
  }

  /** How often the configuration was read again, by what came of it. */
  get reloads(): Reloads['counts'] {
    return this.#reloads.counts;
  }

  /** Where management clients connect, as the log prints it. */
  get managementAddresses(): readonly string[] {
    return this.#base.places?.addresses ?? [];
  }

  /** True while clients are served. */
  get running(): boolean {
    return this.#serving !== undefined;
  }

  /** Where clients connect; undefined while none are served. */
  get localAddress(): Address | undefined {
    return this.#serving?.runtime.localAddress;
  }

  /** Starts; whatever fails is logged in stock's form and ends the app with status 1. */
  async start(): Promise<void> {
    if (!(await this.#base.start((read) => this.#open(read)))) return;
    this.#busy = false;
    this.#next();
  }

  /** A signal of the system. */
  signal(name: SignalName, source: 'hard' | 'soft' = 'hard', reason = ''): void {
    if (name === 'SIGUSR2') return this.#dumpStatus();
    this.#causes.add({ name, source, reason });
    if (this.#causes.ending) this.#base.stopAsking();
    this.#next();
  }

  /** Ends with status 1 because of an error that nobody else can deal with. */
  fail(error: unknown): Promise<void> {
    return this.#base.fail(error);
  }

  // --- start ------------------------------------------------------------------------------------------------------

  /** Opens everything, what is opened once first: management, device, identity. */
  async #open(read: ReadConfiguration): Promise<void> {
    const { configuration } = read;
    const { daemon } = configuration;
    this.#base.noteVersion();
    const identity = resolveIdentity({ user: daemon.user, group: daemon.group });
    if (asksAtTerminal(daemon)) this.#passphrase.know(await answerTo(PRIVATE_KEY, this.#base.asking));
    const runnable = this.#reloads.tried(read);
    this.port.statusVersion = configuration.server.statusVersion;
    await this.#base.openManagement(daemon);
    this.#echo(daemon.echoes);
    this.#state('CONNECTING');
    this.#base.hold.set(daemon.managementOptions.hold);
    if ((await this.#waitForRelease(0)) && this.#causes.ending) return;
    const unlocked = await this.#unlocked(runnable);
    if (unlocked === undefined) return;
    await this.#serve(unlocked);
    await this.#base.pidFile.write(daemon.writePid, this.#options.pid);
    if (identity.user !== undefined || identity.group !== undefined) await this.#serving?.holdFiles();
    this.#base.giveUpRoot(daemon);
    await this.#serving?.begin();
    this.#noteServing();
  }

  /** With `management-hold`, until a management client says go; false when there was nothing to wait for. */
  async #waitForRelease(pauseSeconds: number): Promise<boolean> {
    if (!this.#base.hold.closed || this.#base.management === undefined) return false;
    await this.#causes.unlessEnding((resolve) => this.#base.hold.wait(pauseSeconds, resolve));
    return true;
  }

  /** With `management-query-passwords`, asks for the pass phrase of the private key until it fits; undefined when the end came first. */
  async #unlocked({ read, material }: Runnable): Promise<Unlocked | undefined> {
    if (material !== undefined) return { read, material };
    for (;;) {
      await this.#causes.unlessEnding((resolve) => this.#passphrase.wait(resolve));
      if (this.#causes.ending || this.#base.closing) return undefined;
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
    for (const text of echoes) this.#base.echo(text);
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
    await this.#base.places?.follow((configuration.server.tunnel4 ?? configuration.server.tunnel6)?.address);
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
      held: this.#base.held,
      title: this.#base.title,
      onEvent: (event) => this.port.emit(event),
      onFailure: (error) => void this.fail(error),
    });
    if (this.#base.closing) return serving.close();
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
        daemonEnv(server, daemon, { device, pid, started: this.#base.started, logToFile: this.logging.toFile }),
      state: (name, at) => this.#state(name, undefined, at),
    });
  }

  #closeInterface(signal: SignalName | undefined): Promise<void> {
    const standing = this.#interface;
    this.#upDown(false);
    this.#interface = undefined;
    return standing?.close(signal) ?? Promise.resolve();
  }

  #noteServing(): void {
    this.logging.notes.add(START.initComplete, {});
    this.#state('CONNECTED', 'SUCCESS', this.#current?.read.configuration);
  }

  // --- signals ----------------------------------------------------------------------------------------------------

  #next(): void {
    if (this.#busy || this.#base.closing) return;
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
    const name = this.#base.mapped(cause.name);
    const mapped = { ...cause, name };
    switch (name) {
      case 'SIGTERM':
      case 'SIGINT':
        this.#base.closing = true;
        await this.#close(name);
        this.logging.notes.add(START.processExiting, { signal: name, source: cause.source, reason: cause.reason });
        this.#state('EXITING', stateDetail(mapped));
        return this.#base.end(0);
      case 'SIGHUP':
        this.#base.log.reopen();
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
    this.#base.hold.rearm();
    const held = await this.#waitForRelease(cause.name === 'SIGHUP' ? 0 : RESTART_PAUSE / 1000);
    if (!held || cause.name === 'SIGHUP') await this.#pause();
    if (this.#causes.ending || this.#base.closing) return;
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
    this.#base.reader.enter(next.read);
    this.#base.noteVersion();
    try {
      await this.#serve(next);
      this.#reloads.accept();
    } catch (error) {
      this.#reloads.refuse(reasonOf(error));
      this.#base.reader.enter(former.read);
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

  #state(name: StateName, detail?: string, configuration?: Configuration): void {
    const { tunnel4, tunnel6 } = configuration?.server ?? {};
    this.#base.state(name, {
      ...(detail === undefined ? {} : { detail }),
      ...(tunnel4 === undefined ? {} : { tun4: formatIp(tunnel4.address) }),
      ...(tunnel6 === undefined ? {} : { tun6: formatIp(tunnel6.address) }),
    });
  }
}
