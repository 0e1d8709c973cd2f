import type { Machine } from '../base/machine.ts';
import { TimerTable } from '../base/machine.ts';
import type { Instant, Now } from '../base/units.ts';
import { MANAGEMENT } from '../messages/management.ts';
import { Notes } from '../messages/notes.ts';
import { OURS } from '../messages/ours.ts';
import type { DaemonEvent, DaemonPort } from '../model/daemon-port.ts';
import { ask, type Call, type Command, error, type OtherClient, type Outcome } from './command.ts';
import { UNKNOWN_COMMAND } from './commands.ts';
import { Body } from './body.ts';
import { ByteCounts, type ByteCountTimer } from './byte-counts.ts';
import { Connection, type ConnectionInfo } from './connection.ts';
import { Door, type DoorTimer } from './door.ts';
import { DEFAULT_LOG_HISTORY, type Histories, newHistories } from './history.ts';
import { type InputLine, MAX_LINE_BYTES } from './line-codec.ts';
import { News } from './news.ts';
import { encodeEvent, greeting, promptText } from './notifications.ts';
import type { ReplyLine } from './outlet.ts';
import { type AnswerTimer, Questions } from './questions.ts';
import { covers, promptRole } from './roles.ts';
import { LIMITS, type ManagementOutput, type ManagementServerOptions, TURN } from './server-options.ts';
import { understand, type Understood } from './understand.ts';

type TimerName = DoorTimer | AnswerTimer | ByteCountTimer;

type Step = ManagementOutput | (() => void);

/**
 * The management interface towards any number of clients at once, without I/O. Tell it what connections do
 * (`handleConnect`, `handleData`, `handleSent`, `handleClosed`), then `poll` until nothing is left; notes must be
 * logged before the next poll, so that a client sees a command's log line before its reply. Commands of one connection
 * run in order, each after the reply of the one before; connections take turns.
 */
export class ManagementServer implements Machine {
  readonly #port: DaemonPort;
  readonly #options: ManagementServerOptions;
  readonly #histories: Histories;
  readonly #connections = new Map<number, Connection>();
  readonly #timers = new TimerTable<TimerName>();
  readonly #steps: Step[] = [];
  readonly #ready = new Set<Connection>();
  readonly #toSend = new Set<Connection>();
  readonly #notes: Notes;
  readonly #door: Door;
  readonly #news: News;
  readonly #questions: Questions;
  readonly #byteCounts: ByteCounts;
  readonly #unsubscribe: () => void;
  #ended = false;
  /** The last one that came was one too many: the log says so once. */
  #full = false;
  #now: Now;

  constructor(port: DaemonPort, options: ManagementServerOptions, now: Now) {
    this.#port = port;
    this.#options = options;
    this.#now = now;
    this.#histories = newHistories(options.logHistory ?? DEFAULT_LOG_HISTORY, options.stateHistory);
    for (const line of options.earlierLog ?? []) this.#histories.log.push(line);
    // The daemon's logger compares levels: its verbosity may change at any time.
    this.#notes = new Notes(15, (note) => this.#steps.push(note));
    this.#door = new Door(
      {
        notes: this.#notes,
        timers: this.#timers,
        letIn: (connection) => this.#greet(connection),
        reply: (connection, lines) => this.#reply(connection, lines),
        write: (connection, text) => this.#write(connection, text),
        close: (connection) => this.#close(connection),
        closeWith: (connection, why) => this.#closeWith(connection, why),
      },
      options.passwordTimeout,
    );
    const connections = (): Iterable<Connection> => this.#connections.values();
    const notify = (connection: Connection, bytes: Buffer): void => this.#notify(connection, bytes);
    this.#news = new News({ histories: this.#histories, notes: this.#notes, connections, notify });
    this.#questions = new Questions({
      port,
      timers: this.#timers,
      isThere: (connection) => this.#connections.get(connection.id) === connection,
      later: (step) => this.#steps.push(step),
      answered: (connection, lines) => {
        if (connection.phase === 'open') this.#reply(connection, lines);
        this.#schedule(connection);
      },
      onOutput: () => options.onOutput?.(),
    });
    this.#byteCounts = new ByteCounts({
      port,
      timers: this.#timers,
      connections,
      notify,
      request: (request, connection, use) => this.#questions.request(request, connection, use),
    });
    this.#unsubscribe = port.subscribe((event) => {
      this.#handleEvent(event);
      options.onOutput?.();
    });
  }

  /** How many clients are connected, those that have yet to give the password included. */
  get connections(): number {
    return this.#connections.size;
  }

  /** Wrong passwords since the start. */
  get wrongPasswords(): number {
    return this.#door.refused;
  }

  /** True when a client is there that was let in. */
  get attended(): boolean {
    return [...this.#connections.values()].some(({ phase }) => phase === 'open');
  }

  /** A client connected. Ids are the host's and are never used again. */
  handleConnect(id: number, info: ConnectionInfo, now: Now): void {
    this.#now = now;
    const connection = new Connection(id, info);
    const limit = this.#options.maxConnections ?? LIMITS.connections;
    const full = this.#connections.size >= limit;
    this.#connections.set(id, connection);
    if (full && !this.#full) this.#notes.add(OURS.managementFull, { client: info.from, limit });
    this.#full = full;
    if (full) return this.#closeWith(connection, 'too many management clients');
    if (this.#options.single === true && this.#connections.size > 1) connection.phase = 'waiting';
    else this.#begin(connection);
  }

  #begin(connection: Connection): void {
    this.#notes.add(MANAGEMENT.clientConnected, { from: connection.info.from });
    connection.announced = true;
    this.#door.handleArrival(connection, this.#now);
  }

  /** A client sent bytes, which must not change afterwards. */
  handleData(id: number, bytes: Buffer, now: Now): void {
    this.#now = now;
    const connection = this.#connections.get(id);
    if (connection === undefined || connection.phase === 'closing') return;
    connection.input.push(bytes);
    if (connection.input.pending > LIMITS.input.close) {
      this.#notes.add(OURS.managementInputFull, { client: connection.info.from });
      this.#closeWith(connection, 'too much input');
    }
    this.#schedule(connection);
  }

  /** The host has sent so many bytes of what it was given. */
  handleSent(id: number, bytes: number, now: Now): void {
    this.#now = now;
    const connection = this.#connections.get(id);
    if (connection === undefined) return;
    connection.outlet.handleSent(bytes);
    this.#toSend.add(connection);
    this.#schedule(connection);
  }

  /** A connection is gone. */
  handleClosed(id: number, now: Now): void {
    this.#now = now;
    const connection = this.#connections.get(id);
    if (connection !== undefined) this.#forget(connection);
  }

  nextDeadline(): Instant | undefined {
    return this.#timers.next();
  }

  handleDeadline(now: Now): void {
    this.#now = now;
    for (let name = this.#timers.takeDue(now.at); name !== undefined; name = this.#timers.takeDue(now.at)) {
      const [what, id] = name.split(':');
      const connection = this.#connections.get(Number(id));
      if (connection === undefined) continue;
      if (what === 'password') this.#door.handleTimeout(connection);
      else if (what === 'held') {
        this.#door.handleTurn(connection, now);
        this.#schedule(connection);
      } else if (what === 'answer') this.#questions.handleTimeout(connection);
      else this.#steps.push(() => this.#byteCounts.count(connection, this.#now.at));
    }
  }

  /** Closes every connection and stops listening to the daemon, whose end this is. */
  end(now: Now): void {
    this.#now = now;
    this.#ended = true;
    this.#unsubscribe();
    for (const connection of this.#connections.values()) this.#close(connection);
  }

  /** What must be done next; undefined when nothing is left. */
  poll(): ManagementOutput | undefined {
    for (;;) {
      const step = this.#steps.shift();
      if (typeof step === 'object') return step;
      step?.();
      if (step !== undefined || this.#serveNext()) return TURN;
      const output = this.#nextOutput();
      if (output !== undefined || this.#ready.size === 0) return output;
    }
  }

  #greet(connection: Connection): void {
    connection.phase = 'open';
    connection.entered = true;
    const lines = [greeting(this.#port.info().attached?.version)];
    const { prompt } = this.#news;
    if (prompt !== undefined && covers(connection.role, promptRole(prompt))) lines.push(`>${promptText(prompt, 1)}`);
    connection.outlet.reply(lines);
    this.#toSend.add(connection);
    if (!covers(connection.role, 'authenticate')) return;
    for (const event of this.#port.pending()) this.#notify(connection, encodeEvent(event, connection.settings));
  }

  // Input

  /** Queues a connection for its turn, and keeps what it may send meanwhile within bounds. */
  #schedule(connection: Connection): void {
    if (connection.ready) this.#ready.add(connection);
    const { pending } = connection.input;
    if (!connection.paused && pending > LIMITS.input.pause) {
      connection.paused = true;
      this.#steps.push({ kind: 'pause', id: connection.id });
    } else if (connection.paused && pending < LIMITS.input.resume) {
      connection.paused = false;
      this.#steps.push({ kind: 'resume', id: connection.id });
    }
  }

  /** Deals with one line of the connection whose turn it is; false when nobody has one. */
  #serveNext(): boolean {
    const [connection] = this.#ready;
    if (connection === undefined) return false;
    this.#ready.delete(connection);
    const line = connection.ready ? connection.input.next() : undefined;
    if (line !== undefined) {
      if (connection.phase === 'password') this.#door.handleLine(connection, line, this.#now);
      else if (connection.body !== undefined) this.#bodyLine(connection, connection.body, line);
      else if (line.kind === 'line') this.#command(connection, line.bytes);
      else this.#reply(connection, [error(`line too long (${MAX_LINE_BYTES} bytes max)`)]);
    }
    this.#schedule(connection);
    return true;
  }

  /** The log line goes first, and is logged before the command runs. */
  #command(connection: Connection, bytes: Buffer): void {
    const info = this.#port.info();
    const understood = understand(bytes.toString('utf8'), info, {
      role: connection.role,
      clientVersion: connection.settings.clientVersion,
    });
    const { command, words, refusal, blank } = understood;
    this.#audit(connection, understood);
    this.#steps.push(() => {
      if (connection.phase !== 'open' || blank) return;
      if (refusal !== undefined) this.#reply(connection, [error(refusal)]);
      if (command?.body === true) {
        connection.body = new Body(command, words, bytes, refusal !== undefined);
      } else if (command !== undefined && refusal === undefined) {
        this.#run(connection, command, { words, line: bytes, body: [] });
      } else if (refusal === undefined) {
        this.#do(connection, ask({ kind: 'unknown', line: bytes }, { refused: UNKNOWN_COMMAND }));
      }
      this.#schedule(connection);
    });
  }

  #audit({ id, info: { from }, role }: Connection, { logged, shown, refusal, blank }: Understood): void {
    const { audit } = this.#options;
    if (audit === undefined) {
      if (logged !== undefined) this.#notes.add(MANAGEMENT.command, { line: logged });
    } else if (!blank) {
      this.#notes.add(OURS.managementAudit, { client: from, role, line: shown });
      audit({ now: this.#now, client: id, from, role, line: shown, refused: refusal });
    }
  }

  #bodyLine(connection: Connection, body: Body, line: InputLine): void {
    const outcome = body.take(line);
    if (outcome.kind === 'more') return;
    connection.body = undefined;
    if (outcome.kind === 'complete') this.#run(connection, body.command, { words: body.words, line: body.line, body: body.lines });
    else if (outcome.why !== undefined) this.#reply(connection, [error(outcome.why)]);
  }

  // Commands

  #run(connection: Connection, command: Command, given: Pick<Call, 'words' | 'line' | 'body'>): void {
    const { settings } = connection;
    const before = settings.byteInterval;
    const { renderStatus } = this.#options;
    const others = (): OtherClient[] => this.#others(connection);
    const outcome = command.run({ ...given, info: this.#port.info(), settings, histories: this.#histories, renderStatus, others });
    if (settings.byteInterval !== before || command.name === 'bytecount') this.#byteCounts.arm(connection, this.#now.at);
    this.#do(connection, outcome);
  }

  #do(connection: Connection, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'reply':
        return this.#reply(connection, outcome.lines);
      case 'close':
        return this.#close(connection);
      case 'ask':
        return this.#questions.ask(connection, outcome, this.#now.at);
    }
  }

  #others(self: Connection): OtherClient[] {
    const open = [...this.#connections.values()].filter(({ phase }) => phase === 'open');
    return open.map((each) => ({ id: each.id, from: each.info.from, role: each.role, settings: each.settings, self: each === self }));
  }

  // What happens in the daemon

  /**
   * Log lines go out at once: one may be that of a note just polled, whose command is the next step. Everything else
   * takes its turn behind the notes before it.
   */
  #handleEvent(event: DaemonEvent): void {
    this.#news.remember(event);
    if (event.kind === 'log') return this.#news.tell(event);
    this.#steps.push(() => {
      this.#news.tell(event);
      const over = event.kind === 'fatal' || (event.kind === 'link' && !event.up);
      if (over && this.#options.keepClients !== true) for (const connection of this.#connections.values()) this.#close(connection);
    });
  }

  // Output

  #reply(connection: Connection, lines: Iterable<ReplyLine>): void {
    connection.outlet.reply(lines);
    this.#toSend.add(connection);
  }

  #write(connection: Connection, text: string): void {
    connection.outlet.raw(text);
    this.#toSend.add(connection);
  }

  /** What came unasked; whoever does not read it in time is closed, and nobody else is kept waiting. */
  #notify(connection: Connection, bytes: Buffer): void {
    if (connection.phase !== 'open' || bytes.length === 0) return;
    const { outlet } = connection;
    if (outlet.backlog + bytes.length > (this.#options.maxBacklog ?? LIMITS.backlogBytes)) {
      this.#notes.add(OURS.slowReader, { client: connection.info.from, bytes: outlet.backlog });
      outlet.clear();
      this.#closeWith(connection, 'output was not read in time');
      return;
    }
    outlet.notify(bytes);
    this.#toSend.add(connection);
  }

  #closeWith(connection: Connection, why: string): void {
    connection.outlet.endReply();
    connection.outlet.reply([error(why)]);
    this.#close(connection);
  }

  /** Sends what is made, takes no more, and makes no more of a long reply. */
  #close(connection: Connection): void {
    connection.phase = 'closing';
    connection.dropInput();
    connection.outlet.endReply();
    this.#toSend.add(connection);
  }

  #forget(connection: Connection): void {
    const { id } = connection;
    this.#connections.delete(id);
    this.#ready.delete(connection);
    this.#toSend.delete(connection);
    this.#timers.clear(`password:${id}`);
    for (const what of ['held', 'answer'] as const) this.#timers.clear(`${what}:${id}`);
    this.#byteCounts.forget(connection);
    if (connection.announced) this.#notes.add(MANAGEMENT.clientDisconnected, {});
    if (this.#options.single === true) this.#beginNext();
    if (connection.entered && !this.#ended && !this.attended) this.#options.onLeft?.();
  }

  /** With one client at a time: the next that waits. */
  #beginNext(): void {
    const all = [...this.#connections.values()];
    const next = all.find(({ phase }) => phase === 'waiting');
    if (next === undefined || all.some(({ phase }) => phase !== 'waiting')) return;
    this.#begin(next);
    this.#schedule(next);
  }

  /** Bytes for the host, or the end of a connection that has said all. */
  #nextOutput(): ManagementOutput | undefined {
    for (const connection of this.#toSend) {
      const bytes = connection.outlet.take(connection.phase === 'closing');
      if (bytes !== undefined) return { kind: 'send', id: connection.id, bytes };
      this.#toSend.delete(connection);
      if (connection.phase === 'closing') {
        this.#forget(connection);
        return { kind: 'close', id: connection.id };
      }
      this.#schedule(connection);
    }
    return undefined;
  }
}
