import { milliseconds, seconds } from '../base/units.ts';
import { ManualClock } from '../host/clock.ts';
import type { StreamConnection, StreamReceiver } from '../host/net-listener.ts';
import { ManagementServer } from '../management/server.ts';
import type { ManagementServerOptions } from '../management/server-options.ts';
import { Notes } from '../messages/notes.ts';
import { renderRow } from '../messages/row.ts';
import type { DaemonEvent } from '../model/daemon-port.ts';
import type { Fact } from '../telemetry/facts.ts';
import { AttachedDaemon, type AttachedOptions } from './attached/attached.ts';

/** What a stock server says to what is asked of it on a new connection; lines without their ends. */
const STOCK: Readonly<Record<string, readonly string[]>> = {
  version: ['OpenVPN Version: OpenVPN 2.6.14 test', 'Management Version: 5', 'END'],
  'env-filter 0': ['SUCCESS: env_filter_level=0'],
  'version 5': [],
  pid: ['SUCCESS: pid=77'],
  'state on all': ['SUCCESS: real-time state notification set to ON', '1795352490,CONNECTED,SUCCESS,10.8.0.1,,,,', 'END'],
  'log on all': ['SUCCESS: real-time log notification set to ON', '1795352490,I,Initialization Sequence Completed', 'END'],
  'echo on all': ['SUCCESS: real-time echo notification set to ON', 'END'],
  'status 3': ['TITLE\tOpenVPN 2.6.14 test', 'TIME\t2026-11-22 13:01:31\t1795352491', 'END'],
  'load-stats': ['SUCCESS: nclients=0,bytesin=0,bytesout=0'],
};

/** A daemon's management interface that says what a test says, and an attachment to it, in virtual time. */
export class ScriptedUpstream {
  readonly clock = new ManualClock(1_795_352_500_000);
  readonly daemon: AttachedDaemon;
  readonly events: DaemonEvent[] = [];
  readonly facts: Fact[] = [];
  readonly notes: string[] = [];
  /** What came in over all connections, line by line. */
  readonly asked: string[] = [];
  /** What it says to a line, beside what stock says to the usual ones; `undefined` is silence. */
  readonly answers = new Map<string, readonly string[] | undefined>();
  /** False: nobody listens. */
  listening = true;
  /** What each connection begins with. */
  greeting: readonly string[] = [">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info"];
  connections = 0;
  #receiver: StreamReceiver | undefined;
  #partial = '';

  constructor(options: Partial<AttachedOptions> = {}) {
    this.daemon = new AttachedDaemon({
      where: { kind: 'unix', path: '/run/vpn.sock' },
      clock: this.clock,
      connect: () => this.#connect(),
      fact: (fact) => this.facts.push(fact),
      notes: new Notes(3, ({ row, args }) => this.notes.push(renderRow(row, args))),
      ...options,
    });
    this.daemon.subscribe((event) => this.events.push(event));
  }

  /** Attaches, and lets it ask what it asks. */
  async open(): Promise<this> {
    void this.daemon.open();
    await this.settle();
    return this;
  }

  /** Lets time pass and promises settle. */
  async advance(wait: number): Promise<void> {
    this.clock.advance(wait);
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  /** Says lines. */
  say(...lines: readonly string[]): void {
    this.write(lines.map((line) => `${line}\r\n`).join(''));
  }

  /** Says bytes as they are. */
  write(bytes: string | Buffer): void {
    this.#receiver?.data(Buffer.from(bytes));
  }

  /** Ends the connection. */
  hangUp(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(undefined);
  }

  /** True while somebody is connected. */
  get connected(): boolean {
    return this.#receiver !== undefined;
  }

  #connect(): Promise<StreamConnection> {
    if (!this.listening) return Promise.reject(new Error('connect to /run/vpn.sock failed: No such file or directory'));
    this.connections++;
    this.#partial = '';
    return Promise.resolve({
      id: this.connections,
      remote: { kind: 'unix', path: '/run/vpn.sock' },
      queued: 0,
      listen: (receiver) => {
        this.#receiver = receiver;
        this.clock.schedule(this.clock.now().at, () => this.say(...this.greeting));
        this.clock.advance(0);
      },
      write: (bytes, sent) => {
        this.#take(Buffer.from(bytes).toString());
        sent?.();
        return true;
      },
      pause: () => undefined,
      resume: () => undefined,
      end: () => this.hangUp(),
      credentials: () => Promise.resolve(undefined),
    });
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) {
      this.asked.push(line);
      const answer = this.answers.has(line) ? this.answers.get(line) : STOCK[line];
      if (answer !== undefined && answer.length > 0) this.clock.schedule(this.clock.now().at, () => this.say(...answer));
    }
    this.clock.advance(0);
  }
}

/** A management server before a scripted daemon, and what its clients read. */
export class GatewayRig {
  readonly server: ManagementServer;
  readonly closed: number[] = [];
  readonly #upstream: ScriptedUpstream;
  readonly #read = new Map<number, string>();

  constructor(upstream: ScriptedUpstream, options: Partial<ManagementServerOptions> = {}) {
    this.#upstream = upstream;
    const onOutput = (): void => this.drive();
    this.server = new ManagementServer(
      upstream.daemon,
      { renderStatus: { lines: () => ['REPORT', 'END'], json: () => ['{}', 'END'] }, onOutput, ...options },
      upstream.clock.now(),
    );
  }

  connect(id: number, role: 'read' | 'operate' | 'authenticate' = 'authenticate'): string[] {
    this.server.handleConnect(id, { from: `client ${id}`, password: undefined, role }, this.#upstream.clock.now());
    return this.read(id);
  }

  /** Sends lines and gives what came back. */
  type(id: number, ...lines: readonly string[]): string[] {
    this.server.handleData(id, Buffer.from(lines.map((line) => `${line}\n`).join('')), this.#upstream.clock.now());
    return this.read(id);
  }

  /** What a client got since it last read. */
  read(id: number): string[] {
    this.drive();
    const lines = (this.#read.get(id) ?? '').split('\r\n');
    this.#read.set(id, lines.pop() ?? '');
    return lines;
  }

  /** Lets the byte counts of clients fall due. */
  async wait(length: number): Promise<void> {
    await this.#upstream.advance(milliseconds(length));
    this.server.handleDeadline(this.#upstream.clock.now());
    this.drive();
  }

  drive(): void {
    for (let output = this.server.poll(); output !== undefined; output = this.server.poll()) {
      if (output.kind === 'send') {
        this.#read.set(output.id, (this.#read.get(output.id) ?? '') + output.bytes.toString());
        this.server.handleSent(output.id, output.bytes.length, this.#upstream.clock.now());
      } else if (output.kind === 'close') this.closed.push(output.id);
    }
  }
}

/** Longer than any time-out. */
export const LONG = seconds(60);
