import { reasonOf, TunnelscopeError } from '../../base/errors.ts';
import { after, type Duration, type Now, seconds } from '../../base/units.ts';
import type { AuthRetry, ClientConfiguration } from '../../engine/client/configuration.ts';
import { Remotes, type Target } from '../../engine/client/remotes.ts';
import { clientFromOptions } from '../../engine/client/settings-from-options.ts';
import type { ClientStep } from '../../engine/client-types.ts';
import { Numbers } from '../../engine/numbers.ts';
import { AppendFile } from '../../host/append-file.ts';
import { HeldFiles } from '../../host/files.ts';
import { IpRoute2 } from '../../host/ip.ts';
import { dropPrivileges, resolveIdentity } from '../../host/process.ts';
import { ProcessRunner } from '../../host/scripts.ts';
import type { SignalName } from '../../host/signals.ts';
import { CLIENT } from '../../messages/client.ts';
import { recognise } from '../../messages/recogniser.ts';
import { START } from '../../messages/start.ts';
import { STATUS } from '../../messages/status.ts';
import type { DaemonEvent, DaemonState, StateName } from '../../model/daemon-port.ts';
import { Logging } from '../../service/logging.ts';
import type { ManagementService } from '../../service/management.ts';
import { statusText } from '../../status/write.ts';
import type { AppOptions } from '../app.ts';
import { askedNow } from '../asked.ts';
import { ConfigurationReader, type ReadConfiguration } from '../configuration-reader.ts';
import { HoldGate } from '../hold.ts';
import { LogControl, outletOver } from '../log-control.ts';
import { makeManagement, ManagementPlaces } from '../management.ts';
import { carryOutNice } from '../nice.ts';
import { PidFile } from '../pid-file.ts';
import { PeriodicFile } from '../state-files.ts';
import { OPENVPN_VERSION, titleOf, titleRest } from '../title.ts';
import { asksManagement, clientQuestions } from './asked.ts';
import { Interrupted, Interrupts } from './interrupts.ts';
import { Login } from './login.ts';
import { ClientPort } from './port.ts';
import { Preparation } from './preparation.ts';
import { Questions } from './questions.ts';
import type { Restart } from './restart.ts';
import { ClientSession, type StandingInterface } from './session.ts';
import { Statistics } from './statistics.ts';

/** Texts of INFO that are longer are not told, as in stock (facts: management 9). */
const MAX_INFO = 246;

/**
 * The client daemon: reads the configuration, connects, keeps the tunnel, comes back when it ends, until a signal or a server ends
 * it. `start` settles when it tries to connect; `done` with the exit status.
 */
export class ClientApp {
  /** Settles with the exit status when everything is closed. */
  readonly done: Promise<number>;
  readonly port: ClientPort;
  readonly #options: AppOptions;
  readonly #logging: Logging;
  readonly #log: LogControl;
  readonly #reader: ConfigurationReader<ClientConfiguration>;
  readonly #questions: Questions;
  readonly #hold: HoldGate;
  readonly #interrupts = new Interrupts();
  readonly #statistics = new Statistics();
  readonly #numbers = new Numbers();
  readonly #pidFile = new PidFile();
  readonly #held = new HeldFiles();
  readonly #asking = new AbortController();
  readonly #started: Now;
  readonly #title: string;
  #finish: (status: number) => void = () => {};
  #current: ReadConfiguration<ClientConfiguration> | undefined;
  #management: ManagementService | undefined;
  #login: Login | undefined;
  #remotes: Remotes | undefined;
  #preparation: Preparation | undefined;
  #session: ClientSession | undefined;
  #standing: StandingInterface | undefined;
  #statusFile: PeriodicFile | undefined;
  #rootGone = false;
  #closing = false;
  #running = false;

  constructor(options: AppOptions) {
    const { clock, argv, random } = options;
    this.#options = options;
    this.#title = titleOf(options.version);
    this.#started = clock.now();
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const { stdout = outletOver(AppendFile.over(1), 1), stderr = outletOver(AppendFile.over(2)) } = options;
    const logging = new Logging(clock, stdout, stderr);
    this.#logging = logging;
    this.#log = new LogControl({ logging, onVerb: (verb) => this.#setVerb(verb), goesOn: options.inBackground === true });
    this.#reader = new ConfigurationReader({ argv, random, clock, logging, log: this.#log, held: this.#held }, clientFromOptions);
    const { notes } = logging;
    const attended = (): boolean => this.#management?.attended === true;
    const emit = (event: DaemonEvent): void => this.port.emit(event);
    this.#questions = new Questions({ notes, emit, attended });
    this.#hold = new HoldGate({ notes, emit, attended });
    this.port = this.#makePort();
    logging.subscribe((line) => this.port.emit({ kind: 'log', line }));
  }

  /** True from when it tries to connect until it ends. */
  get running(): boolean {
    return this.#running;
  }

  /** Starts; whatever fails is logged in stock's form and ends the app with status 1. */
  async start(): Promise<void> {
    try {
      const read = this.#reader.read(this.#options.inBackground === true ? 'errors' : 'all');
      if (read === undefined) return await this.#end(1);
      const { background } = this.#options;
      if (background !== undefined && read.configuration.daemon.background)
        return await this.#end(
          await background(this.#reader.startDirectory, await askedNow(clientQuestions(read.configuration), this.#asking.signal)),
        );
      await this.#open(read);
    } catch (error) {
      return this.fail(error);
    }
    this.#running = true;
    void this.#loop().catch((error: unknown) => this.fail(error));
  }

  /** A signal of the system. */
  signal(name: SignalName, source: 'hard' | 'soft' = 'hard', reason = ''): void {
    if (name === 'SIGUSR2') return this.#dumpStatus();
    this.#interrupts.add({ name, source, reason });
    if (this.#interrupts.ending) this.#asking.abort();
  }

  /** Ends with status 1 because of an error that nobody else can deal with. */
  async fail(error: unknown): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    const text = reasonOf(error);
    const known = recognise(text);
    const { notes } = this.#logging;
    if (error instanceof TunnelscopeError && known.row !== undefined) notes.add(known.row, known.args);
    else notes.add(START.fatal, { text });
    this.port.emit({ kind: 'fatal', text });
    notes.add(START.fatalExit, {});
    try {
      await this.#closeInterface(undefined);
    } catch (later) {
      notes.add(START.fatal, { text: reasonOf(later) });
    }
    await this.#end(1);
  }

  // --- start ------------------------------------------------------------------------------------------------------

  async #open(read: ReadConfiguration<ClientConfiguration>): Promise<void> {
    const { daemon } = read.configuration;
    this.#noteVersion();
    resolveIdentity({ user: daemon.user, group: daemon.group });
    carryOutNice(daemon.nice, this.#logging.notes);
    this.#management = makeManagement(daemon, {
      port: this.port,
      logging: this.#logging,
      clock: this.#options.clock,
      raise: (name, reason) => this.signal(name, 'soft', reason),
      forgetPasswords: () => this.#forgetPasswords(),
    });
    if (this.#management !== undefined) await new ManagementPlaces(this.#management, daemon).open();
    this.#enter(read);
    await this.#pidFile.write(daemon.writePid, this.#options.pid);
    this.#state('CONNECTING');
    this.#hold.set(daemon.managementOptions.hold);
  }

  /** Goes by a configuration from now on. */
  #enter(read: ReadConfiguration<ClientConfiguration>): void {
    const { configuration } = read;
    const { client, daemon } = configuration;
    this.#current = read;
    for (const text of daemon.echoes) this.#echo(text, false);
    this.#remotes = new Remotes(client.profiles, client.retry, client.shuffle ? this.#options.random : undefined);
    const viaManagement = asksManagement(configuration);
    const retry = this.#login?.retry;
    this.#preparation = new Preparation({
      configuration,
      questions: this.#questions,
      interrupts: this.#interrupts,
      logging: this.#logging,
      clock: this.#options.clock,
      port: this.port,
      viaManagement,
      remotes: this.#remotes,
      state: (name) => this.#state(name),
    });
    const { questions, terminal, forgetTyped } = this.#preparation;
    this.#login = new Login(client.login, { questions, viaManagement, terminal, forgetTyped });
    if (retry !== undefined && client.login === undefined) this.#login.retry = retry;
    this.#statusFile ??= this.#makeStatusFile(daemon);
  }

  #makeStatusFile({ status }: ClientConfiguration['daemon']): PeriodicFile | undefined {
    if (status === undefined) return undefined;
    const { clock } = this.#options;
    const content = () => inOneStep(() => Buffer.from(this.#statusText()));
    const file = new PeriodicFile(status.file, status.seconds, content, { clock, notes: this.#logging.notes, held: this.#held });
    file.start();
    return file;
  }

  // --- the life ---------------------------------------------------------------------------------------------------

  async #loop(): Promise<void> {
    await this.#waitForRelease(0);
    while (!this.#closing) {
      const restart = this.#interrupts.ending ? this.#interruption() : await this.#attempt();
      if (restart === undefined || !(await this.#carryOut(restart))) return;
    }
  }

  /** One attempt from the choice of a server to the end of its session; undefined when there is nothing more to try. */
  async #attempt(): Promise<Restart | undefined> {
    const target = this.#remotes?.next();
    const current = this.#current?.configuration;
    if (target === undefined || current === undefined) {
      this.#closing = true;
      const limit = current?.client.retry.maxRounds ?? 0;
      this.#logging.notes.add(CLIENT.retriesExhausted, { limit });
      this.port.emit({ kind: 'fatal', text: `All connections have been connect-retry-max (${limit}) times unsuccessful, exiting` });
      this.#logging.notes.add(START.fatalExit, {});
      await this.#closeInterface(undefined);
      await this.#end(1);
      return undefined;
    }
    try {
      return await this.#tryTarget(target, current);
    } catch (error) {
      if (error instanceof Interrupted) return this.#interruption('init_instance');
      throw error;
    }
  }

  async #tryTarget(target: Target, configuration: ClientConfiguration): Promise<Restart> {
    const preparation = this.#preparation;
    const login = this.#login;
    if (preparation === undefined || login === undefined) throw new TunnelscopeError('BUG', 'nothing was entered');
    const given = await this.#interrupts.unless(login.prepare(), () => this.#questions.cancel());
    const profile = await preparation.profile(target);
    const material = await preparation.material(login.retry);
    if ('signal' in material) return material;
    const to = await preparation.address(profile);
    if ('signal' in to) return to;
    const session = new ClientSession({
      configuration,
      profile,
      to,
      login: given,
      material,
      crl: preparation.crl,
      env: this.#env(configuration),
      clock: this.#options.clock,
      random: this.#options.random,
      numbers: this.#numbers,
      logging: this.#logging,
      network: this.#options.network ?? new IpRoute2(new ProcessRunner()),
      scripts: { runner: this.#options.runner ?? new ProcessRunner(), notes: this.#logging.notes },
      interrupts: this.#interrupts,
      askProxyLogin: (type) => preparation.askLogin(type),
      standing: this.#standing,
      state: (name, more) => this.#state(name, more),
      onStep: (step) => this.#handleStep(step),
      onConnected: () => this.#connected(),
      onEcho: (text) => this.#echo(text, true),
      onUpDown: (up, env) => {
        if (configuration.daemon.managementOptions.upDown) this.port.emit({ kind: 'updown', up, env });
      },
    });
    this.#session = session;
    this.#statistics.begin(session);
    try {
      return await session.run((ended) => preparation.judge(ended, login));
    } finally {
      this.#standing = session.interface;
      this.#statistics.end();
    }
  }

  #env(configuration: ClientConfiguration) {
    const { pid } = this.#options;
    return Preparation.env(configuration, { pid, started: this.#started, logToFile: this.#logging.toFile });
  }

  /** The first tunnel stands: root is given up now. */
  #connected(): Promise<void> {
    this.#remotes?.succeeded();
    this.#login?.succeeded();
    const daemon = this.#current?.configuration.daemon;
    if (daemon !== undefined && !this.#rootGone) {
      this.#rootGone = true;
      const identity = resolveIdentity({ user: daemon.user, group: daemon.group });
      dropPrivileges(identity);
      const { notes } = this.#logging;
      if (identity.group !== undefined) notes.add(START.groupSet, { group: identity.group.name });
      if (identity.user !== undefined) notes.add(START.userSet, { user: identity.user.name });
    }
    return Promise.resolve();
  }

  #handleStep(step: ClientStep): void {
    if (step.what === 'token') {
      this.#login?.takeToken(step.token, step.username);
      this.port.notify(`PASSWORD:Auth-Token:${step.token.reveal()}`);
    } else if (step.what === 'info' && step.text.length <= MAX_INFO) this.port.notify(`INFOMSG:${step.text}`);
  }

  // --- the end of a session ---------------------------------------------------------------------------------------

  /** A signal came while nothing stood that could be left. */
  #interruption(reason?: string): Restart {
    const cause = this.#interrupts.first;
    return { signal: cause?.name ?? 'SIGTERM', source: cause?.source ?? 'hard', reason: cause?.reason || (reason ?? '') };
  }

  /** Restarts or ends; false when that was the end. */
  async #carryOut(restart: Restart): Promise<boolean> {
    const signal = this.#mapped(restart.signal);
    const daemon = this.#current?.configuration.daemon;
    const keeps = signal === 'SIGUSR1' && daemon?.persist.tun === true;
    if (!keeps) await this.#closeInterface(signal);
    const { source, reason } = restart;
    const { notes } = this.#logging;
    const detail = source === 'hard' && reason === '' ? signal : reason;
    if (signal === 'SIGTERM' || signal === 'SIGINT') {
      this.#closing = true;
      await this.#closeInterface(signal);
      notes.add(START.processExiting, { signal, source, reason });
      this.#state('EXITING', { detail });
      await this.#end(0);
      return false;
    }
    notes.add(START.processRestarting, { signal, source, reason });
    this.#state('RECONNECTING', { detail });
    this.#interrupts.drop('SIGUSR1');
    if (this.#interrupts.first?.name === 'SIGHUP') this.#interrupts.drop('SIGHUP');
    if (signal === 'SIGHUP') this.#log.reopen();
    this.#hold.rearm();
    await this.#wait(restart, signal);
    if (signal === 'SIGHUP') this.#reload();
    return true;
  }

  /** What SIGUSR1 becomes by `remap-usr1`. */
  #mapped<Name extends SignalName>(name: Name): Name | 'SIGHUP' | 'SIGTERM' {
    return name === 'SIGUSR1' ? (this.#current?.configuration.daemon.remapUsr1 ?? name) : name;
  }

  /** With a hold the manager waits in our place; SIGHUP waits after it as well (facts: management 12). */
  async #wait(restart: Restart, signal: string): Promise<void> {
    const nointeract = this.#login?.retry === 'nointeract' && restart.reason.startsWith('auth-failure');
    const pause = restart.atOnce === true ? seconds(0) : (this.#remotes?.pause(restart.backoff, nointeract) ?? seconds(1));
    const held = await this.#waitForRelease(signal === 'SIGHUP' ? 0 : pause / 1000);
    if ((held && signal !== 'SIGHUP') || pause === 0 || this.#interrupts.ending) return;
    this.#logging.notes.add(START.restartPause, { seconds: pause / 1000 });
    await this.#sleep(pause);
  }

  async #sleep(length: Duration): Promise<void> {
    const { clock } = this.#options;
    let cancel = (): void => {};
    const slept = new Promise<void>((resolve) => {
      cancel = clock.schedule(after(clock.now().at, length), resolve);
    });
    await this.#interrupts.unless(slept, () => cancel(), 'ending').catch(ignoreInterruption);
  }

  /** With `management-hold`, until a management client says go; false when there was nothing to wait for. */
  async #waitForRelease(pauseSeconds: number): Promise<boolean> {
    if (!this.#hold.closed || this.#management === undefined) return false;
    let cancel = (): void => {};
    const released = new Promise<void>((resolve) => {
      cancel = this.#hold.wait(pauseSeconds, resolve);
    });
    await this.#interrupts.unless(released, () => cancel(), 'ending').catch(ignoreInterruption);
    return true;
  }

  /** What cannot run leaves the running configuration in force. */
  #reload(): void {
    const read = this.#reader.readAgain('all');
    if (read === undefined) return this.port.emit({ kind: 'reload', refused: 'see the lines before' });
    this.#reader.enter(read);
    this.#noteVersion();
    this.#enter(read);
    this.port.emit({ kind: 'reload', refused: undefined });
  }

  async #closeInterface(signal: string | undefined): Promise<void> {
    const session = this.#session;
    if (session !== undefined) session.interface = this.#standing ?? session.interface;
    this.#standing = undefined;
    await session?.closeInterface(signal);
  }

  async #end(status: number): Promise<void> {
    this.#closing = true;
    this.#running = false;
    await this.#statusFile?.stop();
    await this.#management?.close();
    await this.#pidFile.remove();
    await this.#held.close();
    await this.#logging.close();
    this.#finish(status);
  }

  // --- what is told -----------------------------------------------------------------------------------------------

  #makePort(): ClientPort {
    return new ClientPort({
      title: this.#title,
      pid: this.#options.pid,
      questions: this.#questions,
      verb: (set) => this.#log.verb(set),
      mute: (set) => this.#log.mute(set),
      reopenLog: () => this.#log.reopen(),
      hold: (action) => this.#hold.handle(action),
      signal: (name) => this.#managementSignal(name),
      status: () => this.#status(),
      totals: () => this.#statistics.totals,
      authRetry: (set) => this.#authRetry(set),
      forgetPasswords: () => this.#forgetPasswords(),
      profiles: () => this.#remotes?.profiles ?? [],
      respond: (base64) => this.#session?.respond(base64) ?? false,
    });
  }

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

  #authRetry(set: AuthRetry | undefined): AuthRetry {
    if (set !== undefined && this.#login !== undefined) this.#login.retry = set;
    return this.#login?.retry ?? 'none';
  }

  #forgetPasswords(): void {
    this.#login?.forget();
    this.#preparation?.forget();
  }

  #setVerb(verb: number): void {
    if (this.#session !== undefined) this.#session.verb = verb;
  }

  #status() {
    return this.#statistics.report(this.#title, this.#options.clock.now().wall);
  }

  #statusText(): string {
    return statusText(this.#status(), { version: 1, compat: '2.6' });
  }

  #dumpStatus(): void {
    for (const line of this.#statusText().trimEnd().split('\n')) {
      this.#logging.notes.add(STATUS.line, { line });
    }
  }

  /** `echo` options, for management clients; the log has those that begin with `msg`, the own ones where they stand. */
  #echo(text: string, pulled: boolean): void {
    if (pulled && text.startsWith('msg')) this.#logging.notes.add(START.echoPulled, { text });
    this.port.emit({ kind: 'echo', time: this.#options.clock.now().wall, text });
  }

  #noteVersion(): void {
    const { notes } = this.#logging;
    notes.add(START.version, { version: OPENVPN_VERSION, rest: titleRest(this.#options.version) });
    notes.add(START.libraryVersions, { versions: `OpenSSL ${process.versions.openssl}, Node ${process.versions.node}` });
  }

  #state(name: StateName, more: Partial<Omit<DaemonState, 'time' | 'name'>> = {}): void {
    this.port.emit({ kind: 'state', state: { time: this.#options.clock.now().wall, name, ...more } });
  }
}

/** The few lines of a client's status are no work to pause in. */
function* inOneStep<T>(make: () => T): Generator<void, T, void> {
  yield;
  return make();
}

function ignoreInterruption(error: unknown): void {
  if (!(error instanceof Interrupted)) throw error;
}
