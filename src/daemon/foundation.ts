import { reasonOf, TunnelscopeError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Now } from '../base/units.ts';
import type { DaemonSettings } from '../engine/daemon-settings.ts';
import { AppendFile } from '../host/append-file.ts';
import type { Answers } from '../host/background.ts';
import type { Clock } from '../host/clock.ts';
import { HeldFiles } from '../host/files.ts';
import type { Network } from '../host/ip.ts';
import { dropPrivileges, resolveIdentity } from '../host/process.ts';
import type { Runner } from '../host/scripts.ts';
import type { SignalName } from '../host/signals.ts';
import { recognise } from '../messages/recogniser.ts';
import { START } from '../messages/start.ts';
import type { DaemonEvent, DaemonPort, DaemonState, StateName } from '../model/daemon-port.ts';
import { Logging, type LogOutlet } from '../service/logging.ts';
import type { ManagementService } from '../service/management.ts';
import { askedNow, type Question } from './asked.ts';
import type { MakeSettings } from './configuration.ts';
import { ConfigurationReader, type ReadableConfiguration, type ReadConfiguration } from './configuration-reader.ts';
import { HoldGate } from './hold.ts';
import { LogControl, outletOver } from './log-control.ts';
import { makeManagement, type ManagedDaemon, ManagementPlaces } from './management.ts';
import { PidFile } from './pid-file.ts';
import { OPENVPN_VERSION, titleOf, titleRest } from './title.ts';

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

/** What both kinds of configuration have. */
type AnyConfiguration = ReadableConfiguration & { readonly daemon: Pick<DaemonSettings, 'background' | 'remapUsr1'> };

/** What the app on a foundation is asked for, and told. */
export interface FoundationWorld<C extends AnyConfiguration> {
  readonly make: MakeSettings<C>;
  /** What management clients hear of the daemon by. */
  port(): DaemonPort & { emit(event: DaemonEvent): void };
  /** What it asks for at a terminal. */
  questions(configuration: C): Question[];
  /** `verb` changed. */
  onVerb(verb: number): void;
  /** A signal of the system, or what stands for one. */
  signal(name: SignalName, source?: 'hard' | 'soft', reason?: string): void;
  /** What SIGUSR1 becomes by `remap-usr1`. */
  remapUsr1(): 'SIGHUP' | 'SIGTERM' | undefined;
  forgetPasswords(): void;
  /** Closes what runs, because of an error that nobody else can deal with. */
  close(): Promise<void>;
  /** Nothing runs any more: closes what the log and the management interface need not outlive. */
  beforeEnd?(): Promise<void>;
}

/**
 * What the process of a daemon stands on, whatever it does: its log, its configuration, its management interface with hold and
 * signals, its pid file, its user, and its end. It begins once and ends once.
 */
export class Foundation<C extends AnyConfiguration> {
  /** Settles with the exit status when everything is closed. */
  readonly done: Promise<number>;
  readonly title: string;
  readonly started: Now;
  readonly logging: Logging;
  readonly log: LogControl;
  readonly reader: ConfigurationReader<C>;
  readonly hold: HoldGate;
  readonly pidFile = new PidFile();
  readonly held = new HeldFiles();
  management: ManagementService | undefined;
  places: ManagementPlaces | undefined;
  /** The end has begun. */
  closing = false;
  readonly #options: AppOptions;
  readonly #world: FoundationWorld<C>;
  readonly #asking = new AbortController();
  #rootGone = false;
  #finish: (status: number) => void = () => {};

  constructor(options: AppOptions, world: FoundationWorld<C>) {
    const { clock, argv, random, inBackground } = options;
    this.#options = options;
    this.#world = world;
    this.title = titleOf(options.version);
    this.started = clock.now();
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    const { stdout = outletOver(AppendFile.over(1), 1), stderr = outletOver(AppendFile.over(2)) } = options;
    const logging = new Logging(clock, stdout, stderr);
    this.logging = logging;
    this.log = new LogControl({ logging, onVerb: (verb) => world.onVerb(verb), goesOn: inBackground === true });
    this.reader = new ConfigurationReader({ argv, random, clock, logging, log: this.log, held: this.held }, world.make);
    this.hold = new HoldGate({ notes: logging.notes, emit: this.emit, attended: this.attended });
    logging.subscribe((line) => this.emit({ kind: 'log', line }));
  }

  /** Passes an event on to management clients. */
  readonly emit = (event: DaemonEvent): void => this.#world.port().emit(event);

  /** True when a management client is there. */
  readonly attended = (): boolean => this.management?.attended === true;

  /** Gives up questions at the terminal when it fires. */
  get asking(): AbortSignal {
    return this.#asking.signal;
  }

  /** The daemon is to end: nothing is asked at the terminal any more. */
  stopAsking(): void {
    this.#asking.abort();
  }

  // --- the start --------------------------------------------------------------------------------------------------

  /**
   * Reads the configuration and opens the daemon under it, or goes into the background; false when it ends at once. What fails is
   * logged in stock's form and ends it with status 1.
   */
  async start(open: (read: ReadConfiguration<C>) => Promise<void>): Promise<boolean> {
    const { background, inBackground } = this.#options;
    try {
      const read = this.reader.read(inBackground === true ? 'errors' : 'all');
      if (read !== undefined && (background === undefined || !read.configuration.daemon.background)) {
        await open(read);
        return !this.closing;
      }
      const answers = read && (await askedNow(this.#world.questions(read.configuration), this.asking));
      await this.end(answers === undefined || background === undefined ? 1 : await background(this.reader.startDirectory, answers));
    } catch (error) {
      await this.fail(error);
    }
    return false;
  }

  noteVersion(): void {
    const { notes } = this.logging;
    notes.add(START.version, { version: OPENVPN_VERSION, rest: titleRest(this.#options.version) });
    notes.add(START.libraryVersions, { versions: `OpenSSL ${process.versions.openssl}, Node ${process.versions.node}` });
  }

  /** Opens the management interface everywhere but inside the tunnel. Throws LISTEN. */
  async openManagement(daemon: ManagedDaemon): Promise<void> {
    const world = this.#world;
    this.management = makeManagement(daemon, {
      port: world.port(),
      logging: this.logging,
      clock: this.#options.clock,
      raise: (name, reason) => world.signal(name, 'soft', reason),
      forgetPasswords: () => world.forgetPasswords(),
    });
    this.places = this.management && new ManagementPlaces(this.management, daemon);
    await this.places?.open();
  }

  /** Gives up root for `user` and `group`, once. */
  giveUpRoot({ user, group }: Pick<DaemonSettings, 'user' | 'group'>): void {
    if (this.#rootGone) return;
    this.#rootGone = true;
    const identity = resolveIdentity({ user, group });
    dropPrivileges(identity);
    const { notes } = this.logging;
    if (identity.group !== undefined) notes.add(START.groupSet, { group: identity.group.name });
    if (identity.user !== undefined) notes.add(START.userSet, { user: identity.user.name });
  }

  // --- while it runs ----------------------------------------------------------------------------------------------

  /** `echo` options, for management clients. */
  echo(text: string): void {
    this.emit({ kind: 'echo', time: this.#options.clock.now().wall, text });
  }

  state(name: StateName, more: Partial<Omit<DaemonState, 'time' | 'name'>> = {}): void {
    this.emit({ kind: 'state', state: { time: this.#options.clock.now().wall, name, ...more } });
  }

  /** What a signal becomes by `remap-usr1`. */
  mapped<Name extends SignalName>(name: Name): Name | 'SIGHUP' | 'SIGTERM' {
    return name === 'SIGUSR1' ? (this.#world.remapUsr1() ?? name) : name;
  }

  /** The command `signal`: told as the system's own, as stock does. Gives what is thrown; undefined when it is not taken. */
  managementSignal(name: string): string | undefined {
    const known = (['SIGHUP', 'SIGTERM', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const).find((signal) => signal === name);
    if (known === undefined) return undefined;
    if (this.hold.holding && (known === 'SIGHUP' || known === 'SIGUSR1')) {
      this.hold.remind();
      return undefined;
    }
    // After the reply: the management client shall read it.
    const { clock } = this.#options;
    clock.schedule(clock.now().at, () => this.#world.signal(known));
    return this.mapped(known);
  }

  // --- the end ----------------------------------------------------------------------------------------------------

  /** Ends with status 1 because of an error that nobody else can deal with. */
  async fail(error: unknown): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    const { notes } = this.logging;
    const text = reasonOf(error);
    const known = recognise(text);
    if (error instanceof TunnelscopeError && known.row !== undefined) notes.add(known.row, known.args);
    else notes.add(START.fatal, { text });
    await this.giveUp(text);
  }

  /** The same when the log has said why; `text` is for management clients. */
  async giveUp(text: string): Promise<void> {
    this.closing = true;
    const { notes } = this.logging;
    this.emit({ kind: 'fatal', text });
    notes.add(START.fatalExit, {});
    try {
      await this.#world.close();
    } catch (later) {
      notes.add(START.fatal, { text: reasonOf(later) });
    }
    await this.end(1);
  }

  /** Nothing runs any more: the process can exit with this status. */
  async end(status: number): Promise<void> {
    this.closing = true;
    await this.#world.beforeEnd?.();
    await this.management?.close();
    await this.pidFile.remove();
    await this.held.close();
    await this.logging.close();
    this.#finish(status);
  }
}
