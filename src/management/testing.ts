import type { Duration, Instant, Now, WallTime } from '../base/units.ts';
import { levelOf } from '../messages/kinds.ts';
import type { Note } from '../messages/notes.ts';
import { renderRow } from '../messages/row.ts';
import type { DaemonInfo, DaemonReply, DaemonRequest } from '../model/daemon-port.ts';
import type { ConnectionInfo } from './connection.ts';
import { FakeDaemonPort } from './fake-port.ts';
import { ManagementServer } from './server.ts';
import type { ManagementServerOptions } from './server-options.ts';

/**
 * A management server with a scripted daemon, a logger and a host around it, in virtual time: what a test types is in
 * `type`, what each client has read is in `read`.
 */
export class ManagementRig {
  readonly port: FakeDaemonPort;
  readonly server: ManagementServer;
  /** Notes that were logged, as text. */
  readonly log: string[] = [];
  /** Connections that the server closed, and those it stopped reading from. */
  readonly closed = new Set<number>();
  readonly paused = new Set<number>();
  /** The daemon's verbosity. */
  verb = 4;
  /** While true, nobody reads: what is sent stays with the host. */
  stalled = new Set<number>();
  readonly #received = new Map<number, Buffer[]>();
  readonly #wallOffset: number;
  #at = 0;

  constructor(
    setup: {
      readonly answer?: (request: DaemonRequest) => DaemonReply | undefined;
      readonly info?: Partial<DaemonInfo>;
      readonly options?: Partial<ManagementServerOptions>;
      readonly wall?: number;
    } = {},
  ) {
    this.#wallOffset = setup.wall ?? 1_795_352_490_000;
    const info: DaemonInfo = { title: 'OpenVPN 2.6.14 test', mode: 'server', statusVersion: 2, connected: true, ...setup.info };
    this.port = new FakeDaemonPort(info, setup.answer ?? (() => ({ kind: 'refused', text: '' })));
    this.server = new ManagementServer(
      this.port,
      { renderStatus: { lines: () => ['STATUS', 'END'], json: () => ['{}', 'END'] }, ...setup.options },
      this.now,
    );
  }

  /** The moment it is. */
  get now(): Now {
    return { at: this.#at as Instant, wall: (this.#wallOffset + this.#at) as WallTime };
  }

  /** Lets time pass. */
  advance(length: Duration): void {
    this.#at += length;
    this.server.handleDeadline(this.now);
    this.drive();
  }

  /** Connects a client. */
  connect(id: number, info: Partial<ConnectionInfo> = {}): void {
    this.#received.set(id, []);
    this.server.handleConnect(id, { from: `[AF_INET]127.0.0.1:${40_000 + id}`, password: undefined, ...info }, this.now);
    this.drive();
  }

  /** Sends bytes as they are. */
  send(id: number, bytes: Buffer | string): void {
    this.server.handleData(id, Buffer.from(bytes), this.now);
    this.drive();
  }

  /** Sends lines and gives what came back. */
  type(id: number, ...lines: readonly string[]): string[] {
    this.read(id);
    this.send(id, lines.map((line) => `${line}\n`).join(''));
    return this.read(id);
  }

  /** The lines that a client got since it last read. */
  read(id: number): string[] {
    const lines = this.readBytes(id).toString('utf8').split('\r\n');
    if (lines.at(-1) === '') lines.pop();
    return lines;
  }

  /** The bytes that a client got since it last read. */
  readBytes(id: number): Buffer {
    const bytes = Buffer.concat(this.#received.get(id) ?? []);
    this.#received.set(id, []);
    return bytes;
  }

  /** Lets a stalled client read on. */
  resume(id: number): void {
    this.stalled.delete(id);
    this.server.handleSent(id, Number.MAX_SAFE_INTEGER, this.now);
    this.drive();
  }

  /** Does what the server wants until it wants nothing more. */
  drive(): void {
    for (let output = this.server.poll(); output !== undefined; output = this.server.poll()) {
      switch (output.kind) {
        case 'note':
          this.#logNote(output);
          break;
        case 'turn':
          break;
        case 'send':
          this.#received.get(output.id)?.push(output.bytes);
          if (!this.stalled.has(output.id)) this.server.handleSent(output.id, output.bytes.length, this.now);
          break;
        case 'close':
          this.closed.add(output.id);
          break;
        case 'pause':
          this.paused.add(output.id);
          break;
        case 'resume':
          this.paused.delete(output.id);
          break;
      }
    }
  }

  #logNote({ row, args }: Note): void {
    if (levelOf(row.word) > this.verb) return;
    const text = renderRow(row, args);
    this.log.push(text);
    this.port.emit({ kind: 'log', line: { time: this.now.wall, word: row.word, text } });
  }
}
