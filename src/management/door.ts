import { after, type Duration, type Instant, type Now } from '../base/units.ts';
import { MANAGEMENT } from '../messages/management.ts';
import type { Notes } from '../messages/notes.ts';
import { OURS } from '../messages/ours.ts';
import { error, success } from './command.ts';
import type { Connection } from './connection.ts';
import type { InputLine } from './line-codec.ts';
import type { ReplyLine } from './outlet.ts';
import { PasswordGuard } from './password-guard.ts';
import { LIMITS } from './server-options.ts';

/** `password`: to give it. `held`: a password that waits, or its answer. Each with a connection's id. */
export type DoorTimer = `${'password' | 'held'}:${number}`;

/** What the door has the server do. */
export interface DoorKeeper {
  readonly notes: Notes;
  readonly timers: { set(name: DoorTimer, at: Instant): void; clear(name: DoorTimer): void };
  /** It is in. */
  letIn(connection: Connection): void;
  reply(connection: Connection, lines: Iterable<ReplyLine>): void;
  /** Writes what is no line of its own. */
  write(connection: Connection, text: string): void;
  close(connection: Connection): void;
  closeWith(connection: Connection, why: string): void;
}

const PASSWORD_PROMPT = 'ENTER PASSWORD:';

/**
 * Where connections give the password of their listener before they are let in (facts: management 2). Whoever guesses waits longer
 * and longer, takes too long, or is shown out; the right password is never refused.
 */
export class Door {
  readonly #keeper: DoorKeeper;
  readonly #timeout: Duration;
  readonly #guard = new PasswordGuard();

  /** `timeout`: how long a connection may take to give the password. */
  constructor(keeper: DoorKeeper, timeout: Duration = LIMITS.passwordTimeout) {
    this.#keeper = keeper;
    this.#timeout = timeout;
  }

  /** Wrong passwords since the start. */
  get refused(): number {
    return this.#guard.total;
  }

  /** A connection is there: it is let in, or asked for the password. */
  handleArrival(connection: Connection, now: Now): void {
    if (connection.info.password === undefined) return this.#keeper.letIn(connection);
    connection.phase = 'password';
    this.#keeper.write(connection, PASSWORD_PROMPT);
    this.#keeper.timers.set(`password:${connection.id}`, after(now.at, this.#timeout));
  }

  /** A connection that has yet to be let in gave a line. */
  handleLine(connection: Connection, line: InputLine, now: Now): void {
    const turn = this.#guard.turn(now);
    if (turn === undefined) return this.#check(connection, line, now);
    // Whoever waits for a turn cannot be too late.
    this.#keeper.timers.clear(`password:${connection.id}`);
    this.#hold(connection, turn, (then) => this.#check(connection, line, then));
  }

  /** The wait of a password, or of its answer, is over. */
  handleTurn(connection: Connection, now: Now): void {
    const then = connection.held;
    connection.held = undefined;
    if (connection.phase === 'password') then?.(now);
  }

  /** The password was not given in time. */
  handleTimeout(connection: Connection): void {
    this.#keeper.notes.add(OURS.managementPasswordTimeout, { client: connection.info.from, seconds: this.#timeout / 1000 });
    this.#keeper.closeWith(connection, 'no password was given in time');
  }

  #hold(connection: Connection, until: Instant, then: (now: Now) => void): void {
    connection.held = then;
    this.#keeper.timers.set(`held:${connection.id}`, until);
  }

  #check(connection: Connection, line: InputLine, now: Now): void {
    const { notes, timers } = this.#keeper;
    if (line.kind === 'line' && connection.passwordIs(line.bytes)) {
      timers.clear(`password:${connection.id}`);
      this.#keeper.reply(connection, [success('password is correct')]);
      return this.#keeper.letIn(connection);
    }
    connection.failures++;
    const delay = this.#guard.failed(now);
    if (this.#guard.beginsToDelay) notes.add(OURS.managementGuessing, { client: connection.info.from, count: this.#guard.total });
    if (delay === 0) return this.#refuse(connection);
    this.#hold(connection, after(now.at, delay), () => this.#refuse(connection));
  }

  #refuse(connection: Connection): void {
    this.#keeper.reply(connection, [error('bad password')]);
    if (connection.failures < LIMITS.passwordFailures) return this.#keeper.write(connection, PASSWORD_PROMPT);
    this.#keeper.notes.add(MANAGEMENT.passwordRejected, { count: connection.failures });
    this.#keeper.close(connection);
  }
}
