import { TunnelscopeError } from '../../base/errors.ts';
import { type Duration, seconds } from '../../base/units.ts';
import type { AuthRetry, ClientConfiguration } from '../../engine/client/configuration.ts';
import { Remotes, type Target } from '../../engine/client/remotes.ts';
import { clientFromOptions } from '../../engine/client/settings-from-options.ts';
import type { ClientStep } from '../../engine/client-types.ts';
import { Numbers } from '../../engine/numbers.ts';
import { ChangeRecord } from '../../host/change-record.ts';
import { IpRoute2, type Network } from '../../host/ip.ts';
import { resolveIdentity } from '../../host/process.ts';
import { ProcessRunner } from '../../host/scripts.ts';
import type { SignalName } from '../../host/signals.ts';
import { CLIENT } from '../../messages/client.ts';
import { START } from '../../messages/start.ts';
import { STATUS } from '../../messages/status.ts';
import { statusText } from '../../status/write.ts';
import { type AppOptions, Foundation } from '../foundation.ts';
import type { ReadConfiguration } from '../configuration-reader.ts';
import { carryOutNice } from '../nice.ts';
import { PeriodicFile } from '../state-files.ts';
import { asksManagement, clientQuestions } from './asked.ts';
import { Interrupted, Interrupts } from './interrupts.ts';
import { Login } from './login.ts';
import { Pauses } from './pauses.ts';
import { ClientPort } from './port.ts';
import { Preparation } from './preparation.ts';
import { Questions } from './questions.ts';
import type { Restart } from './restart.ts';
import { RouteRecord, repairRoutes } from './route-record.ts';
import { ClientSession, type StandingInterface } from './session.ts';
import { Statistics } from './statistics.ts';

/** Texts of INFO that are longer are not told, as in stock (facts: management 9). */
const MAX_INFO = 246;

/**
 * The client daemon: reads the configuration, connects, keeps the tunnel, comes back when it ends, until a signal or a server ends
 * it. `start` settles when it tries to connect; `done` with the exit status.
 */
export class ClientApp {
  readonly port: ClientPort;
  readonly #base: Foundation<ClientConfiguration>;
  readonly #options: AppOptions;
  readonly #questions: Questions;
  readonly #pauses: Pauses;
  readonly #interrupts = new Interrupts();
  readonly #statistics = new Statistics();
  readonly #network: Network;
  readonly #record: RouteRecord;
  readonly #numbers = new Numbers();
  #current: ReadConfiguration<ClientConfiguration> | undefined;
  #login: Login | undefined;
  #remotes: Remotes | undefined;
  #preparation: Preparation | undefined;
  #session: ClientSession | undefined;
  #standing: StandingInterface | undefined;
  #statusFile: PeriodicFile | undefined;
  #running = false;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#network = options.network ?? new IpRoute2(new ProcessRunner());
    this.#record = new RouteRecord(new ChangeRecord(options.pid));
    const base: Foundation<ClientConfiguration> = new Foundation(options, {
      make: clientFromOptions,
      port: () => this.port,
      questions: clientQuestions,
      onVerb: (verb) => this.#setVerb(verb),
      signal: (name, source, reason) => this.signal(name, source, reason),
      remapUsr1: () => this.#current?.configuration.daemon.remapUsr1,
      forgetPasswords: () => this.#forgetPasswords(),
      close: () => this.#closeInterface(undefined),
      beforeEnd: () => this.#beforeEnd(),
    });
    this.#base = base;
    const { hold, emit, attended } = base;
    const { notes } = base.logging;
    const interrupts = this.#interrupts;
    this.#questions = new Questions({ notes, emit, attended });
    this.#pauses = new Pauses({ clock: options.clock, notes, hold, interrupts, managed: () => base.management !== undefined });
    this.port = this.#makePort(base);
  }

  /** Settles with the exit status when everything is closed. */
  get done(): Promise<number> {
    return this.#base.done;
  }

  /** True from when it tries to connect until it ends. */
  get running(): boolean {
    return this.#running;
  }

  /** Starts; whatever fails is logged in stock's form and ends the app with status 1. */
  async start(): Promise<void> {
    if (!(await this.#base.start((read) => this.#open(read)))) return;
    this.#running = true;
    void this.#loop().catch((error: unknown) => this.fail(error));
  }

  /** A signal of the system. */
  signal(name: SignalName, source: 'hard' | 'soft' = 'hard', reason = ''): void {
    if (name === 'SIGUSR2') return this.#dumpStatus();
    this.#interrupts.add({ name, source, reason });
    if (this.#interrupts.ending) this.#base.stopAsking();
  }

  /** Ends with status 1 because of an error that nobody else can deal with. */
  fail(error: unknown): Promise<void> {
    return this.#base.fail(error);
  }

  // --- start ------------------------------------------------------------------------------------------------------

  async #open(read: ReadConfiguration<ClientConfiguration>): Promise<void> {
    const { daemon } = read.configuration;
    const base = this.#base;
    base.noteVersion();
    resolveIdentity({ user: daemon.user, group: daemon.group });
    carryOutNice(daemon.nice, base.logging.notes);
    await base.openManagement(daemon);
    this.#enter(read);
    await base.pidFile.write(daemon.writePid, this.#options.pid);
    if (daemon.device.kind === 'tun') await repairRoutes(ChangeRecord.takeLeft(), this.#network, base.logging.notes);
    base.state('CONNECTING');
    base.hold.set(daemon.managementOptions.hold);
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
      logging: this.#base.logging,
      clock: this.#options.clock,
      port: this.port,
      viaManagement,
      remotes: this.#remotes,
      state: (name) => this.#base.state(name),
      readAgain: () => this.#base.reader.readAgain('errors')?.configuration,
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
    const file = new PeriodicFile(status.file, status.seconds, content, { clock, notes: this.#base.logging.notes, held: this.#base.held });
    file.start();
    return file;
  }

  // --- the life ---------------------------------------------------------------------------------------------------

  async #loop(): Promise<void> {
    await this.#pauses.release(0);
    while (!this.#base.closing) {
      const restart = this.#interrupts.ending ? this.#interruption() : await this.#attempt();
      if (restart === undefined || !(await this.#carryOut(restart))) return;
    }
  }

  /** One attempt from the choice of a server to the end of its session; undefined when there is nothing more to try. */
  async #attempt(): Promise<Restart | undefined> {
    const target = this.#remotes?.next();
    const current = this.#current?.configuration;
    if (target === undefined || current === undefined) {
      const limit = current?.client.retry.maxRounds ?? 0;
      this.#base.logging.notes.add(CLIENT.retriesExhausted, { limit });
      await this.#base.giveUp(`All connections have been connect-retry-max (${limit}) times unsuccessful, exiting`);
      return undefined;
    }
    try {
      return await this.#tryTarget(target, current);
    } catch (error) {
      if (error instanceof Interrupted) return this.#interruption();
      throw error;
    }
  }

  async #tryTarget(target: Target, configuration: ClientConfiguration): Promise<Restart> {
    const preparation = this.#preparation;
    const login = this.#login;
    if (preparation === undefined || login === undefined) throw new TunnelscopeError('BUG', 'nothing was entered');
    const given = await this.#interrupts.unless(login.prepare(), () => this.#questions.cancel());
    const profile = await preparation.profile(target);
    const material = await preparation.identity.material(login.retry);
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
      logging: this.#base.logging,
      network: this.#network,
      record: this.#record,
      scripts: { runner: this.#options.runner ?? new ProcessRunner(), notes: this.#base.logging.notes },
      interrupts: this.#interrupts,
      askProxyLogin: (type) => preparation.askLogin(type),
      standing: this.#standing,
      state: (name, more) => this.#base.state(name, more),
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
    return Preparation.env(configuration, { pid, started: this.#base.started, logToFile: this.#base.logging.toFile });
  }

  /** The first tunnel stands: root is given up now. */
  #connected(): Promise<void> {
    this.#remotes?.succeeded();
    this.#login?.succeeded();
    if (this.#current !== undefined) this.#base.giveUpRoot(this.#current.configuration.daemon);
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
  #interruption(): Restart {
    const cause = this.#interrupts.first;
    return { signal: cause?.name ?? 'SIGTERM', source: cause?.source ?? 'hard', reason: cause?.reason || 'init_instance' };
  }

  /** Restarts or ends; false when that was the end. */
  async #carryOut(restart: Restart): Promise<boolean> {
    const signal = this.#base.mapped(restart.signal);
    const daemon = this.#current?.configuration.daemon;
    const keeps = signal === 'SIGUSR1' && daemon?.persist.tun === true;
    if (!keeps) await this.#closeInterface(signal);
    const { source, reason } = restart;
    const { notes } = this.#base.logging;
    const detail = source === 'hard' && reason === '' ? signal : reason;
    if (signal === 'SIGTERM' || signal === 'SIGINT') {
      this.#base.closing = true;
      await this.#closeInterface(signal);
      notes.add(START.processExiting, { signal, source, reason });
      this.#base.state('EXITING', { detail });
      await this.#base.end(0);
      return false;
    }
    notes.add(START.processRestarting, { signal, source, reason });
    this.#base.state('RECONNECTING', { detail });
    this.#interrupts.drop('SIGUSR1');
    if (this.#interrupts.first?.name === 'SIGHUP') this.#interrupts.drop('SIGHUP');
    if (signal === 'SIGHUP') this.#base.log.reopen();
    else if (daemon?.persist.key !== true) this.#preparation?.identity.expire();
    this.#base.hold.rearm();
    if (signal === 'SIGHUP') this.#reload();
    await this.#pauses.between(this.#pause(restart), signal === 'SIGHUP');
    return true;
  }

  #pause({ atOnce, backoff, reason }: Restart): Duration {
    if (atOnce === true) return seconds(0);
    const nointeract = this.#login?.retry === 'nointeract' && reason.startsWith('auth-failure');
    return this.#remotes?.pause(backoff, nointeract) ?? seconds(1);
  }

  /** What cannot run leaves the running configuration in force. */
  #reload(): void {
    const read = this.#base.reader.readAgain('all');
    if (read === undefined) return this.port.emit({ kind: 'reload', refused: 'see the lines before' });
    this.#base.reader.enter(read);
    this.#base.noteVersion();
    this.#enter(read);
    this.port.emit({ kind: 'reload', refused: undefined });
  }

  async #closeInterface(signal: string | undefined): Promise<void> {
    const session = this.#session;
    if (session !== undefined) session.interface = this.#standing ?? session.interface;
    this.#standing = undefined;
    await session?.closeInterface(signal);
  }

  async #beforeEnd(): Promise<void> {
    this.#running = false;
    await this.#statusFile?.stop();
  }

  // --- what is told -----------------------------------------------------------------------------------------------

  #makePort(base: Foundation<ClientConfiguration>): ClientPort {
    return new ClientPort({
      title: base.title,
      pid: this.#options.pid,
      questions: this.#questions,
      verb: (set) => base.log.verb(set),
      mute: (set) => base.log.mute(set),
      reopenLog: () => base.log.reopen(),
      hold: (action) => base.hold.handle(action),
      signal: (name) => base.managementSignal(name),
      status: () => this.#status(),
      totals: () => this.#statistics.totals,
      authRetry: (set) => this.#authRetry(set),
      forgetPasswords: () => this.#forgetPasswords(),
      profiles: () => this.#remotes?.profiles ?? [],
      respond: (base64) => this.#session?.respond(base64) ?? false,
    });
  }

  #authRetry(set: AuthRetry | undefined): AuthRetry {
    if (set !== undefined && this.#login !== undefined) this.#login.retry = set;
    return this.#login?.retry ?? 'none';
  }

  #forgetPasswords(): void {
    this.#login?.forget();
    this.#preparation?.identity.forget();
  }

  #setVerb(verb: number): void {
    if (this.#session !== undefined) this.#session.verb = verb;
  }

  #status() {
    return this.#statistics.report(this.#base.title, this.#options.clock.now().wall);
  }

  #statusText(): string {
    return statusText(this.#status(), { version: 1, compat: '2.6' });
  }

  #dumpStatus(): void {
    for (const line of this.#statusText().trimEnd().split('\n')) {
      this.#base.logging.notes.add(STATUS.line, { line });
    }
  }

  /** `echo` options, for management clients; the log has those that begin with `msg`, the own ones where they stand. */
  #echo(text: string, pulled: boolean): void {
    if (pulled && text.startsWith('msg')) this.#base.logging.notes.add(START.echoPulled, { text });
    this.#base.echo(text);
  }
}

/** The few lines of a client's status are no work to pause in. */
function* inOneStep<T>(make: () => T): Generator<void, T, void> {
  yield;
  return make();
}
