import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { SeededRandom } from '../../src/base/random.ts';
import type { Instant } from '../../src/base/units.ts';
import { DaemonApp } from '../../src/daemon/app.ts';
import type { AppOptions } from '../../src/daemon/foundation.ts';
import { type Clock, ManualClock } from '../../src/host/clock.ts';
import type { DaemonEvent } from '../../src/model/daemon-port.ts';
import type { ClientRecord } from '../../src/model/status-report.ts';
import { formatStaticKey, generateStaticKey } from '../../src/protocol/wrap/static-key.ts';
import { testPki } from './pki.ts';

/** What a daemon under test is made with. */
export interface TestDaemonOptions {
  /** Lines beside the usual ones, and usual ones to leave out by their first word. */
  readonly lines?: readonly string[];
  readonly without?: readonly string[];
  /** Stands still by default: tests let time pass. */
  readonly clock?: Clock;
  readonly app?: Partial<AppOptions>;
}

/** Stands still, but what is due already happens at the next turn, as with the system's. */
class PromptClock extends ManualClock {
  override schedule(at: Instant, run: () => void): () => void {
    if (at > this.now().at) return super.schedule(at, run);
    const immediate = setImmediate(run);
    return () => clearImmediate(immediate);
  }
}

/** Long for a busy machine; a test that needs it fails. */
const PATIENCE = 20_000;

/**
 * The server daemon in this process, in a folder of its own, on loopback with `dev null`. What a test leaves running ends
 * with it.
 */
export class TestDaemon {
  readonly folder: string;
  readonly port: number;
  readonly app: DaemonApp;
  readonly clock: Clock;
  /** Of the log, without time stamps. */
  readonly lines: string[] = [];
  /** What came out where the log goes, stamps and ends included. */
  readonly output: string[] = [];
  readonly events: DaemonEvent[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #options: TestDaemonOptions;
  #started = false;

  private constructor(folder: string, port: number, options: TestDaemonOptions) {
    this.folder = folder;
    this.port = port;
    this.#options = options;
    this.clock = options.clock ?? new PromptClock(Date.now());
    const outlet = {
      write: (line: string): void => void this.output.push(line),
      close: (): Promise<void> => Promise.resolve(),
    };
    this.app = new DaemonApp({
      argv: ['--config', this.path('server.conf')],
      clock: this.clock,
      random: new SeededRandom(1),
      pid: process.pid,
      version: '0.0.0',
      stdout: outlet,
      stderr: outlet,
      ...options.app,
    });
    this.app.port.subscribe((event) => {
      this.events.push(event);
      if (event.kind === 'log') this.lines.push(event.line.text);
      for (const look of this.#waiting) look();
    });
  }

  /** Makes folder, keys and configuration; starts nothing. */
  static async make(options: TestDaemonOptions = {}): Promise<TestDaemon> {
    const folder = mkdtempSync(join(tmpdir(), 'tunnelscope-daemon-'));
    const directory = process.cwd();
    const pki = await testPki();
    const files = {
      'ca.crt': pki.ca.certPem,
      'server.crt': pki.server.certPem,
      'server.key': pki.server.keyPem,
      'alice.key': pki.alice.keyPem,
      'ta.key': formatStaticKey(generateStaticKey(new SeededRandom(7))),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
    const daemon = new TestDaemon(folder, await freePort(), options);
    daemon.configure();
    onTestFinished(async () => {
      await daemon.end();
      process.chdir(directory);
      rmSync(folder, { recursive: true, force: true });
    });
    return daemon;
  }

  /** Makes one, and starts it. */
  static async start(options: TestDaemonOptions = {}): Promise<TestDaemon> {
    const daemon = await TestDaemon.make(options);
    await daemon.start();
    return daemon;
  }

  start(): Promise<void> {
    this.#started = true;
    return this.app.start();
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** What a file holds; nothing when it is not there yet. */
  text(name: string): string {
    const path = this.path(name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  write(name: string, text: string, mode = 0o600): string {
    writeFileSync(this.path(name), text, { mode });
    return this.path(name);
  }

  /** Writes the configuration: the usual lines, those it was made with, and these. */
  configure(more: readonly string[] = []): void {
    const usual = [
      `cd ${this.folder}`,
      'local 127.0.0.1',
      `port ${this.port}`,
      'proto udp4',
      'dev null',
      'topology subnet',
      'server 10.8.0.0 255.255.255.0',
      'ca ca.crt',
      'cert server.crt',
      'key server.key',
      'dh none',
      'tls-crypt ta.key',
      'keepalive 10 60',
      'persist-key',
      'verb 3',
    ];
    const { lines = [], without = [] } = this.#options;
    const kept = usual.filter((line) => !without.includes(line.split(' ')[0] ?? ''));
    this.write('server.conf', `${[...kept, ...lines, ...more].join('\n')}\n`);
  }

  /** How many log lines there are now, for `waitFor`. */
  mark(): number {
    return this.lines.length;
  }

  /** The first log line from `from` on that matches. */
  waitFor(pattern: RegExp | string, from = 0): Promise<string> {
    return this.when(`the line ${String(pattern)}`, () =>
      this.lines.slice(from).find((line) => (typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line))),
    );
  }

  /** What `look` gives once that is not undefined; looked for whenever something happened. */
  when<T>(what: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        clearInterval(again);
        this.#waiting.delete(attempt);
      };
      const attempt = (): void => {
        const found = look();
        if (found === undefined) return;
        settle();
        resolve(found);
      };
      const timer = setTimeout(() => {
        settle();
        reject(new Error(`${what} did not come\n${this.lines.slice(-40).join('\n')}`));
      }, PATIENCE);
      // What is not said by an event, such as a file.
      const again = setInterval(attempt, 20);
      this.#waiting.add(attempt);
      attempt();
    });
  }

  /** Lets time pass, when its clock stands still. */
  advance(milliseconds: number): void {
    if (!(this.clock instanceof ManualClock)) throw new Error('this clock goes by itself');
    this.clock.advance(milliseconds);
  }

  /** Sends a signal that restarts, lets the pause pass, and waits until clients are served again. */
  async restart(signal: 'SIGHUP' | 'SIGUSR1'): Promise<void> {
    const from = this.mark();
    this.app.signal(signal);
    await this.waitFor('Restart pause, 1 second(s)', from);
    this.advance(1000);
    await this.waitFor('Initialization Sequence Completed', from);
  }

  /** The clients it knows, connected or not. */
  clients(): readonly ClientRecord[] {
    let clients: readonly ClientRecord[] = [];
    this.app.port.request({ kind: 'status' }, (reply) => {
      if (reply.kind === 'status' && reply.report.kind === 'server') clients = reply.report.clients;
    });
    return clients;
  }

  /** Ends it if it runs, and gives the exit status. */
  async end(): Promise<number | undefined> {
    if (!this.#started) return undefined;
    // Who has no clients waits for no goodbyes.
    for (const { ip, port } of this.clients().map(({ address }) => address))
      this.app.port.request({ kind: 'kill-address', ip, port }, () => {});
    this.app.signal('SIGTERM');
    // A clock that stands still never comes to the end of a goodbye.
    const ticking = setInterval(() => {
      if (this.clock instanceof ManualClock) this.clock.advance(500);
    }, 10);
    try {
      return await this.app.done;
    } finally {
      clearInterval(ticking);
    }
  }
}

/** A UDP and TCP port of 127.0.0.1 that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = createSocket('udp4');
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return port;
  } finally {
    socket.close();
    server.close();
    await once(server, 'close');
  }
}

/** A client of a management interface, over its real socket. */
export class ManagementClient {
  text = '';
  closed = false;
  readonly #socket: Socket;
  readonly #daemon: TestDaemon;

  private constructor(socket: Socket, daemon: TestDaemon) {
    this.#socket = socket;
    this.#daemon = daemon;
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.text += text;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Connects and waits for the greeting. */
  static async connect(daemon: TestDaemon, where: string | number): Promise<ManagementClient> {
    const socket = typeof where === 'string' ? createConnection(where) : createConnection(where, '127.0.0.1');
    const client = new ManagementClient(socket, daemon);
    await client.sees(/^>INFO:/m);
    return client;
  }

  send(line: string): void {
    this.#socket.write(`${line}\n`);
  }

  /** Until all it said so far matches. */
  sees(pattern: RegExp): Promise<string> {
    return this.#daemon.when(`management says ${String(pattern)}`, () => (pattern.test(this.text) ? this.text : undefined));
  }

  /** Sends a command and waits for what follows it. */
  async ask(line: string, pattern: RegExp): Promise<string> {
    this.text = '';
    this.send(line);
    return this.sees(pattern);
  }

  end(): void {
    this.#socket.destroy();
  }
}
