import { reasonOf } from '../base/errors.ts';
import type { Secret } from '../base/secret.ts';
import { after, between, type Duration, type Instant, milliseconds, type Now, seconds } from '../base/units.ts';
import type { Clock } from '../host/clock.ts';
import { connectStream, type StreamAddress, type StreamConnection, type StreamTls } from '../host/net-listener.ts';
import { type ClientOutput, ManagementClientMachine } from '../management/client.ts';
import type { Notification } from '../management/understood.ts';
import { MachineDriver } from './machine-driver.ts';

/** Where a daemon's management interface is, and how to keep to it. */
export interface LinkOptions {
  readonly where: StreamAddress;
  readonly clock: Clock;
  readonly password?: Secret;
  readonly tls?: StreamTls;
  /** For connecting, the greeting and each reply; 10 s unless given. */
  readonly timeout?: Duration;
  /** False: a connection that ends is not made again. */
  readonly reconnects?: boolean;
  /** The longest pause before another try; 30 s unless given. */
  readonly longestPause?: Duration;
  /** Replies are handed out in their place among notifications. */
  readonly ordered?: boolean;
  /** How connections are made; sockets unless a test has others. */
  readonly connect?: typeof connectStream;
}

/** What the owner of a link is told, in the order in which it happened. */
export interface LinkListener {
  /** Let in: commands are carried out from now on. */
  entered(): void;
  /** `againIn`: when it is tried again; undefined when it is over. */
  gone(why: string, againIn: Duration | undefined): void;
  /** `line` as it came; without `>` in front when nobody asked for it and it is no notification either. */
  notification(notification: Notification, line: string): void;
}

/** Waits before another try: doubled each time, up to the longest, and short again after a connection that stood for a while. */
const BACK_OFF = { first: milliseconds(250), longest: seconds(30), proved: seconds(5) };
const DEFAULT_TIMEOUT = seconds(10);

/** A connection to a management interface that is made again, with growing pauses, whenever it ends. Tells its owner at once. */
export class ManagementLink {
  readonly #options: LinkOptions;
  readonly #listener: LinkListener;
  #driver: MachineDriver<ClientOutput, ManagementClientMachine> | undefined;
  #connection: StreamConnection | undefined;
  #enteredAt: Instant | undefined;
  #tries = 0;
  #cancelRetry: (() => void) | undefined;
  #closed = false;
  #closeReason: string | undefined;
  #ready: (() => void) | undefined;

  constructor(options: LinkOptions, listener: LinkListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** Lets the machine do something, when there is a connection; false when there is none. */
  use(action: (machine: ManagementClientMachine, now: Now) => void): boolean {
    if (this.#driver === undefined) return false;
    this.#driver.run(action);
    return true;
  }

  /** Connects. Gives why it failed for good; undefined once it stands, or when another try follows. */
  async connect(): Promise<string | undefined> {
    const { where, tls, timeout = DEFAULT_TIMEOUT, clock, password, ordered = false, connect = connectStream } = this.#options;
    let connection: StreamConnection;
    try {
      connection = await connect(where, timeout, tls === undefined ? {} : { tls });
    } catch (error) {
      return this.#closed || this.#gone(reasonOf(error)) ? undefined : reasonOf(error);
    }
    if (this.#closed) {
      connection.end();
      return undefined;
    }
    const machine = new ManagementClientMachine({ timeout, ordered, ...(password === undefined ? {} : { password }) }, clock.now());
    const driver = new MachineDriver<ClientOutput, ManagementClientMachine>(machine, clock, (output) => this.#carryOut(output, connection));
    this.#driver = driver;
    this.#connection = connection;
    return new Promise((resolve) => {
      this.#ready = () => resolve(undefined);
      connection.listen({
        data: (bytes) => driver.run((client, now) => client.handleData(bytes, now)),
        closed: (error) => {
          driver.run((client) => client.handleClosed());
          driver.stop();
          if (this.#driver !== driver) return;
          const why = this.#closeReason ?? error ?? 'the connection ended';
          resolve(this.#gone(why) ? undefined : why);
        },
      });
      driver.run(() => undefined);
    });
  }

  /** Ends the connection that stands, as if it had failed: another follows. */
  drop(why: string): void {
    this.#closeReason ??= why;
    this.#connection?.end();
  }

  /** Ends it for good. Commands under way are lost, and nothing more is told. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry?.();
    this.#connection?.end();
    this.#driver?.run((machine) => machine.handleClosed());
    this.#driver?.stop();
    this.#driver = undefined;
  }

  #carryOut(output: ClientOutput, connection: StreamConnection): void {
    switch (output.kind) {
      case 'send':
        connection.write(output.bytes);
        return;
      case 'notification':
        return this.#listener.notification(output.notification, output.line);
      case 'replied':
        return output.deliver();
      case 'ready':
        this.#enteredAt = this.#options.clock.now().at;
        this.#listener.entered();
        return this.#ready?.();
      case 'close':
        this.#closeReason ??= output.why;
        return connection.end();
    }
  }

  /** Says that the connection is gone; true when it will be made again. */
  #gone(why: string): boolean {
    const { clock, reconnects, longestPause = BACK_OFF.longest } = this.#options;
    const now = clock.now();
    // Who lets in and closes at once shall not be asked four times a second for ever.
    if (this.#enteredAt !== undefined && between(this.#enteredAt, now.at) >= BACK_OFF.proved) this.#tries = 0;
    const againIn =
      this.#closed || reconnects === false
        ? undefined
        : milliseconds(Math.min(BACK_OFF.first * 2 ** Math.min(this.#tries, 16), longestPause));
    this.#tries++;
    this.#driver = undefined;
    this.#connection = undefined;
    this.#enteredAt = undefined;
    this.#closeReason = undefined;
    this.#listener.gone(why, againIn);
    if (againIn === undefined || this.#closed) return false;
    this.#cancelRetry = clock.schedule(after(now.at, againIn), () => void this.connect());
    return true;
  }
}
